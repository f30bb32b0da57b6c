"""What the pages of the reference are made of."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from api.plain_page import DocumentNode, kind, walk

_TICKED: Final = re.compile(r"(`[^`]+`)")


def words(text: str) -> str:
    """A text of the code on one line: what is in backticks is code, the rest is no markup."""
    parts = _TICKED.split(" ".join(text.split()))
    return "".join(
        part if at % 2 else re.sub(r"([*_<|\[\]])", r"\\\1", escape(part, quote=False))
        for at, part in enumerate(parts)
    ).replace("\\<", "&lt;")


def code(text: str) -> str:
    """A short text as code, in a table too."""
    return f"<code>{escape(text).replace('|', '&#124;')}</code>" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lines of a table; none where there is no row. Cells are markup."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        yield from ("", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *lines, "")


def fields(schema: DocumentNode, document: DocumentNode) -> Iterator[str]:
    """A table of what an object holds, also inside what it holds."""
    yield from table(
        ("field", "type", "about"),
        (
            (
                code(path) + ("" if required else " (optional)"),
                code(kind(field, document)),
                words(field.get("description", "")),
            )
            for path, field, required in walk(schema, document)
        ),
    )


def example(value: object, language: str = "json") -> Iterator[str]:
    """A value as it is sent, or a text as it is."""
    shown = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    yield from ("", f"```{language}", shown, "```", "")
