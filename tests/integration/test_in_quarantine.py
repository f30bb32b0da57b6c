"""A record that is read again is not put into quarantine again, though the group's offsets are
gone.
"""

import asyncpg
import pytest
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka.admin import AdminClient

from runtime import in_quarantine
from runtime.in_quarantine import InQuarantine
from runtime.kafka import AIOKafkaProducer, ConsumerRecord, quarantine_origin
from runtime.reading import read_all
from runtime.records import OutRecord
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.topics import CREDIT_REFUND, LOOK_DEAD_LETTER, LOOK_QUARANTINE, Topic
from storage.claims import ClaimStore
from tests.integration.applications import Begin, dead_letters, ledger
from tests.integration.conftest import running, until


def sessions(name: str, kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    """Of the consumer of this name."""
    if name == "credit_ledger":
        return ledger(kafka, pool)
    return dead_letters(kafka, ClaimStore(pool))


async def kept(kafka: KafkaSettings, value: bytes) -> list[tuple[bytes, ...]]:
    """The quarantined copies of a record: who kept them, and where they came from."""
    found: list[tuple[bytes, ...]] = []

    def take(record: ConsumerRecord) -> None:
        if record.value == value:
            found.append(quarantine_origin(record.headers))

    await read_all(kafka, (LOOK_QUARANTINE,), take)
    return found


@pytest.mark.parametrize(
    ("name", "topic"), [("credit_ledger", CREDIT_REFUND), ("dead_letter", LOOK_DEAD_LETTER)]
)
async def test_a_group_whose_offsets_are_gone_quarantines_nothing_twice(
    kafka: KafkaSettings,
    pool: asyncpg.Pool,
    producer: AIOKafkaProducer,
    name: str,
    topic: Topic,
) -> None:
    first, second = (f"no event {new_request_id()}".encode() for _ in range(2))
    place = await producer.send_and_wait(topic.name, first, partition=5)
    begin = sessions(name, kafka, pool)
    async with running(name, begin):

        async def once() -> bool:
            return len(await kept(kafka, first)) == 1

        await until(once)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    group = kafka.names.group(f"looks.{name}")
    admin.delete_consumer_groups([group])[group].result(30)
    await producer.send_and_wait(topic.name, second, partition=5)
    async with running(name, begin):

        async def next_too() -> bool:
            return len(await kept(kafka, second)) == 1

        await until(next_too)
    assert await kept(kafka, first) == [
        (name.encode(), topic.name.encode(), b"5", str(place.offset).encode())
    ]


def out(value: bytes, consumer: bytes = b"c", offset: bytes = b"1") -> OutRecord:
    headers = {"consumer": consumer, "topic": b"t", "partition": b"0", "offset": offset}
    told = tuple((f"looks-quarantine-{name}", text) for name, text in headers.items())
    return OutRecord(LOOK_QUARANTINE.name, None, value, told)


async def test_only_the_same_record_of_the_same_consumer_counts(
    kafka: KafkaSettings, producer: AIOKafkaProducer
) -> None:
    value = new_request_id().encode()
    one = out(value)
    await producer.send_and_wait(one.topic, one.value, headers=list(one.headers))
    others = [
        out(value, offset=b"2"),
        out(value, consumer=b"d"),
        out(value + b"made anew"),
        OutRecord("look.failed", None, value, one.headers),
    ]
    assert await InQuarantine(kafka, "c").fresh([one, *others]) == others


async def test_where_quarantine_can_not_be_read_records_are_kept(
    kafka: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(*_: object) -> None:
        raise TopicAuthorizationFailedError(LOOK_QUARANTINE.name)

    monkeypatch.setattr(in_quarantine, "spans", refused)
    assert await InQuarantine(kafka, "c").fresh([out(b"x")]) == [out(b"x")]
