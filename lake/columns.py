"""What Arrow types an event has and what its values must be, from its JSON Schema: one column tree
per released version.

A tree is exact or it is not used: a keyword that is not understood here makes the whole type
`unchecked`, and its records are then read one by one by the model itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

import pyarrow as pa

from schemas.events import RequestEvent
from schemas.failures import AS_WRITTEN

TIME: Final = pa.timestamp("us", "UTC")
ColumnKind = Literal["text", "integer", "number", "boolean", "time", "any", "list", "map", "struct"]
_PLAIN: Final[dict[str, ColumnKind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_LEAVES: Final[dict[ColumnKind, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": TIME,
    "any": pa.string(),  # JSON text
}
_NOTES: Final = {"title", "description", "examples", "default", "$defs", "deprecated"}


class NotUnderstood(Exception):
    """A schema says something that is not checked here."""


@dataclass(frozen=True, slots=True)
class Column:
    """A value: its kind, whether it may be null, its limits, and what it is made of."""

    kind: ColumnKind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    min_size: int | None = None
    max_size: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    item: "Column | None" = None  # of a list, and the values of a map
    fields: Mapping[str, "Column"] = field(default_factory=dict)

    def arrow(self) -> pa.DataType:
        """The Arrow type."""
        if self.kind == "struct":
            return pa.struct(
                [pa.field(name, column.arrow()) for name, column in self.fields.items()]
            )
        if self.kind == "list":
            return pa.list_(self.inner.arrow())
        if self.kind == "map":
            return pa.map_(pa.string(), self.inner.arrow())
        return _LEAVES[self.kind]

    @property
    def inner(self) -> "Column":
        """What a list or map holds."""
        if self.item is None:
            raise TypeError(f"{self.kind} holds nothing")
        return self.item


@cache
def columns(model: type[RequestEvent]) -> Column | None:
    """The columns of an event; None when its schema or its validators say more than is checked
    here.
    """
    if not AS_WRITTEN.issuperset(_functions(model.__pydantic_core_schema__)):
        return None
    schema = model.model_json_schema(mode="validation")
    try:
        return _column(schema, schema.get("$defs", {}))
    except NotUnderstood:
        return None


def _functions(core_schema: Any) -> Iterator[Any]:
    """What a model runs beside the checks that its JSON Schema names."""
    if isinstance(core_schema, Mapping):
        if str(core_schema.get("type")).startswith("function-"):
            given = core_schema["function"]
            yield given["function"] if isinstance(given, Mapping) else given
        core_schema = core_schema.values()
    elif not isinstance(core_schema, list | tuple):
        return
    for inner in core_schema:
        yield from _functions(inner)


def _column(schema: Any, defs: Mapping[str, Any]) -> Column:
    if isinstance(schema, bool) or not set(schema) - _NOTES:
        return Column("any", nullable=True)
    if "$ref" in schema:
        _only(schema, {"$ref"})
        name = schema["$ref"].rsplit("/", 1)[1]
        return Column("any", nullable=True) if name == "JsonValue" else _column(defs[name], defs)
    if "anyOf" in schema:
        return _optional(schema, defs)
    match schema.get("type"):
        case "object":
            return _object(schema, defs)
        case "array":
            return _array(schema, defs)
        case str(plain) if plain in _PLAIN:
            return _leaf(schema, _PLAIN[plain])
    raise NotUnderstood(str(schema))


def _only(schema: Mapping[str, Any], known: set[str]) -> None:
    unknown = set(schema) - known - _NOTES
    if unknown:
        raise NotUnderstood(", ".join(sorted(unknown)))


def _optional(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Column:
    _only(schema, {"anyOf"})
    others = [one for one in schema["anyOf"] if one != {"type": "null"}]
    if len(others) != 1:
        raise NotUnderstood("a choice of types")
    found = _column(others[0], defs)
    names = (
        "kind",
        "minimum",
        "maximum",
        "min_size",
        "max_size",
        "pattern",
        "choices",
        "item",
        "fields",
    )
    return Column(**{name: getattr(found, name) for name in names}, nullable=True)


def _object(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Column:
    if "properties" in schema:
        _only(schema, {"type", "properties", "required"})
        return Column(
            "struct",
            fields={name: _column(one, defs) for name, one in schema["properties"].items()},
        )
    _only(schema, {"type", "additionalProperties"})
    return Column("map", item=_column(schema.get("additionalProperties", True), defs))


def _array(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> Column:
    if "prefixItems" in schema:
        _only(schema, {"type", "prefixItems", "minItems", "maxItems"})
        kinds = [_column(one, defs) for one in schema["prefixItems"]]
        if any(one != kinds[0] for one in kinds):
            raise NotUnderstood("a tuple of several types")
        item = kinds[0]
    else:
        _only(schema, {"type", "items", "minItems", "maxItems"})
        item = _column(schema["items"], defs)
    return Column(
        "list", item=item, min_size=schema.get("minItems"), max_size=schema.get("maxItems")
    )


def _leaf(schema: Mapping[str, Any], kind: ColumnKind) -> Column:
    if schema.get("format") == "date-time":
        _only(schema, {"type", "format"})
        return Column("time")
    if kind == "text":
        _only(schema, {"type", "minLength", "maxLength", "pattern", "enum", "const"})
        choices = tuple(schema.get("enum", ())) or ((schema["const"],) if "const" in schema else ())
        sizes = schema.get("minLength"), schema.get("maxLength")
        return Column(
            kind,
            min_size=sizes[0],
            max_size=sizes[1],
            pattern=schema.get("pattern"),
            choices=choices,
        )
    _only(schema, {"type", "minimum", "maximum"})
    return Column(kind, minimum=schema.get("minimum"), maximum=schema.get("maximum"))
