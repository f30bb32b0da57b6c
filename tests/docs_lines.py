"""What the docs' pages say to type, line by line as a reader copies it, and who has run each."""

import re
from collections.abc import Iterator
from typing import Final

from devstack.folder import CHECKOUT

PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "clients/*/README.md")
    for path in CHECKOUT.glob(pattern)
    if path.name != "CHANGELOG.md"  # what it tells of may be gone
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^\n((?: {4}[^\n]*\n)+)", re.MULTILINE)
OF_SHELL = frozenset({"", "sh", "bash"})
PROGRAMS = (
    "cat", "curl", "docker", "duckdb", "echo", "eval", "export", "field", "git", "helm", "kcat",
    "kubectl", "looks", "make", "mkdir", "node", "pip", "pyspark", "python", "python3",
)  # fmt: skip
STARTS = re.compile(
    rf"(?:[A-Z_]+=\S*\s+)*(?:\.\s|[A-Za-z_]+=|(?:\S*/)?(?:{'|'.join(PROGRAMS)})(?:\s|\(|$))"
)

WHO: Final = CHECKOUT / "tests" / "docs_lines.txt"
HERE: Final = "here"
NO_TEST: Final = re.compile(rf"{HERE}|CI|by hand \d{{4}}-\d\d-\d\d, .+|nobody.*, .+|nobody.*: .+")
"""Who is no test: by hand with its day and what was seen, or nobody with the reason."""


def rows() -> list[tuple[str, str, str]]:
    """Page, how the line begins, who runs it: the first that fits counts."""
    told = [row for row in WHO.read_text().splitlines() if row and not row.startswith("#")]
    cells = [[cell.strip() for cell in row.split(" | ")] for row in told]
    return [(page.strip("*"), begins.strip("*"), who) for page, begins, who in cells]


RUN_BY: Final = rows()


def joined(block: str) -> Iterator[str]:
    """A block's commands without their comments: what goes on behind a backslash or within quotes
    is one.
    """
    whole = ""
    for line in block.splitlines():
        text = line if "'" in whole else re.sub(r"(?:^|\s)#\s.*$", "", line)
        whole = f"{whole}\n{text}" if whole else text.strip()
        if whole.endswith("\\") or whole.count("'") % 2:
            continue
        yield whole
        whole = ""


def commands(text: str) -> list[str]:
    """What a page says to type."""
    blocks = [block for language, block in BLOCK.findall(text) if language in OF_SHELL]
    blocks += INDENTED.findall(BLOCK.sub("", text))
    return [one for block in blocks for one in joined(block) if STARTS.match(one)]


def lines() -> list[tuple[str, str]]:
    """Each page and what it says to type."""
    return [
        (str(page.relative_to(CHECKOUT)), one)
        for page in PAGES
        for one in commands(page.read_text())
    ]


def run_by(page: str, line: str) -> tuple[str, str, str] | None:
    """Who runs it; None: nobody is named."""
    return next((one for one in RUN_BY if one[0] in ("", page) and line.startswith(one[1])), None)
