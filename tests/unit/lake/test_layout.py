"""Each topic's columns, and how a table grows with its event."""

from datetime import datetime

import pyarrow as pa
import pytest

from lake.catalog import table_name
from lake.columns import TIME
from lake.layout import PLACE, TOPICS, NoTable, arrow_schema, event_columns
from schemas.events import LookCompleted, RequestEvent
from schemas.topics import LOOK_COMPLETED, LOOK_QUARANTINE, Topic


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_field_of_an_event_has_a_column_of_its_own(topic: Topic) -> None:
    assert topic.event is not None
    names = arrow_schema(topic).names
    assert len(set(names)) == len(names)
    assert names == [*(field.name for field in PLACE), *topic.event.model_fields]


def test_structs_stay_nested_and_lists_and_maps_are_typed() -> None:
    schema = arrow_schema(LOOK_COMPLETED)
    image, items = schema.field("image").type, schema.field("items").type
    assert image.field("width").type == pa.int64()
    assert items.value_type.field("cutout").type == image
    assert items.value_type.field("landmarks").type == pa.map_(pa.string(), pa.list_(pa.float64()))
    assert schema.field("completed_at").type == TIME


def test_bytes_as_they_came_have_no_table() -> None:
    with pytest.raises(NoTable, match=r"look\.quarantine"):
        arrow_schema(LOOK_QUARANTINE)


def test_an_event_that_checks_more_than_its_schema_says_is_refused() -> None:
    class Odd(RequestEvent):
        at: datetime
        what: int | str

    with pytest.raises(NoTable, match="Odd"):
        event_columns(Odd)


def test_an_added_optional_field_only_adds_a_column() -> None:
    class Grown(LookCompleted):
        note: str | None = None

    before, after = event_columns(LookCompleted).fields, event_columns(Grown).fields
    assert {name: after[name] for name in before} == dict(before)
    assert set(after) - set(before) == {"note"}


def test_names_are_of_letters_and_underscores() -> None:
    assert table_name("look.dead-letter") == "look_dead_letter"
