"""An event is the same after it was a row."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lake.layout import TOPICS, event_of
from lake.rows import MISFITS, event, rows
from runtime.records import Work
from schemas.envelope import Decoded, Meta
from schemas.events import TYPE_OF, RequestEvent
from schemas.ids import derived_id
from schemas.json_schema import schema_of
from schemas.topics import LOOK_REQUESTED, Topic
from tests.making import NOW, a_request, work
from tests.unit.schemas.drawing import values


def readable(topic: Topic, value: Any) -> RequestEvent:
    try:
        return event_of(topic).model_validate(value)
    except ValidationError:
        assume(False)
        raise


def of_topic(topic: Topic) -> st.SearchStrategy[RequestEvent]:
    schema = schema_of(TYPE_OF[event_of(topic)])
    return values(schema, schema).map(lambda value: readable(topic, value))


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_an_event_is_read_back_as_it_was(topic: Topic, data: st.DataObject) -> None:
    events = data.draw(st.lists(of_topic(topic), min_size=1, max_size=3))
    table = rows(topic, [work(one, offset=at) for at, one in enumerate(events)])
    found = table.to_pylist()
    assert [event(topic, row) for row in found] == events
    assert [row["offset"] for row in found] == list(range(len(events)))


def test_a_row_says_where_its_record_stands_and_what_its_headers_say() -> None:
    meta = Meta(
        derived_id(a_request().request_id, "x"), "look.requested.v1", "/test", NOW, 3, "00-a-b-01"
    )
    one = Work(LOOK_REQUESTED.name, 7, 2**40, 1_767_323_045_123, Decoded(a_request(), meta))
    (row,) = rows(LOOK_REQUESTED, [one]).to_pylist()
    assert (row["topic"], row["partition"], row["offset"]) == ("look.requested", 7, 2**40)
    assert row["timestamp"] == one.written_at
    assert (row["ce_id"], row["ce_type"], row["ce_time"]) == (meta.id, meta.type, NOW)
    assert (row["sequence"], row["traceparent"]) == (3, "00-a-b-01")


def test_free_json_is_kept_as_text_with_its_nulls() -> None:
    config = {"nothing": None, "deep": {"a": [1, "ü"]}}
    asked = a_request().model_copy(update={"runtime_config": config})
    table = rows(LOOK_REQUESTED, [work(asked)])
    (row,) = table.to_pylist()
    assert dict(row["runtime_config"]) == {"nothing": "null", "deep": '{"a": [1, "ü"]}'}
    assert event(LOOK_REQUESTED, row) == asked


def test_a_number_beyond_64_bits_fits_no_column() -> None:
    with pytest.raises(MISFITS):
        rows(LOOK_REQUESTED, [work(a_request(cost=2**63))])
