"""What a run has broken, by the project's own checks (`domain.audit`), and by what only a
simulation can see: all that was lost, and statuses that moved back.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from aiokafka import ConsumerRecord

from chaos.simulation.broker import Broker
from chaos.simulation.pictures import Pictures
from chaos.simulation.script import CONSUMERS
from chaos.simulation.tables import SimulatedTables
from domain import audit
from domain.audit import AuditMoment, InTopic, Violation
from runtime.kafka import quarantine_origin, read
from runtime.records import Work
from runtime.topic_facts import AUDITED, NUMBERED
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
)

SETTLES_S = 0.0
TRAVELS_S = 3600.0
"""At rest nothing travels: all that was written is expected everywhere."""

Origin = tuple[str, int, int]
"""Topic, partition and offset."""


class Rested(Protocol):
    """A world at rest."""

    broker: Broker
    tables: SimulatedTables
    pictures: Pictures
    poison: list[Origin]

    def now(self) -> datetime:
        """True time."""


class _Topics:
    """What topics say of each request."""

    def __init__(self, broker: Broker, offsets: dict[tuple[str, int], int]) -> None:
        self.said: dict[str, dict[str, InTopic]] = defaultdict(dict)
        self.numbers: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._bodies: dict[tuple[str, str], set[bytes]] = defaultdict(set)
        self._offsets = offsets
        for topic in AUDITED:
            for record in broker.committed_records(topic.name):
                self._add(record)

    def _add(self, record: ConsumerRecord) -> None:
        work = read(record)
        if not isinstance(work, Work):
            return
        meta = work.decoded.meta
        if work.topic in NUMBERED:
            self.numbers[work.request_id, max(meta.sequence, 1)].add(meta.id)
        bodies = self._bodies[work.request_id, work.topic]
        bodies.add(record.value or b"")
        before = self.said[work.request_id].get(work.topic, InTopic())
        read_to = self._offsets.get((work.topic, work.partition), 0)
        self.said[work.request_id][work.topic] = InTopic(
            before.count + 1, len(bodies), read_to > work.offset, work.written_at
        )

    def shared(self, request_id: str) -> tuple[int, ...]:
        return tuple(
            number
            for (about, number), ids in sorted(self.numbers.items())
            if about == request_id and len(ids) > 1
        )


def findings(world: Rested) -> list[str]:
    """Every broken promise, in a line each."""
    now = world.now() + timedelta(seconds=TRAVELS_S)
    moment = AuditMoment(now, SETTLES_S, SETTLES_S, datetime.min.replace(tzinfo=UTC))
    topics = _Topics(world.broker, world.tables.offsets)
    found = [*_requests(world, topics, moment), *_money(world), *_quarantine(world)]
    return [str(one) for one in found]


def _requests(world: Rested, topics: _Topics, moment: AuditMoment) -> Iterator[Violation]:
    for request_id, row in world.tables.requests.items():
        said = topics.said[request_id]
        facts = replace(
            world.tables.facts(request_id),
            shared_numbers=topics.shared(request_id),
            requested=said.get(LOOK_REQUESTED.name, InTopic()),
            completed=said.get(LOOK_COMPLETED.name, InTopic()),
            failed=said.get(LOOK_FAILED.name, InTopic()),
            refund_events=said.get(CREDIT_REFUND.name, InTopic()),
        )
        yield from audit.violations(facts, moment)
        if row.moved_back:
            yield Violation(8, request_id, "its status moved on from a final one")
        if row.picture is not None and world.pictures.stored.get(row.picture[0]) != row.picture[1]:
            yield Violation(6, request_id, "its picture is not in S3")
    for request_id in topics.said.keys() - world.tables.requests.keys():
        yield Violation(5, request_id, "topics speak of a request that was never accepted")


def _money(world: Rested) -> Iterator[Violation]:
    for tenant, balance in world.tables.balances.items():
        yield from audit.account(tenant, balance, world.tables.entries[tenant])


def _quarantine(world: Rested) -> Iterator[Violation]:
    kept: dict[tuple[str, Origin], int] = defaultdict(int)
    for record in world.broker.committed_records(LOOK_QUARANTINE.name):
        headers = {name: raw.decode(errors="replace") for name, raw in record.headers}
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        yield from audit.quarantined(place, headers, has_bytes=record.value is not None)
        told = [part.decode() for part in quarantine_origin(record.headers)]
        consumer, origin = told[0], (told[1], int(told[2]), int(told[3]))
        kept[consumer, origin] += 1
        if origin not in world.poison:
            why = headers.get("looks-quarantine-reason")
            yield Violation(9, place, f"{consumer} could not handle {origin}: {why}")
    for origin in world.poison:
        for consumer in readers(world.broker, origin[0]):
            if not kept[consumer, origin]:
                yield Violation(9, str(origin), f"{consumer} has not kept what it can't read")


def readers(broker: Broker, topic: str) -> Sequence[str]:
    """The consumers that read a topic."""
    return [name for name in CONSUMERS if topic in broker.group(f"looks.{name}").topics]
