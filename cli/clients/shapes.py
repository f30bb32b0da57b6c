"""JSON Schemas as shapes that a language's types are written from."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

TypeNode = Mapping[str, Any]
BOUNDS: Final = ("minimum", "maximum", "minLength", "maxLength", "pattern")


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: `string`, `integer`, `number`, `boolean`, `date-time`, `date` or `any`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Ref:
    """Another named shape."""

    name: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of these words, or one that came later."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """Any number of one shape."""

    of: "ValueShape"


@dataclass(frozen=True, slots=True)
class MapOf:
    """Names to one shape."""

    of: "ValueShape"


@dataclass(frozen=True, slots=True)
class Together:
    """A fixed number of values."""

    parts: tuple["ValueShape", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of several shapes."""

    among: tuple["ValueShape", ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """A shape or null."""

    of: "ValueShape"


ValueShape = Scalar | Ref | OneOf | ListOf | MapOf | Together | Either | Maybe


@dataclass(frozen=True, slots=True)
class Property:
    """A field of a record."""

    name: str
    shape: ValueShape
    required: bool
    default: Any
    about: str
    bounds: tuple[tuple[str, Any], ...] = ()
    """JSON Schema's words for what its value keeps within."""


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A named object. `closed`: it is sent, and the service refuses other fields."""

    name: str
    about: str
    closed: bool
    properties: tuple[Property, ...]


@dataclass(frozen=True, slots=True)
class WordSet:
    """A named set of words."""

    name: str
    about: str
    words: tuple[str, ...]


NamedShape = RecordShape | WordSet


def named(name: str, schema: TypeNode) -> NamedShape | None:
    """A named schema; None for one that says nothing."""
    about = one_line(schema.get("description", ""))
    if "enum" in schema:
        return WordSet(name, about, tuple(schema["enum"]))
    if schema.get("type") != "object":
        return None
    required = schema.get("required", ())
    properties = tuple(
        Property(
            key,
            _shape(inner),
            key in required,
            inner.get("default"),
            one_line(inner.get("description", "")),
            tuple(_bounds(inner)),
        )
        for key, inner in schema.get("properties", {}).items()
    )
    return RecordShape(name, about, schema.get("additionalProperties") is False, properties)


def _bounds(schema: TypeNode) -> Iterator[tuple[str, Any]]:
    """Of a field, null or not."""
    for one in schema.get("anyOf", [schema]):
        yield from ((word, one[word]) for word in BOUNDS if word in one)


def one_line(text: str) -> str:
    """A description, its line breaks as spaces."""
    return re.sub(r"\s+", " ", text).strip()


def _shape(schema: TypeNode) -> ValueShape:  # noqa: PLR0911 (one for each kind of schema)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Scalar("any") if name == "JsonValue" else Ref(name)
    if "title" in schema and "enum" in schema and schema["title"].endswith("Code"):
        return Ref(schema["title"])  # an enumeration that stands inside
    if "anyOf" in schema:
        return _any_of(schema["anyOf"])
    if "const" in schema:
        return OneOf((schema["const"],))
    if "enum" in schema:
        return OneOf(tuple(schema["enum"]))
    if schema.get("type") == "array":
        return _array(schema)
    if schema.get("type") == "object":
        return _map(schema)
    return Scalar(schema.get("format") or schema.get("type") or "any")


def _any_of(schemas: list[TypeNode]) -> ValueShape:
    others = [one for one in schemas if one.get("type") != "null"]
    inner = _shape(others[0]) if len(others) == 1 else Either(tuple(map(_shape, others)))
    return inner if len(others) == len(schemas) else Maybe(inner)


def _array(schema: TypeNode) -> ValueShape:
    if "prefixItems" in schema:
        return Together(tuple(map(_shape, schema["prefixItems"])))
    return ListOf(_shape(schema.get("items", {})))


def _map(schema: TypeNode) -> ValueShape:
    inner = schema.get("additionalProperties")
    if isinstance(inner, Mapping):
        return MapOf(_shape(inner))
    for matching in schema.get("patternProperties", {}).values():
        return MapOf(_shape(matching))
    return MapOf(Scalar("any"))


def mentioned(shape: ValueShape) -> Iterator[str]:
    """Names that a shape refers to."""
    match shape:
        case Ref(name):
            yield name
        case ListOf(inner) | MapOf(inner) | Maybe(inner):
            yield from mentioned(inner)
        case Together(parts) | Either(parts):
            for part in parts:
                yield from mentioned(part)
        case _:
            return


def in_order(shapes: Mapping[str, NamedShape]) -> list[NamedShape]:
    """Each after what it refers to, else by name."""
    placed: dict[str, NamedShape] = {}

    def place(name: str) -> None:
        if name in placed:
            return
        one = shapes[name]
        if isinstance(one, RecordShape):
            for each in one.properties:
                for other in mentioned(each.shape):
                    place(other)
        placed[name] = one

    for name in sorted(shapes):
        place(name)
    return list(placed.values())
