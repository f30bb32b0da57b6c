from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import (
    MAX_VALUE_BYTES,
    Decoded,
    Meta,
    Undecodable,
    Unpublishable,
    continued,
    decode,
    encode,
    new_traceparent,
)
from schemas.events import (
    EVENT_TYPES,
    TYPE_OF,
    LookCompleted,
    LookFailed,
    LookRequested,
    RequestEvent,
    StoredImage,
)
from schemas.samples import sample_of
from tests.making import NOW, REQUEST_ID, a_request

META = Meta(
    "01ARZ3NDEKTSV4RRFFQ69G5FAW",
    "look.requested.v1",
    "/looks/api",
    NOW,
    1,
    new_traceparent(),
    {"looks-attempt": "2"},
)
GOOD = encode(a_request(), META)


def with_header(name: str, raw: bytes | None) -> list[tuple[str, bytes]]:
    kept = [(key, value) for key, value in GOOD.headers if key != name]
    return kept if raw is None else [*kept, (name, raw)]


def test_what_is_encoded_is_decoded() -> None:
    assert decode(GOOD.value, GOOD.headers, LookRequested) == Decoded(a_request(), META)


def test_the_headers_are_those_of_the_cloudevents_kafka_binding() -> None:
    names = {name for name, _ in GOOD.headers}
    required = {
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_subject",
        "ce_time",
        "ce_specversion",
        "content-type",
        "ce_dataschema",
    }
    assert required <= names
    assert dict(GOOD.headers)["ce_specversion"] == b"1.0"
    assert dict(GOOD.headers)["ce_subject"] == REQUEST_ID.encode()
    assert GOOD.key == REQUEST_ID.encode()


@pytest.mark.parametrize(
    ("value", "headers", "reason"),
    [
        (None, GOOD.headers, "no value"),
        (b"", GOOD.headers, "Invalid JSON"),
        (b"\xff\xfe", GOOD.headers, "JSON"),
        (b"[" * 100_000, GOOD.headers, "JSON"),
        (b"x" * (MAX_VALUE_BYTES + 1), GOOD.headers, "bytes"),
        (b"{}", GOOD.headers, "request_id"),
        (GOOD.value, (), "ce_id"),
        (GOOD.value, with_header("ce_type", b"look.requested.v99"), "v99"),
        (GOOD.value, with_header("ce_type", b"look.failed.v1"), "known elsewhere"),
        (GOOD.value, with_header("ce_time", b"yesterday"), "ce_time"),
        (GOOD.value, with_header("ce_time", b"2026-01-01T00:00:00"), "time zone"),
        (GOOD.value, with_header("ce_sequence", b"two"), "ce_sequence"),
        (GOOD.value, with_header("ce_sequence", b"-1"), "ce_sequence"),
        (GOOD.value, with_header("ce_sequence", b"2147483648"), "ce_sequence"),
        (GOOD.value, with_header("ce_sequence", b"9" * 5000), "ce_sequence"),
        (GOOD.value, with_header("ce_subject", b"another"), "ce_subject"),
        (GOOD.value, with_header("ce_source", b"\xff"), "UTF-8"),
    ],
)
def test_bad_records_are_values_with_a_reason(
    value: bytes | None, headers: list[tuple[str, bytes]], reason: str
) -> None:
    result = decode(value, headers, LookRequested)
    assert isinstance(result, Undecodable)
    assert reason in result.reason


@given(
    st.binary(max_size=400),
    st.lists(st.tuples(st.sampled_from([n for n, _ in GOOD.headers]), st.binary(max_size=40))),
)
def test_no_bytes_at_all_make_decoding_raise(
    value: bytes, headers: list[tuple[str, bytes]]
) -> None:
    for expected in EVENT_TYPES.values():
        decode(value, headers, expected)
        decode(value, GOOD.headers, expected)


def test_unknown_fields_of_a_later_minor_version_are_ignored() -> None:
    value = GOOD.value[:-1] + b',"added_later":{"x":1}}'
    assert isinstance(decode(value, GOOD.headers, LookRequested), Decoded)


def test_a_trace_is_handed_on_as_it_came() -> None:
    parent = new_traceparent()
    assert continued(parent) == parent


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "nonsense",
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        f"00-{'A' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'1' * 16}-01-more",
        f"00-{'1' * 32}-{'1' * 16}-01\n",
    ],
)
def test_what_is_no_trace_begins_one(odd: str) -> None:
    made = continued(odd)
    assert made != odd
    assert continued(made) == made


def test_a_decoded_time_is_aware() -> None:
    result = decode(GOOD.value, GOOD.headers, LookRequested)
    assert isinstance(result, Decoded)
    assert result.meta.time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert LookFailed is EVENT_TYPES["look.failed.v1"]


def a_completion() -> LookCompleted:
    event = sample_of("look.completed.v1")
    assert isinstance(event, LookCompleted)
    return event


def made_past_its_checks(model: Any, **fields: object) -> Any:
    return model.model_construct(**fields)


def changed(**past_its_checks: object) -> LookCompleted:
    return a_completion().model_copy(update=past_its_checks)


def mutated() -> LookCompleted:
    event = changed(stage_ms={"fit": 1.0})
    event.stage_ms["fit"] = "slow"  # type: ignore[index]  # a Mapping that is a dict after all
    return event


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (made_past_its_checks(LookCompleted, request_id=REQUEST_ID), "Field required"),
        (made_past_its_checks(LookCompleted), "Field required"),
        (changed(duration_ms=-1), "duration_ms"),
        (changed(tenant_id=None), "tenant_id"),
        (changed(request_id="not a ULID"), "request_id"),
        (changed(completed_at="soon"), "completed_at"),
        (changed(stage_ms={"fit": float("nan")}), "stage_ms.fit"),
        (changed(image=made_past_its_checks(StoredImage, bucket="looks")), "image.key"),
        (changed(image=a_completion().image.model_copy(update={"sha256": "00"})), "image.sha256"),
        (changed(warnings=("x" * MAX_VALUE_BYTES,)), "bytes, more than"),
        (changed(warnings=(object(),)), "object"),
        (changed(tenant_id="\ud800"), "surrogates"),
        (mutated(), "stage_ms.fit"),
    ],
)
def test_what_no_reader_could_read_is_not_published(event: RequestEvent, why: str) -> None:
    meta = Meta(META.id, TYPE_OF[type(event)], "/looks/test", NOW)
    with pytest.raises(Unpublishable, match=why):
        encode(event, meta)


def test_an_event_under_the_name_of_another_is_not_published() -> None:
    with pytest.raises(Unpublishable, match="LookRequested is not a"):
        encode(a_request(), Meta(META.id, "look.failed.v1", "/looks/test", NOW))


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_the_sample_of_each_type_is_published_and_read(event_type: str) -> None:
    event = sample_of(event_type)
    record = encode(event, Meta(META.id, event_type, "/looks/test", NOW))
    read = decode(record.value, record.headers, EVENT_TYPES[event_type])
    assert isinstance(read, Decoded)
    assert read.event == event
