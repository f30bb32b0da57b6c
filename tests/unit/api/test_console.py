"""The console's files over HTTP: open to all, bound to themselves by their headers, found by name
and never by path.
"""

import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from api.console.routes import picture_origin, static_files
from api.static_files import TYPES
from bench.pictures import SAMPLE_NAMES, SAMPLE_PX
from devstack.wardrobe import draw
from runtime.settings import ObjectStoreSettings
from storage.presigned import Presigner
from tests.unit.api.conftest import Api

FILES = static_files()
TEXTS = {
    name: one.content.decode()
    for name, one in FILES.items()
    if not name.endswith((".jpg", ".webp"))
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: "
    "https://objects.test; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
    "'script'; trusted-types 'none'"
)
NOT_FILES = (
    "..%2f", "..%2froutes.py", "%2e%2e/routes.py", "samples", "samples/", "samples/..%2findex.html",
    "%2fetc%2fpasswd",
    "..%5croutes.py", "index.html%00", "routes.py", "INDEX.HTML", "/index.html", "samples/none.jpg",
)  # fmt: skip
MAX_LINES = 300
MAX_FIRST_BYTES = 56 * 1024
MAX_VIEW_BYTES = 32 * 1024
"""Of what a view loads beside what all do."""
MAX_LATER_BYTES = 96 * 1024
"""Of all that is loaded after the first view, together."""
COLOUR = re.compile(r"--([a-z-]+): (#[0-9a-f]{6});")
AA = 4.5
"""Contrast of text, WCAG 2.2, 1.4.3."""


@pytest.mark.parametrize("path", ["/console", "/console/"])
async def test_the_page_needs_no_key_and_may_load_only_its_own_and_the_stores_pictures(
    api: Api, path: str
) -> None:
    answer = await api.http.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


async def test_every_file_is_served_with_its_type_and_asked_for_again_by_its_tag(api: Api) -> None:
    for name, file in FILES.items():
        answer = await api.http.get(f"/console/{name}")
        assert (answer.status_code, answer.content) == (200, file.content)
        assert answer.headers["content-type"] == TYPES[name.rpartition(".")[2]]
        assert answer.headers["cache-control"] == "no-cache"
        tag = answer.headers["etag"]
        assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
        for seen in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await api.http.get(f"/console/{name}", headers={"If-None-Match": seen})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            assert again.headers["content-security-policy"] == POLICY
        assert (
            await api.http.get(f"/console/{name}", headers={"If-None-Match": '"other"'})
        ).status_code == 200


async def test_what_is_not_a_file_of_the_console_is_not_found(api: Api) -> None:
    for path in NOT_FILES:
        answer = await api.http.get(f"/console/{path}")
        assert (path, answer.status_code, answer.json()["error"]["code"]) == (
            path,
            404,
            "NOT_FOUND",
        )


async def test_the_console_is_no_part_of_the_contract_and_is_only_read(api: Api) -> None:
    assert not [
        path for path in (await api.http.get("/openapi.json")).json()["paths"] if "console" in path
    ]
    answer = await api.http.post("/console")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_the_files_are_found_from_any_folder(tmp_path: Path) -> None:
    program = "from api.console.routes import static_files; print(len(static_files()))"
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert int(found.stdout) == len(FILES) >= 20


