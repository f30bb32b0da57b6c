"""Shapes as TypeScript types."""

import json
from collections.abc import Sequence
from typing import Final

from cli.clients.shapes import NamedShape, Property, RecordShape, WordSet
from cli.clients.writing import TypeWords

OPEN: Final = "(string & {})"
"""Any other word: an answer of tomorrow is still one."""
TYPESCRIPT: Final = TypeWords(
    scalars={
        "string": "string",
        "integer": "number",
        "number": "number",
        "boolean": "boolean",
        "date-time": "string",
        "date": "string",
        "binary": "Blob",
        "any": "unknown",
    },
    one_of=lambda words: " | ".join([*map(json.dumps, words), OPEN]),
    list_of="ReadonlyArray<{}>",
    map_of="Readonly<Record<string, {}>>",
    together="readonly [{}]",
    maybe="{} | null",
)


def module(about: str, models: Sequence[NamedShape]) -> str:
    """The module's text."""
    return f"// {about}\n" + "".join(f"\n{_declaration(one)}" for one in models)


def _declaration(one: NamedShape) -> str:
    match one:
        case WordSet(name, about, words):
            return f"{_comment(about)}export type {name} =\n{_words(words)};\n"
        case RecordShape(name, about, _, properties):
            fields = "".join(map(_field, properties))
            return f"{_comment(about)}export interface {name} {{\n{fields}}}\n"


def _words(words: Sequence[str]) -> str:
    return "\n".join(f"  | {json.dumps(word)}" for word in words) + f"\n  | {OPEN}"


def _comment(text: str, indent: str = "") -> str:
    return f"{indent}/** {text.replace('*/', '* /')} */\n" if text else ""


def _field(one: Property) -> str:
    sign = "" if one.required else "?"
    written = TYPESCRIPT.written(one.shape)
    return f"{_comment(one.about, '  ')}  readonly {one.name}{sign}: {written};\n"
