"""Shapes as TypeScript types."""

import json
from collections.abc import Sequence
from typing import Final

from cli.clients.shapes import (
    Either,
    ListOf,
    MapOf,
    Maybe,
    NamedShape,
    OneOf,
    Property,
    RecordShape,
    Ref,
    Scalar,
    Together,
    ValueShape,
    WordSet,
)

SCALARS: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date-time": "string",
    "date": "string",
    "binary": "Blob",
    "any": "unknown",
}
OPEN: Final = "(string & {})"
"""Any other word: an answer of tomorrow is still one."""


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
    return f"{_comment(one.about, '  ')}  readonly {one.name}{sign}: {_type(one.shape)};\n"


def _type(shape: ValueShape) -> str:  # noqa: PLR0911 (one line for each shape)
    match shape:
        case Scalar(kind):
            return SCALARS[kind]
        case Ref(name):
            return name
        case OneOf(words):
            return " | ".join([*map(json.dumps, words), OPEN])
        case ListOf(inner):
            return f"ReadonlyArray<{_type(inner)}>"
        case MapOf(inner):
            return f"Readonly<Record<string, {_type(inner)}>>"
        case Together(parts):
            return f"readonly [{', '.join(map(_type, parts))}]"
        case Either(among):
            return " | ".join(map(_type, among))
        case Maybe(inner):
            return f"{_type(inner)} | null"
