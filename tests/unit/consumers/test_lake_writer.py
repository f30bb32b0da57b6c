"""What the lake's writer gathers, and when it is kept: on FastStream's broker in memory, with
tables that only remember.
"""

import asyncio
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pytest
from faststream.kafka import TestKafkaBroker

from consumers.lake_writer.application import DECLARATION, gather
from consumers.lake_writer.gathered import Gathered
from domain.outcomes import Done, Unhandled
from runtime.application import Application
from runtime.declaration import Spans
from runtime.gathering_session import GatheringLimits, GatheringSession
from runtime.records import OutRecord
from schemas.envelope import encode
from schemas.events import RequestEvent
from schemas.samples import sample_of
from schemas.topics import LOOK_COMPLETED, LOOK_QUARANTINE, LOOK_REQUESTED, TOPIC_OF
from tests.making import a_request, decoded, work


class Remembering:
    """Tables, and quarantine, that only remember, in order."""

    client: object = None

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []

    async def append(self, topic: str, rows: pa.Table, after: Mapping[int, int]) -> None:
        self.done.append((topic, rows.num_rows))

    async def send(self, topic: str, value: bytes | None, **_: object) -> "asyncio.Future[object]":
        self.done.append((topic, 1))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Positions:
    """Of nobody."""

    async def start(self, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        return {}

    async def moved(self, positions: Spans) -> None:
        raise AssertionError


class Unasked:
    """Nothing is in quarantine yet."""

    async def fresh(self, records: list[OutRecord]) -> list[OutRecord]:
        return records


def test_one_commit_for_each_topic_with_where_its_partitions_go_on() -> None:
    told: list[tuple[str, int, Mapping[int, int]]] = []

    class Noting:
        async def append(self, topic: str, rows: pa.Table, after: Mapping[int, int]) -> None:
            told.append((topic, rows.num_rows, after))

    gathered = Gathered(Noting())
    completed = sample_of("look.completed.v1")
    first = [work(a_request(), offset=4), work(completed, offset=9)]
    assert gathered.add(first) == [Done(), Done()]
    gathered.add([work(a_request(), offset=5)])
    assert gathered.size_bytes > 0
    positions = {
        (LOOK_REQUESTED.name, 0): (4, 6),
        (LOOK_COMPLETED.name, 0): (9, 11),
        (LOOK_COMPLETED.name, 3): (0, 2),
    }
    asyncio.run(gathered.keep(positions))
    assert told == [
        (LOOK_COMPLETED.name, 1, {0: 11, 3: 2}),
        (LOOK_REQUESTED.name, 2, {0: 6}),
    ]
    assert gathered.size_bytes == 0


def test_what_fits_no_column_is_refused_and_what_stands_beside_it_is_not() -> None:
    gathered = Gathered(Remembering())
    works = [work(a_request(cost=2**63 if n == 2 else 10), offset=n) for n in range(5)]
    outcomes = gathered.add(works)
    assert [type(one) for one in outcomes] == [Done, Done, Unhandled, Done, Done]
    assert str(getattr(outcomes[2], "why", "")).startswith("fits no column")


async def published(
    application: Application, events: Sequence[RequestEvent | bytes]
) -> GatheringSession:
    session = application.begin()
    assert isinstance(session, GatheringSession)
    session._quarantine = Unasked()  # type: ignore[assignment]  # it asks Kafka
    async with TestKafkaBroker(application.kafka_broker):
        for event in events:
            value, headers, topic = b"", {}, LOOK_REQUESTED.name
            if isinstance(event, bytes):
                value = event
            else:
                encoded = encode(event, decoded(event).meta)
                value, topic = encoded.value, TOPIC_OF[type(event)].name
                headers = {name: raw.decode() for name, raw in encoded.headers}
            await application.kafka_broker.publish(value, topic=topic, key=b"k", headers=headers)
    return session


def writing(tables: Remembering, limits: GatheringLimits) -> Application:
    made = Application(DECLARATION)
    made.sessions(
        lambda one: GatheringSession(one, Positions(), Gathered(tables), limits, producer=tables)
    )
    made.subscriber(gather)
    return made


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (GatheringLimits(3600, 2**40), []),
        (GatheringLimits(3600, 1), [(LOOK_REQUESTED.name, 1)]),
        (GatheringLimits(1e-9, 2**40), [(LOOK_REQUESTED.name, 1)]),
    ],
    ids=["neither", "size", "time"],
)
async def test_records_wait_until_time_or_size_is_reached(
    limits: GatheringLimits, kept: list[tuple[str, int]]
) -> None:
    tables = Remembering()
    await published(writing(tables, limits), [a_request()])
    assert tables.done == kept


async def test_what_waits_is_kept_when_partitions_go_to_somebody_else_and_at_the_end() -> None:
    tables = Remembering()
    session = await published(
        writing(tables, GatheringLimits(3600, 2**40)), [a_request(), a_request()]
    )
    assert tables.done == []
    await session.revoked(set())
    assert tables.done == [(LOOK_REQUESTED.name, 2)]


async def test_quarantine_comes_before_the_tables_go_past_it() -> None:
    tables = Remembering()
    session = await published(
        writing(tables, GatheringLimits(3600, 2**40)), [a_request(), b"poison"]
    )
    await session.revoked(set())
    assert tables.done == [(LOOK_QUARANTINE.name, 1), (LOOK_REQUESTED.name, 1)]
