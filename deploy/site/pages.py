"""The Markdown that is written by hand, as pages of one folder: where each goes, and its links
turned to where the others went.
"""

import posixpath
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOVED: Final[Mapping[str, str]] = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "clients/analysts/README.md": "analysts.md",
    "clients/python/README.md": "clients/python.md",
    "clients/typescript/README.md": "clients/typescript.md",
    "docs/decisions": "decisions/index.md",
    "docs/contracts": "reference/events.md",
    "docs/contracts/README.md": "reference/events.md",
    ".env.example": "reference/settings.md",
}
"""What is not below `docs`, and folders: where links to it lead. Several may lead to one page."""
BESIDE: Final = (
    "docs/pictures/*",
    "docs/plots/*.svg",
    "docs/cookbook.sql",
    "docs/site.css",
    "docs/contracts/*.json",
    "examples/*.*",
)
"""Files that pages link to, as they are."""
_LINK: Final = re.compile(r"(?<=\]\()([^)\s#]+)(?=[)#])")
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)
_LIST_AFTER_TEXT: Final = re.compile(r"^(?![-\s|#>]|\d+\.)(.+)\n(?=(?:-|\d+\.) )", re.MULTILINE)
"""A list that follows a paragraph: on GitHub it needs no empty line between, in MkDocs it does."""
_FENCED: Final = re.compile(r"^( *```.*?^ *```)", re.MULTILINE | re.DOTALL)


class BrokenLink(Exception):
    """A page links to what is not there; the message names both."""


@dataclass(frozen=True, slots=True)
class GatheredPages:
    """Page -> its text, and file -> where it lies."""

    texts: dict[str, str]
    files: dict[str, Path]


def gather(checkout: Path) -> GatheredPages:
    """Every page and what they show. Raises BrokenLink."""
    places = _places(checkout)
    files = {
        place: checkout / path
        for path, place in places.items()
        if not place.endswith(".md") and (checkout / path).is_file()
    }
    written = {path for path in places if path.endswith(".md") and path not in _GENERATED}
    texts = {places[path]: turned(path, (checkout / path).read_text(), places) for path in written}
    decisions = {page: texts[page] for page in sorted(texts) if page.startswith("decisions/")}
    texts["decisions/index.md"] = _decisions(decisions)
    return GatheredPages(texts, files)


_GENERATED: Final = frozenset({"docs/contracts/README.md", ".env.example"})


def _places(checkout: Path) -> dict[str, str]:
    """Path in the checkout -> path in the site."""
    found = {}
    for pattern in ("docs/*.md", "docs/decisions/*.md", *BESIDE):
        for path in sorted(checkout.glob(pattern)):
            name = path.relative_to(checkout).as_posix()
            found[name] = name.removeprefix("docs/")
    return found | dict(MOVED)


def turned(path: str, text: str, places: Mapping[str, str]) -> str:
    """A page's text with its links as they are in the site; code in fences stays. Raises
    BrokenLink.
    """
    here = posixpath.dirname(places[path])

    def turn(link: re.Match[str]) -> str:
        target = link.group(1)
        if re.match(r"[a-z]+:", target):
            return target
        meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if meant not in places:
            raise BrokenLink(f"{path} links to {target}, which the site has not")
        return posixpath.relpath(places[meant], here or ".")

    parts = _FENCED.split(text)
    return "".join(
        part if at % 2 else _LIST_AFTER_TEXT.sub(r"\1\n\n", _LINK.sub(turn, part))
        for at, part in enumerate(parts)
    )


def title(text: str) -> str:
    """What a page is called."""
    found = _TITLE.search(text)
    return found.group(1) if found is not None else ""


def _decisions(texts: Mapping[str, str]) -> str:
    rows = [f"- [{title(text)}]({page.removeprefix('decisions/')})" for page, text in texts.items()]
    return "\n".join(
        ["# Decisions", "", "Why Looks is built as it is, a page each.", "", *rows, ""]
    )


def write(folder: Path, texts: Mapping[str, str], files: Mapping[str, Path]) -> None:
    """The folder holds these and nothing else."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
