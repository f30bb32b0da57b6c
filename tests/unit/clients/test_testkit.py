"""The test kit: its samples are what we publish, its topic does what Kafka does."""

import subprocess
import sys

import pytest
from aiokafka.partitioner import murmur2 as theirs
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from looks_client.events import EVENT_TYPES, LookCompleted
from looks_client.testkit import FakeTopic, Record, sample
from looks_client.testkit.partitions import murmur2, partition_of
from schemas.envelope import Decoded, Encoded, Meta, decode, encode
from schemas.events import EVENT_TYPES as OURS
from schemas.ids import derived_id
from schemas.topics import PARTITIONS, TOPIC_OF
from tests.architecture.test_budgets import CLIENT


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_a_sample_is_what_we_publish(event_type: str) -> None:
    record = sample(event_type)
    read = decode(record.value, record.headers, OURS[event_type])
    assert isinstance(read, Decoded)
    assert read.event.model_dump(mode="json") == record.event.model_dump(mode="json")
    assert record.topic == TOPIC_OF[OURS[event_type]].name
    meta = Meta(
        derived_id(read.event.request_id, event_type),
        event_type,
        "/looks/testkit",
        read.meta.time,
        read.meta.sequence,
        read.meta.traceparent,
    )
    assert encode(read.event, meta) == Encoded(record.key, record.value, record.headers)
    assert len(FakeTopic().log) == PARTITIONS


def test_a_change_changes_what_it_names() -> None:
    event = sample("look.completed", tenant_id="acme", image={"width": 512}).event
    assert isinstance(event, LookCompleted)
    assert (event.tenant_id, event.image.width, event.image.height) == ("acme", 512, 1152)
    assert event.request_id in event.image.key


def test_samples_are_about_requests_of_their_own_and_the_same_request_has_the_same_event_id() -> (
    None
):
    one, other = sample("look.failed"), sample("look.failed")
    assert one.key != other.key
    again = sample("look.failed", request_id=one.event.request_id)
    assert (
        dict(again.headers)["ce_id"] == dict(one.headers)["ce_id"] != dict(other.headers)["ce_id"]
    )


def test_a_sample_that_would_be_invalid_is_refused() -> None:
    with pytest.raises(ValidationError):
        sample("look.completed", duration_ms=-1)
    with pytest.raises(ValidationError):
        sample("look.completed", image={"sha256": "x"})
    with pytest.raises(KeyError, match=r"look\.requested"):
        sample("look.requested")
    with pytest.raises(KeyError, match=r"look\.nothing"):
        sample("look.nothing")


@given(st.binary(max_size=40))
def test_partitions_are_those_of_kafkas_clients(key: bytes) -> None:
    assert murmur2(key) == theirs(key) & 0xFFFFFFFF
    assert partition_of(key, 12) == (theirs(key) & 0x7FFFFFFF) % 12


def ids(records: list[Record]) -> list[str]:
    return [record.event.request_id for record in records]


def test_records_of_a_key_share_a_partition_and_keep_their_order() -> None:
    topic = FakeTopic("look.completed")
    for number in range(1, 4):
        ids_of = (f"01ARZ3NDEKTSV4RRFFQ69G5FA{end}" for end in "VWX")
        topic.publish(
            *(sample("look.completed", request_id=one, duration_ms=number) for one in ids_of)
        )
    polled = topic.subscribe("g").poll()
    assert len(polled) == 9
    for end in "VWX":
        of_key = [record for record in polled if record.event.request_id.endswith(end)]
        assert len({record.partition for record in of_key}) == 1
        assert [record.offset for record in of_key] == sorted(record.offset for record in of_key)
        made = [record.event for record in of_key]
        assert [one.duration_ms for one in made if isinstance(one, LookCompleted)] == [1, 2, 3]


def test_what_was_not_committed_comes_again_after_a_crash() -> None:
    topic = FakeTopic()
    topic.publish(*(sample("look.completed") for _ in range(10)))
    subscriber = topic.subscribe("g")
    done = subscriber.poll(max_records=4)
    subscriber.commit()
    lost = subscriber.poll(max_records=3)
    subscriber.crash()
    again = topic.subscribe("g").poll()
    assert again[:3] == lost
    assert sorted(ids(done + again)) == sorted(ids(topic.subscribe("another").poll()))


def test_an_aborted_transaction_is_seen_only_by_who_reads_uncommitted() -> None:
    topic = FakeTopic()
    with topic.transaction() as transaction:
        transaction.publish(sample("look.completed"))
        transaction.abort()
    with pytest.raises(ValidationError), topic.transaction() as transaction:
        transaction.publish(sample("look.completed"), sample("look.completed", duration_ms=-1))
    assert topic.subscribe("g").poll() == []
    assert len(topic.subscribe("h", read_committed=False).poll()) == 1


def test_nothing_behind_an_open_transaction_is_seen_and_offsets_have_gaps() -> None:
    topic = FakeTopic(partitions=1)
    subscriber = topic.subscribe("g")
    first, second = sample("look.completed"), sample("look.completed")
    with topic.transaction() as transaction:
        transaction.publish(first)
        topic.publish(second)
        assert subscriber.poll() == []
    topic.publish(sample("look.completed"))
    polled = subscriber.poll()
    assert ids(polled)[:2] == ids([first, second])
    assert [record.offset for record in polled] == [0, 1, 3]


def test_the_kit_is_imported_without_any_client_library() -> None:
    clients = "{'aiokafka', 'asyncpg', 'boto3', 'confluent_kafka', 'fastapi', 'faststream'}"
    code = (
        "import sys; from looks_client import events, testkit; testkit.sample('look.completed'); "
        f"sys.exit(len({clients} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], cwd=CLIENT.parent, check=False).returncode == 0
    )
