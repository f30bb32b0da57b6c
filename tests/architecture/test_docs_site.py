"""The docs as a site: built without a warning, nothing of it from elsewhere, everything declared in
it.
"""

import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import yaml
from playwright.sync_api import Browser

from api.app import create_app
from cli.lazy import COMMANDS, OF_TENANTS, OF_TOPICS
from deploy.site.__main__ import main
from deploy.site.contents import Section, complete, entries
from deploy.site.llms import about
from deploy.site.pages import BrokenLink, turned
from deploy.site.reference.metrics import declared, name
from devstack.folder import CHECKOUT
from schemas.events import EVENT_TYPES
from schemas.topics import BY_NAME as TOPICS_BY_NAME
from tests.architecture.test_settings_documented import declared as settings
from tests.e2e.conftest import browser
from tests.unit.api.fakes import make_ports

__all__ = ["browser"]
"""A fixture."""
LOADED = re.compile(
    r"<(?:script|link|img|iframe|source|object|embed)\b[^>]*?(?:src|href|data)=\"?([^\"\s>]+)"
)
IN_STYLE = re.compile(r"url\(\s*[\"']?([^\"')]+)|@import\s+[\"']([^\"']+)")
PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
LISTED = re.compile(r"- \[.+\]\(([^)]+)\): \w.+")
UNREAD = re.compile(r"^\s*(?:[-*] |\d+\. |```|\|)", re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    assert main(folder) == 0, "MkDocs says above what is wrong with which page"
    return folder / "site"


def shown(site: Path, page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", (site / page).read_text()))


def foreign(address: str) -> bool:
    return re.match(r"(?:https?:)?//", address) is not None


def loads(site: Path) -> Iterator[tuple[Path, str]]:
    """Each page and style with what it loads."""
    for page in site.rglob("*.html"):
        yield from ((page, unescape(one)) for one in LOADED.findall(page.read_text()))
    for style in site.rglob("*.css"):
        yield from ((style, one or other) for one, other in IN_STYLE.findall(style.read_text()))


def test_pages_and_styles_load_nothing_from_elsewhere_and_nothing_that_is_not_there(
    site: Path,
) -> None:
    loaded = [*loads(site)]
    pages = {page for page, _ in loaded if page.suffix == ".html"}
    assert pages == {*site.rglob("*.html")}
    assert len(pages) > 20
    assert len(loaded) > len(pages)
    assert [one for one in loaded if foreign(one[1])] == []
    assert [
        (page.name, address)
        for page, address in loaded
        if not address.startswith(("data:", "#")) and not local(site, page, address).is_file()
    ] == []


def local(site: Path, page: Path, address: str) -> Path:
    """The file that this page means, by an address of the server or by one of its own folder."""
    path = urlsplit(address).path
    return site / path[1:] if path.startswith("/") else page.parent / path


def test_no_list_or_table_is_shown_as_a_paragraph(site: Path) -> None:
    texts = {
        page.name: PARAGRAPH.findall(page.read_text().partition("<article")[2])
        for page in site.rglob("*.html")
    }
    assert sum(map(len, texts.values())) > 300
    assert [
        (page, one) for page, found in texts.items() for one in found if UNREAD.search(one)
    ] == []


def routes() -> list[str]:
    ports, *_ = make_ports()
    paths = create_app(ports).openapi()["paths"]
    return [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]


def alerts() -> list[str]:
    groups = yaml.safe_load((CHECKOUT / "deploy" / "alerts.yml").read_text())["groups"]
    return [rule["alert"] for group in groups for rule in group["rules"] if "alert" in rule]


def commands() -> list[str]:
    below = {"": COMMANDS, "topics ": OF_TOPICS, "tenants ": OF_TENANTS}
    return [f"looks {group}{name}" for group, named in below.items() for name in named]


def metrics() -> list[str]:
    return [name(told) for one in declared() for told in one.describe()]


@pytest.mark.parametrize(
    ("page", "those"),
    [
        ("reference/http.html", routes),
        ("reference/events.html", lambda: [*TOPICS_BY_NAME, *EVENT_TYPES]),
        ("reference/settings.html", settings),
        ("reference/metrics.html", metrics),
        ("reference/commands.html", commands),
        ("alerts.html", alerts),
    ],
)
def test_the_reference_has_whatever_is_declared(
    site: Path, page: str, those: Callable[[], Collection[str]]
) -> None:
    text = shown(site, page)
    assert those()
    assert [one for one in those() if one not in text] == []


def test_llms_txt_names_pages_that_are_there_as_markdown(site: Path) -> None:
    lines = (site / "llms.txt").read_text().splitlines()
    assert lines[0] == "# Looks"
    listed = [line for line in lines if line.startswith("- ")]
    links = [found for line in listed if (found := LISTED.fullmatch(line))]
    assert [found.group(0) for found in links] == listed
    assert sorted(found.group(1) for found in links) == sorted(
        page.relative_to(site).as_posix()
        for page in site.rglob("*.md")
        if page.parent.name != "decisions" or page.name == "index.md"
    )


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(site))
    )
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_browser_reads_and_searches_it_without_any_other_host(
    browser: Browser, address: str
) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route(lambda url: not at_home(url, address), lambda route: route.abort())
    page.goto(f"{address}/index.html")
    page.get_by_placeholder("Search").first.fill("idempotency")
    page.locator(".md-search-result__item").first.wait_for()
    page.goto(f"{address}/reference/http.html")
    page.get_by_role("heading", name="HTTP reference").wait_for()
    page.close()
    assert [url for url in asked if not at_home(url, address)] == []
    assert complaints == []


def at_home(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def test_a_page_that_the_contents_lack_follows_the_guides() -> None:
    nav: Section = [
        {"Home": "index.md"},
        {"Guides": [{"One": "one.md"}]},
        {"More": [{"Two": "two.md"}]},
    ]
    texts = {"index.md": "", "one.md": "", "two.md": "", "new.md": "# New\n", "decisions/01.md": ""}
    assert complete(nav, texts)[1] == {"Guides": [{"One": "one.md"}, {"New": "new.md"}]}
    assert [page for _, page in entries(complete(nav, texts))] == [
        "index.md", "one.md", "new.md", "two.md",
    ]  # fmt: skip


def test_a_link_to_what_is_not_in_the_site_is_refused_by_name() -> None:
    with pytest.raises(BrokenLink, match=r"docs/http\.md links to none\.md"):
        turned("docs/http.md", "[there](none.md)", {"docs/http.md": "http.md"})


def test_links_follow_pages_that_moved_and_code_stays_as_it_is() -> None:
    places = {"README.md": "index.md", "docs/decisions/1.md": "decisions/1.md"}
    text = "[up](../../README.md#a) [out](https://a.invalid)\n```\n[x](y.md)\n```\n"
    assert turned("docs/decisions/1.md", text, places) == (
        "[up](../index.md#a) [out](https://a.invalid)\n```\n[x](y.md)\n```\n"
    )


def test_a_list_after_a_paragraph_stays_a_list() -> None:
    places = {"docs/a.md": "a.md"}
    assert turned("docs/a.md", "Of two:\n- one\n  more\n- two\n", places) == (
        "Of two:\n\n- one\n  more\n- two\n"
    )


def test_a_page_is_described_by_its_first_sentence() -> None:
    assert about("# T\n\n![x](y.png)\n\nWhat `it` [is](a.md). And more.") == "What it is."
