"""Typed tables: the same rows and the same damage as the models find, one by one."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lake.columns import TIME, columns
from lake.rows import rows as lake_rows
from replaying.records import Block, LakeRows, Wish, records, works
from replaying.tables import table_schema, typed
from schemas.envelope import Decoded, Encoded
from schemas.events import (
    EVENT_TYPES,
    CreditRefund,
    LookDeadLettered,
    LookFailed,
    LookProgress,
    Stage,
)
from schemas.failures import FailureCode, FailureReason
from schemas.reading import read_event
from schemas.topics import LOOK_QUARANTINE, TOPIC_OF
from tests.making import NOW, TENANT, a_request
from tests.unit.replaying.making import (
    NOON_MS,
    a_block,
    a_completion,
    completions,
    encoded,
    request_id,
)

REASON = FailureReason(code=FailureCode.TIMEOUT, message="too slow", item_index=None)
LATE = FailureReason(code=FailureCode.PHOTO_NOT_PROCESSED, message="fault 1a2b3c4d", item_index=0)
EVENTS = (
    a_request(request_id(1)).model_copy(
        update={"runtime_config": {"width": 256, "deep": {"a": [1, None]}}}
    ),
    LookProgress(
        request_id=request_id(2), tenant_id=TENANT, stage=Stage.COMPOSING, attempt=1, at=NOW
    ),
    a_completion(3),
    LookFailed(request_id=request_id(4), tenant_id=TENANT, error=REASON, failed_at=NOW),
    LookFailed(request_id=request_id(4), tenant_id=TENANT, error=LATE, failed_at=NOW),
    CreditRefund(
        request_id=request_id(5),
        tenant_id=TENANT,
        amount=10,
        reason=FailureCode.TIMEOUT,
        refunded_at=NOW,
    ),
    LookDeadLettered(
        request_id=request_id(6),
        tenant_id=TENANT,
        reason=REASON,
        request=a_request(request_id(6)),
        attempts=3,
        decided_by="me",
        dead_lettered_at=NOW,
    ),
)


def rows(block: Block) -> list[dict[str, Any]]:
    made = typed(block)
    found: list[dict[str, Any]] = []
    for table in made.by_type.values():
        table.validate(full=True)
        found += table.to_pylist(maps_as_pydicts="strict")
    return sorted(found, key=lambda row: row["_offset"])


@pytest.mark.parametrize("model", EVENT_TYPES.values())
def test_every_event_type_has_columns(model: Any) -> None:
    assert columns(model) is not None


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_row_is_the_event_with_its_place(event: Any) -> None:
    (row,) = rows(a_block([event], first=7, topic=TOPIC_OF[type(event)].name))
    assert row["_offset"] == 7
    assert row["_timestamp"] == datetime.fromtimestamp(NOON_MS / 1000, UTC) + timedelta(
        milliseconds=7
    )
    assert (row["_key"], row["_sequence"], row["_ce_time"]) == (event.request_id, 4, NOW)
    body = {name: value for name, value in row.items() if not name.startswith("_")}
    if "runtime_config" in body and body["runtime_config"] is not None:
        body["runtime_config"] = {
            name: json.loads(text) for name, text in body["runtime_config"].items()
        }
    if "request" in body:
        body["request"] = {**body["request"], "runtime_config": None}
    assert type(event).model_validate(body) == event


def test_columns_are_typed() -> None:
    schema = table_schema("look.completed.v1")
    assert schema.field("completed_at").type == TIME
    assert schema.field("duration_ms").type == pa.int64()
    assert schema.field("stage_ms").type == pa.map_(pa.string(), pa.float64())
    assert schema.field("image").type.field("bytes").type == pa.int64()


def changed(**changes: object) -> Encoded:
    good = encoded(a_completion(1))
    body = json.loads(good.value) | changes
    return replace(
        good,
        value=json.dumps(
            {name: value for name, value in body.items() if value is not ...}
        ).encode(),
    )


def with_value(value: bytes) -> Encoded:
    return replace(encoded(a_completion(1)), value=value)


def with_headers(**changes: bytes | None) -> Encoded:
    good = encoded(a_completion(1))
    kept = dict(good.headers) | changes
    return replace(
        good, headers=tuple((name, raw) for name, raw in kept.items() if raw is not None)
    )


WHOLE = encoded(a_completion(1)).value
DAMAGED = {
    "number for a text": changed(tenant_id=5),
    "fraction for a whole number": changed(duration_ms=1.5),
    "below its least": changed(duration_ms=-1),
    "missing": changed(engine_version=...),
    "null": changed(engine_version=None),
    "list for an object": changed(stage_ms=[]),
    "null in a map": changed(stage_ms={"cut": None}),
    "text in a map": changed(stage_ms={"cut": "soon"}),
    "no request id": changed(request_id="abc"),
    "another subject": changed(request_id=request_id(2)),
    "no time": changed(completed_at="yesterday"),
    "three corners": changed(items=[json.loads(WHOLE)["items"][0] | {"box": [1, 2, 3]}]),
    "trailing comma": with_value(WHOLE[:-1] + b",}"),
    "not a number": with_value(WHOLE.replace(b'"cut":1.5', b'"cut":nan')),
    "two documents": with_value(WHOLE + b"\n" + WHOLE),
    "torn": with_value(WHOLE[:-5]),
    "empty": with_value(b""),
    "not UTF-8": with_value(WHOLE.replace(b"users", b"\xff\xfeers")),
    "not JSON at all": with_value(b"\x00\x01"),
    "too large": with_value(WHOLE + b" " * 300_000),
    "no type": with_headers(ce_type=None),
    "another type": with_headers(ce_type=b"look.failed.v1"),
    "unknown type": with_headers(ce_type=b"look.completed.v99"),
    "no id": with_headers(ce_id=b""),
    "no zone": with_headers(ce_time=b"2026-01-01T00:00:00"),
    "no number": with_headers(ce_sequence=b"two"),
    "a number that no column holds": with_headers(ce_sequence=b"2147483648"),
    "a signed number": with_headers(ce_sequence=b"+1"),
    "header not UTF-8": with_headers(traceparent=b"\xff"),
}


@pytest.mark.parametrize("record", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_record_is_found_among_good_ones(record: Encoded) -> None:
    block = a_block([a_completion(0), record, a_completion(2)])
    made = typed(block)
    assert [one.offset for one in made.damaged] == [1]
    assert made.damaged[0].value == record.value
    assert [row["_offset"] for row in rows(block)] == [0, 2]


@pytest.mark.parametrize(
    "record",
    [
        changed(added_later={"x": 1}),
        changed(duration_ms="5"),
        changed(completed_at="2026-01-02T03:04:05+02:00"),
        changed(completed_at="2026-01-02T03:04:05"),
        changed(warnings=...),
        with_headers(ce_sequence=None),
        with_headers(ce_subject=None),
        with_headers(traceparent="größer".encode()),
    ],
)
def test_what_the_model_accepts_is_a_row_however_it_is_spelled(record: Encoded) -> None:
    block = a_block([record])
    found = read_event(block.topic, block.records[0].value, block.records[0].headers)
    assert isinstance(found, Decoded)
    (row,) = rows(block)
    assert row["duration_ms"] == found.event.duration_ms  # type: ignore[attr-defined]  # it is a completion
    assert row["warnings"] == list(found.event.warnings)  # type: ignore[attr-defined]  # it is a completion


def test_a_number_that_no_column_holds_is_damage() -> None:
    made = typed(a_block([a_completion(0), changed(duration_ms=10**30), a_completion(2)]))
    assert [(one.offset, one.reason[:14]) for one in made.damaged] == [(1, "fits no column")]
    assert made.rows == 2


TOKENS = [
    b"1",
    b"null",
    b'"x"',
    b"[]",
    b"{}",
    b"true",
    b"-1",
    b"1.5",
    b"1e3",
    b"NaN",
    b"",
    b",",
    b"]",
    b"}",
    b'"',
    b"\\",
    b" ",
    b"\xff",
]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 12), st.sampled_from(TOKENS)),
        min_size=1,
        max_size=2,
    )
)
def test_tables_and_model_agree_about_any_bytes(edits: list[tuple[int, int, bytes]]) -> None:
    value = WHOLE
    for at, length, token in edits:
        value = value[:at] + token + value[at + length :]
    block = a_block([a_completion(0), with_value(value)])
    accepted = isinstance(read_event(block.topic, value, block.records[1].headers), Decoded)
    made = typed(block)
    unfit = [one for one in made.damaged if one.reason.startswith("fits no column")]
    assert made.rows == 2 if accepted and not unfit else [one.offset for one in made.damaged] == [1]


def test_a_large_block_with_a_little_damage_loses_only_that() -> None:
    block = completions(0, 2000)
    block.records[1234] = replace(block.records[1234], value=b"{")
    made = typed(block)
    assert [one.offset for one in made.damaged] == [1234]
    assert made.rows == 1999
    assert list(made.by_type["look.completed.v1"]["_offset"].to_pylist()) == [
        n for n in range(2000) if n != 1234
    ]


def test_a_tenant_sees_only_its_own_rows() -> None:
    events = [a_completion(0), a_completion(1, tenant="other"), a_completion(2)]
    block = a_block(events, wish=Wish("other"))
    assert [row["_offset"] for row in rows(block)] == [1]


def test_raw_topics_keep_bytes_and_headers() -> None:
    block = a_block([with_value(b"\xff\x00")], topic=LOOK_QUARANTINE.name)
    (row,) = rows(block)
    assert row["_value"] == b"\xff\x00"
    assert row["_headers"]["ce_type"] == b"look.completed.v1"


def test_rows_of_the_lake_are_the_rows_of_their_records() -> None:
    topic = TOPIC_OF[LookFailed]
    events = [event for event in EVENTS if isinstance(event, LookFailed)]
    block = a_block(events, first=3, topic=topic.name)
    piece = LakeRows(topic.name, lake_rows(topic, works(block)))
    for validate in (False, True):
        made = typed(piece, validate=validate)
        assert made.by_type == typed(block).by_type
        assert made.damaged == []
    good, bad = records(piece)
    expected, _ = records(block)
    assert bad == []
    assert [(one.key, one.value, one.said and one.said.event) for one in good] == [
        (one.key, one.value, one.said and one.said.event) for one in expected
    ]


def test_a_row_that_its_model_refuses_is_set_aside_where_somebody_asks() -> None:
    topic = TOPIC_OF[CreditRefund]
    refund = next(event for event in EVENTS if isinstance(event, CreditRefund))
    table = lake_rows(topic, works(a_block([refund, refund], topic=topic.name)))
    amounts = pa.array([10, -10], pa.int64())
    number = table.schema.get_field_index("amount")
    piece = LakeRows(topic.name, table.set_column(number, table.schema.field(number), amounts))
    assert typed(piece).rows == 2
    made = typed(piece, validate=True)
    assert (made.rows, [one.offset for one in made.damaged]) == (1, [1])
    assert "amount" in made.damaged[0].reason
