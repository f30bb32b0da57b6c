"""Shapes as pydantic models.

Bounds are written for events alone, whose bounds never change. Over HTTP the service checks what it
is sent, and a client that refused an answer for a bound would refuse tomorrow's answers.
"""

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from cli.clients.shapes import (
    ListOf,
    MapOf,
    Maybe,
    NamedShape,
    Property,
    RecordShape,
    Ref,
    ValueShape,
    WordSet,
)
from cli.clients.writing import TypeWords
from devstack.folder import CHECKOUT

COLUMNS: Final = 100
PARAMETERS: Final = {
    "minimum": "ge",
    "maximum": "le",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}
"""JSON Schema's words as pydantic's."""


def _literal(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) else repr(value)


PYTHON: Final = TypeWords(
    scalars={
        "string": "str",
        "integer": "int",
        "number": "float",
        "boolean": "bool",
        "date-time": "datetime",
        "date": "date",
        "binary": "bytes",
        "any": "Any",
    },
    one_of=lambda words: f"Literal[{', '.join(map(_literal, words))}] | str",
    list_of="tuple[{}, ...]",
    map_of="Mapping[str, {}]",
    together="tuple[{}]",
    maybe="{} | None",
)


def module(about: str, models: Sequence[NamedShape], base: str, *, bounded: bool = False) -> str:
    """The module's text. `base`: where `Model`, `Sent` and `OpenWords` are."""
    body = "".join(f"\n\n{_class(one, bounded=bounded)}" for one in models)
    return formatted(f'"""{about}"""\n\n{_imports(body, base)}{body}')


def formatted(text: str) -> str:
    """As `make fix` would leave it."""
    ruff = str(Path(sys.executable).with_name("ruff"))
    for words in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        argv = [ruff, *words, "--stdin-filename", str(CHECKOUT / "clients" / "made.py"), "-"]
        text = subprocess.run(argv, input=text, capture_output=True, text=True, check=True).stdout
    return text


def _imports(body: str, base: str) -> str:
    wanted = {
        "collections.abc": ("Mapping",),
        "datetime": ("date", "datetime"),
        "typing": ("Any", "Literal"),
        "pydantic": ("Field",),
        base: ("Model", "OpenWords", "Sent"),
    }
    used = {
        where: [name for name in names if re.search(rf"(?<![\w.]){name}\b(?=[\s\](),|[])", body)]
        for where, names in wanted.items()
    }
    return "".join(
        f"from {where} import {', '.join(names)}\n" for where, names in used.items() if names
    )


def _class(one: NamedShape, *, bounded: bool) -> str:
    match one:
        case WordSet(name, about, words):
            members = "".join(f'    {_member(word)} = "{word}"\n' for word in words)
            return f"class {name}(OpenWords):\n{_docstring(about or name)}\n{members}"
        case RecordShape(name, about, closed, properties):
            base = "Sent" if closed else "Model"
            fields = "".join(line for each in properties for line in _field(each, bounded=bounded))
            return f"class {name}({base}):\n{_docstring(about or name)}\n{fields}"


def _member(word: str) -> str:
    return re.sub(r"\W", "_", word).upper()


def _docstring(text: str) -> str:
    if len(text) + 10 <= COLUMNS:
        return f'    """{text}"""\n'
    columns = COLUMNS - 4 if len(text) + 7 > COLUMNS else COLUMNS - 7  # the closing quotes fit
    lines = textwrap.wrap(f'"""{text}', columns, break_long_words=False)
    return "".join(f"    {line}\n" for line in lines) + '    """\n'


def _field(one: Property, *, bounded: bool) -> Iterator[str]:
    bounds = [f"{PARAMETERS[word]}={_literal(to)}" for word, to in one.bounds] if bounded else []
    default = _default(one)
    if bounds:
        default = f"Field({', '.join([f'default={default}'] * bool(default) + bounds)})"
    yield f"    {one.name}: {_annotation(one)}{f' = {default}' * bool(default)}\n"
    if one.about:
        yield _docstring(one.about)


def _annotation(one: Property) -> str:
    written = PYTHON.written(one.shape)
    empty = isinstance(one.shape, ListOf | MapOf | Maybe)
    absent = not one.required and one.default is None and not empty
    return f"{written} | None" if absent else written


def _default(one: Property) -> str:
    if one.required:
        return ""
    match one.shape:
        case ListOf(inner):
            return _tuple([_value(inner, each) for each in one.default or ()])
        case MapOf() if one.default is None:
            return "Field(default_factory=dict)"
        case _:
            return _value(one.shape, one.default)


def _value(shape: ValueShape, value: Any) -> str:
    """A default: of a set of words, the word as one of them."""
    if isinstance(shape, Ref) and isinstance(value, str):
        return f"{shape.name}({_literal(value)})"
    return _literal(value)


def _tuple(values: Sequence[str]) -> str:
    inner = ", ".join(values)
    return f"({inner},)" if len(values) == 1 else f"({inner})"
