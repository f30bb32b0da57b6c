"""`python -m deploy.release_page v0.3.0 https://example.com/looks/blob/v0.3.0/`: what stands on a
release's page, which is its section of CHANGELOG.md, with links to the files there. Refuses a tag
that is not the number of what is released.
"""

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
HEADING: Final = re.compile(
    r"^## (\d+\.\d+\.\d+)(?: \(\d{4}-\d\d-\d\d\))?\n(.*?)(?=^## |\Z)", re.M | re.S
)
LINK: Final = re.compile(r"\]\((?!https?://|#)([^)\s]+)\)")


class NotARelease(Exception):
    """The tag and the files disagree."""


def sections(changelog: str) -> dict[str, str]:
    """What each release changed, by its number."""
    return {number: text.strip() for number, text in HEADING.findall(changelog)}


def numbers(root: Path = ROOT) -> dict[str, str]:
    """The version of everything that is released together, by the file that says it."""
    told = {}
    for name in (
        "pyproject.toml",
        "clients/python/pyproject.toml",
        "clients/analysts/pyproject.toml",
    ):
        told[name] = str(tomllib.loads((root / name).read_text())["project"]["version"])
    for name, said in (
        ("clients/typescript/package.json", r'^  "version": "(.*)"'),
        ("deploy/chart/Chart.yaml", r"^version: (.*)$"),
    ):
        told[name] = re.findall(said, (root / name).read_text(), re.MULTILINE)[0]
    return told


def page(tag: str, files: str, changelog: str, versions: dict[str, str]) -> str:
    """The page's Markdown; what it links to in the repository is below `files`. Raises
    NotARelease.
    """
    number = tag.removeprefix("v")
    wrong = {name: told for name, told in versions.items() if told != number}
    if tag == number or wrong:
        raise NotARelease(f"{tag} is not vX.Y.Z of what is released: {wrong or versions}")
    found = sections(changelog).get(number)
    if not found:
        raise NotARelease(f"CHANGELOG.md has no section {number}")
    return LINK.sub(rf"]({files}\1)", found) + "\n"


def main(tag: str, files: str) -> int:
    """Print it; 1: there is none."""
    try:
        sys.stdout.write(page(tag, files, (ROOT / "CHANGELOG.md").read_text(), numbers()))
    except NotARelease as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