@pytest.mark.parametrize(
    ("settings", "origin"),
    [
        ({"endpoint_url": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
        (
            {
                "endpoint_url": "http://s3:8333",
                "public_endpoint_url": "https://pictures.example.com",
            },
            "https://pictures.example.com",
        ),
        ({"region": "eu-central-1"}, "https://s3.eu-central-1.amazonaws.com"),
    ],
)
def test_pictures_may_come_from_where_presigned_links_point(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], origin: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    assert picture_origin(Presigner(ObjectStoreSettings.model_validate(settings))) == origin


def test_the_page_has_nothing_inline_and_names_only_files_that_are_there() -> None:
    page = TEXTS["index.html"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son[a-z]+=", page)
    named = re.findall(r'(?:src|href)="/console/([^"]+)"', page)
    art = {f"samples/{name}.jpg" for name in ("jacket", "tee", "skirt", "shoes")}
    assert {"main.js", "console.css", "views.css", "icon.svg"} | art == set(named)
    assert set(named) <= set(FILES)
    for text in TEXTS.values():
        assert set(re.findall(r'(?:from |import\()"\./([^"]+)"', text)) <= set(FILES)


def test_the_scripts_make_no_markup_of_text_and_leave_nothing_behind() -> None:
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new "
        r"Function|localStorage|indexedDB|"
        r"document\.cookie|https?://(?!www\.w3\.org/2000/svg|example\.com)"
    )
    assert {
        name: found.group() for name, text in TEXTS.items() if (found := forbidden.search(text))
    } == {}
    assert [name for name, text in TEXTS.items() if "sessionStorage" in text] == [
        "drafts.js",
    ]


def test_the_files_are_short_and_few_are_loaded_before_the_first_view() -> None:
    assert max(len(text.splitlines()) for text in TEXTS.values()) <= MAX_LINES
    first = statically_loaded("main.js")
    assert sum(len(TEXTS[name]) for name in first) <= MAX_FIRST_BYTES
    later = {name for name in TEXTS if name.endswith(".js")} - first
    assert sum(len(TEXTS[name]) for name in later) <= MAX_LATER_BYTES
    of_views = {
        name: sum(len(TEXTS[one]) for one in statically_loaded(name) - first) for name in later
    }
    assert {name: size for name, size in of_views.items() if size > MAX_VIEW_BYTES} == {}


def statically_loaded(name: str, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """A script and all that it can't start without."""
    for other in re.findall(r'from "\./([^"]+)"', TEXTS[name]):
        if other not in seen:
            seen |= statically_loaded(other, seen | {name})
    return seen | {name}


def test_whatever_goes_wrong_is_shown_with_a_way_to_try_again() -> None:
    shown = [
        (name, line.strip())
        for name, text in TEXTS.items()
        for line in text.splitlines()
        if re.search(r"\bproblem\(", line) and "export function problem" not in line
    ]
    assert len(shown) > 10
    assert [
        one for one in shown if not re.search(r"problem\([^()]*(\(.*\))?[^()]*, ", one[1])
    ] == []


@pytest.mark.parametrize("name", SAMPLE_NAMES)
def test_the_samples_are_the_garments_that_the_project_draws(name: str) -> None:
    kept, drawn = (
        np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.int16)
        for data in (FILES[f"samples/{name}.jpg"].content, draw(name, size_px=SAMPLE_PX))
    )
    assert np.abs(kept - drawn).mean() < 1.0


def palette(scheme: str) -> dict[str, str]:
    light, _, dark = (
        TEXTS["console.css"]
        .partition("*, *::before")[0]
        .partition("@media (prefers-color-scheme: dark)")
    )
    colours = dict(COLOUR.findall(light))
    return colours | dict(COLOUR.findall(dark)) if scheme == "dark" else colours


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_it_lies_on(scheme: str) -> None:
    colours = palette(scheme)
    pairs = [(text, paper) for text in ("ink", "quiet") for paper in ("paper", "surface", "sunken")]
    pairs += [
        ("good", "good-paper"),
        ("bad", "bad-paper"),
        ("busy", "busy-paper"),
        ("ink", "idle-paper"),
        ("ink", "bad-paper"),
    ]
    pairs += [("on-primary", "primary"), ("bad", "surface"), ("good", "surface"), ("busy", "paper")]
    low = {}
    for text, paper in pairs:
        lighter, darker = sorted(
            (luminance(colours[text]), luminance(colours[paper])), reverse=True
        )
        if (ratio := (lighter + 0.05) / (darker + 0.05)) < AA:
            low[text, paper] = round(ratio, 2)
    assert low == {}
