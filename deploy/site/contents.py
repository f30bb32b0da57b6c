"""The site's contents: as mkdocs.yml has them, and the pages that it does not name."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from deploy.site.pages import title

CONFIG: Final = Path(__file__).resolve().parents[2] / "mkdocs.yml"
GUIDES: Final = "Guides"
OF_A_LIST: Final = "decisions/0"
"""Pages that a page of their own lists."""

Section = list[dict[str, Any]]


class Loader(yaml.SafeLoader):
    """Passes over what only MkDocs reads: values with tags."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def told() -> dict[str, Any]:
    """The configuration."""
    found: dict[str, Any] = yaml.load(CONFIG.read_text(), Loader)
    return found


def complete(nav: Section, texts: Mapping[str, str]) -> Section:
    """With every page, so that a new one can be read without a word here: it follows the guides."""
    named = {page for _, page in entries(nav)}
    rest = sorted(page for page in texts if page not in named and not page.startswith(OF_A_LIST))
    added = [{title(texts[page]): page} for page in rest]
    return [
        {name: [*inside, *added] if name == GUIDES else inside}
        for part in nav
        for name, inside in part.items()
    ]


def entries(nav: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Name and page, in order."""
    for part in nav:
        for name, inside in part.items():
            if isinstance(inside, str):
                yield name, inside
            else:
                yield from entries(inside)


def configuration(site: Path, pages: Path, nav: Section) -> str:
    """What MkDocs reads: ours, with these contents and folders."""
    own = {"INHERIT": str(CONFIG), "nav": nav, "docs_dir": str(pages), "site_dir": str(site)}
    return yaml.safe_dump(own, sort_keys=False)
