"""`looks_client.events`: the released schemas, and records as events."""

import json
from dataclasses import replace

import jsonschema
import pytest

from cli.releases import released
from looks_client.events import (
    EVENT_TYPES,
    Decoded,
    LookCompleted,
    LookFailed,
    Undecodable,
    Unknown,
    decode,
    decode_record,
    releases,
    schema,
)
from looks_client.testkit import Record, sample
from schemas.topics import TOPICS, Audience


def changed(record: Record, **headers: bytes | None) -> Record:
    """With other headers; None: without."""
    named = {**dict(record.headers), **headers}
    left = tuple((name, raw) for name, raw in named.items() if raw is not None)
    return replace(record, headers=left)


def test_the_types_are_those_of_the_public_topics() -> None:
    public = [topic.name for topic in TOPICS if topic.audience is Audience.PUBLIC]
    assert [one.rpartition(".v")[0] for one in EVENT_TYPES] == public


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_release_is_there_and_takes_the_sample(event_type: str) -> None:
    assert releases(event_type) == sorted(".".join(map(str, one)) for one in released(event_type))
    for version in releases(event_type):
        jsonschema.validate(json.loads(sample(event_type).value), schema(event_type, version))
    assert schema(event_type) == schema(event_type, releases(event_type)[-1])
    with pytest.raises(KeyError, match=r"9\.9\.9"):
        schema(event_type, "9.9.9")
    with pytest.raises(KeyError):
        releases("look.requested.v1")


def test_a_record_is_read_with_what_its_headers_say() -> None:
    completed = decode_record(sample("look.completed", reference="order-1"))
    assert isinstance(completed, Decoded)
    assert isinstance(completed.event, LookCompleted)
    assert (completed.event.reference, completed.event.image.width) == ("order-1", 768)
    assert (completed.meta.type, completed.meta.sequence) == ("look.completed.v1", 3)
    assert completed.meta.time.tzinfo is not None
    failed = decode_record(sample("look.failed", error={"cause": "a_cause_of_tomorrow"}))
    assert isinstance(failed, Decoded)
    assert isinstance(failed.event, LookFailed)
    assert failed.event.error.cause == "a_cause_of_tomorrow"


def test_fields_and_types_of_tomorrow_are_passed_over() -> None:
    record = sample("look.completed")
    later = json.dumps({**json.loads(record.value), "later": 1}).encode()
    read = decode(later, record.headers)
    assert isinstance(read, Decoded)
    assert read.event.model_extra == {"later": 1}
    other = changed(record, ce_type=b"look.completed.v2")
    assert decode_record(other) == Unknown("look.completed.v2")
    unknown = decode(b"\xff", [("ce_type", b"look.progress.v1")])
    assert unknown == Unknown("look.progress.v1")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"ce_type": None}, "missing header ce_type"),
        ({"ce_id": None}, "missing header ce_id"),
        ({"ce_time": b"soon"}, "ce_time or ce_sequence is malformed"),
        ({"ce_sequence": b"x"}, "ce_time or ce_sequence is malformed"),
        ({"ce_subject": b"another"}, "ce_subject differs"),
        ({"ce_source": b"\xff"}, "a header is not UTF-8"),
    ],
)
def test_bad_headers_are_a_value_and_no_exception(
    headers: dict[str, bytes | None], reason: str
) -> None:
    read = decode_record(changed(sample("look.completed"), **headers))
    assert isinstance(read, Undecodable)
    assert read.reason.startswith(reason)


@pytest.mark.parametrize("value", [None, b"", b"no JSON", b"[]", b"{}", b"\xff", b"[" * 9999])
def test_bad_bodies_are_a_value_and_no_exception(value: bytes | None) -> None:
    assert isinstance(decode(value, sample("look.failed").headers), Undecodable)
    assert isinstance(decode(value, None), Undecodable)
