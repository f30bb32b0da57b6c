"""Which changes of a schema are allowed and which are refused: the table, and each row proven by
records.

A row says what breaks: `new` when a new reader can't read old records, `old` when an old reader
can't read new ones.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, create_model

from schemas.compatibility import unreadable
from schemas.events import EVENT_TYPES
from schemas.json_schema import schema_of
from tests.unit.schemas.drawing import values

QUICK: Any = {
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "database": None,
    "derandomize": True,
    "phases": (Phase.generate,),
}


class Two(StrEnum):
    A = "a"
    B = "b"


class Three(StrEnum):
    A = "a"
    B = "b"
    C = "c"


class Inner(BaseModel):
    n: int


class InnerWithOptional(BaseModel):
    n: int
    m: int | None = None


class InnerWithRequired(BaseModel):
    n: int
    m: int


class Tree(BaseModel):
    under: "list[Tree]" = []


class TreeWithOptional(BaseModel):
    under: "list[TreeWithOptional]" = []
    name: str | None = None


class TreeWithRequired(BaseModel):
    under: "list[TreeWithRequired]" = []
    name: str


@dataclass(frozen=True)
class Row:
    old: dict[str, Any]
    new: dict[str, Any]
    breaks: str = ""  # "", "new", "old" or "new old"
    extra: tuple[str, str] = ("ignore", "ignore")


def one(kind: Any, default: Any = ...) -> dict[str, Any]:
    return {"x": (kind, default)}


OPTIONAL: Any = int | None
NONE = object()
TABLE: dict[str, Row] = {
    # Allowed.
    "nothing": Row(one(int), one(int)),
    "an optional field with a default is added": Row({}, one(OPTIONAL, None)),
    "an optional field with a default is added in a list": Row(one(list[Inner]),
    one(list[InnerWithOptional])),
    "an optional field with a default is added in a map": Row(one(dict[str, Inner]),
    one(dict[str, InnerWithOptional])),
    "an optional field with a default is added in an optional object": Row(
        one(Inner | None, None), one(InnerWithOptional | None, None)
    ),
    "an optional field with a default is added in a tree": Row(one(Tree), one(TreeWithOptional)),
    "an optional field is removed": Row(one(OPTIONAL, None), {}),
    "an optional field is renamed": Row(one(OPTIONAL, None), {"y": (OPTIONAL, None)}),
    "a bound is written in another way": Row(one(Annotated[int, Field(ge=1)]),
    one(Annotated[int, Field(ge=1.0)])),
    # Refused: fields.
    "a required field is added": Row({}, one(int), "new"),
    "a required field is added in a list": Row(one(list[Inner]), one(list[InnerWithRequired]),
    "new"),
    "a required field is added in a map": Row(one(dict[str, Inner]),
    one(dict[str, InnerWithRequired]), "new"),
    "a required field is added in a tree": Row(one(Tree), one(TreeWithRequired), "new"),
    "a required field is removed": Row(one(int), {}, "old"),
    "a required field is renamed": Row(one(int), {"y": (int, ...)}, "new old"),
    "a required field becomes optional": Row(one(int), one(int, 0), "old"),
    "an optional field becomes required": Row(one(int, 0), one(int), "new"),
    # Refused: types.
    "a type is widened": Row(one(int), one(float), "old"),
    "a type is narrowed": Row(one(float), one(int), "new"),
    "a type is another": Row(one(int), one(list[int]), "new old"),
    "a type is added to a union": Row(one(int | bool), one(int | bool | list[int]), "old"),
    "a type is taken from a union": Row(one(int | bool | list[int]), one(int | bool), "new"),
    "a field becomes nullable": Row(one(int), one(int | None), "old"),
    "a field is no longer nullable": Row(one(int | None), one(int), "new"),
    "text becomes a time": Row(one(str), one(datetime), "new"),
    "a list becomes a map": Row(one(list[int]), one(dict[str, int]), "new old"),
    "the items of a list become another type": Row(one(list[list[int]]),
    one(list[list[dict[str, int]]]), "new old"),
    "the values of a map are widened": Row(one(dict[str, int]), one(dict[str, int | None]), "old"),
    "any value becomes a number": Row(one(dict[str, JsonValue]), one(dict[str, int]), "new"),
    "a tuple has one more item": Row(one(tuple[int, int]), one(tuple[int, int, int]), "new old"),
    "an item of a tuple is narrowed": Row(one(tuple[int, float]), one(tuple[int, int]), "new"),
    # Refused: values.
    "an enum value is added": Row(one(Two), one(Three), "old"),
    "an enum value is removed": Row(one(Three), one(Two), "new"),
    "an enum becomes any text": Row(one(Two), one(str), "old"),
    "a lower bound is tightened": Row(one(Annotated[int, Field(ge=0)]),
    one(Annotated[int, Field(ge=1)]), "new"),
    "a lower bound is loosened": Row(one(Annotated[int, Field(ge=1)]),
    one(Annotated[int, Field(ge=0)]), "old"),
    "an upper bound is tightened": Row(one(Annotated[int, Field(le=9)]),
    one(Annotated[int, Field(le=8)]), "new"),
    "an upper bound is set": Row(one(int), one(Annotated[int, Field(le=8)]), "new"),
    "a bound is now excluded": Row(one(Annotated[float, Field(ge=0)]),
    one(Annotated[float, Field(gt=0)]), "new"),
    "a text may be longer": Row(one(Annotated[str, Field(max_length=3)]),
    one(Annotated[str, Field(max_length=5)]), "old"),
    "a text may be empty": Row(one(Annotated[str, Field(min_length=1)]), one(str), "old"),
    "a list may have more items": Row(
        one(Annotated[list[int], Field(max_length=1)]),
        one(Annotated[list[int], Field(max_length=2)]), "old"
    ),
    "a list must have an item": Row(one(list[int]), one(Annotated[list[int], Field(min_length=1)]),
    "new"),
    "a pattern is another": Row(
        one(Annotated[str, Field(pattern="^[ab]$")]), one(Annotated[str, Field(pattern="^[bc]$")]),
        "new old"
    ),
    "a pattern is dropped": Row(one(Annotated[str, Field(pattern="^[ab]$")]), one(str), "old"),
    # Refused: what readers ignore.
    "unknown fields are refused from now on": Row({**one(int), "y": (int, 0)}, one(int), "new",
    ("ignore", "forbid")),
    "unknown fields are written from now on": Row(one(int), {**one(int)}, "", ("ignore", "allow")),
    "unknown fields were written, and one is named now": Row(
        one(int), {**one(int), "a": (OPTIONAL, None)}, "new", ("allow", "ignore")
    ),
}  # fmt: skip


def models(row: Row) -> tuple[type[BaseModel], type[BaseModel]]:
    old: Any = create_model("Model", __config__=ConfigDict(extra=row.extra[0]), **row.old)  # type: ignore[typeddict-item]  # one of pydantic's words
    new: Any = create_model("Model", __config__=ConfigDict(extra=row.extra[1]), **row.new)  # type: ignore[typeddict-item]  # one of pydantic's words
    return old, new


def readable_by(reader: type[BaseModel]) -> Callable[[Any], bool]:
    """By the letter of the reader's schema and by its model: what a team in any language meets, and
    what one in Python does.
    """
    validator = Draft202012Validator(reader.model_json_schema())

    def reads(value: Any) -> bool:
        if not validator.is_valid(value):
            return False
        try:
            reader.model_validate_json(json.dumps(value))
        except ValidationError:
            return False
        return True

    return reads


def an_unreadable_record(writer: type[BaseModel], reader: type[BaseModel], tries: int) -> Any:
    """One that the writer may write and the reader can't read; NONE when there was none among so
    many.
    """
    schema, reads = writer.model_json_schema(), readable_by(reader)
    try:
        return find(
            values(schema, schema),
            lambda value: not reads(value),
            settings=settings(max_examples=tries, **QUICK),
        )
    except NoSuchExample:
        return NONE


def broken(old: type[BaseModel], new: type[BaseModel]) -> str:
    then, now = old.model_json_schema(), new.model_json_schema()
    sides = (("new", then, now), ("old", now, then))
    return " ".join(side for side, writer, reader in sides if unreadable(writer, reader))


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_changes(name: str) -> None:
    assert broken(*models(TABLE[name])) == TABLE[name].breaks


@pytest.mark.parametrize("name", TABLE)
def test_records_prove_each_row(name: str) -> None:
    """What is allowed: no drawn record is unreadable. What is refused: a record is found that its
    reader can't read.
    """
    old, new = models(TABLE[name])
    for side, writer, reader in (("new", old, new), ("old", new, old)):
        if side in TABLE[name].breaks.split():
            assert an_unreadable_record(writer, reader, 1000) is not NONE
        else:
            assert an_unreadable_record(writer, reader, 25) is NONE


LEAVES = st.sampled_from(
    [
        {"type": "integer"}, {"type": "number"}, {"type": "string"}, {"type": "null"},
        {"enum": ["a"], "type": "string"},
        {"enum": ["a", "b"], "type": "string"}, {"type": "integer", "minimum": 1},
        {"type": "string", "maxLength": 2},
    ]
)  # fmt: skip


def compound(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    objects = fields.flatmap(
        lambda chosen: st.builds(
            lambda required,
            more: {"type": "object", "properties": chosen, "required": sorted(required), **more},
            st.sets(st.sampled_from(sorted(chosen)) if chosen else st.nothing()),
            st.sampled_from([{},
            *({"additionalProperties": others} for others in (False, True, {"type": "string"}))]),
        )
    )  # fmt: skip
    arrays = st.builds(
        lambda items, least: {"type": "array", "items": items, "minItems": least},
        inner,
        st.integers(0, 1),
    )
    return objects | arrays | st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner)


@settings(max_examples=150, **QUICK)
@given(
    st.recursive(LEAVES, compound, max_leaves=4),
    st.recursive(LEAVES, compound, max_leaves=4),
    st.data(),
)
def test_whatever_is_found_readable_is(
    writer: dict[str, Any], reader: dict[str, Any], data: st.DataObject
) -> None:
    if not unreadable(writer, reader):
        Draft202012Validator(reader).validate(data.draw(values(writer, writer)))


@settings(max_examples=50, **QUICK)
@given(st.recursive(LEAVES, compound, max_leaves=5))
def test_every_schema_reads_what_it_writes(schema: dict[str, Any]) -> None:
    assert unreadable(schema, schema) == []


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_our_models_read_what_their_schemas_let_others_write(event_type: str) -> None:
    schema = schema_of(event_type)

    @settings(max_examples=15, **QUICK)
    @given(values(schema, schema))
    def all_are_read(value: Any) -> None:
        EVENT_TYPES[event_type].model_validate_json(json.dumps(value))

    all_are_read()


@pytest.mark.parametrize(
    ("reader", "named"),
    [
        ({"type": "object", "patternProperties": {"^x": {}}}, "patternProperties"),
        ({"allOf": [{"type": "integer"}]}, "allOf"),
        ({"anyOf": [{"type": "integer"}], "minimum": 3}, "minimum beside anyOf"),
        ({"not": {"type": "integer"}}, "not"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(reader: dict[str, Any], named: str) -> None:
    assert named in str(unreadable({"type": "integer"}, reader)[0])
    assert unreadable(reader, {"type": "integer"}) != []
