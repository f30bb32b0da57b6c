"""Safeguards that a simulation can do without, one at a time: what it must find then.

Nothing in the project knows of this: the safeguard is replaced in memory for as long as a run
lasts.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from aiokafka import TopicPartition

import domain.composing
import producers.deadline_sweeper
from chaos.sabotage import without_deadline
from chaos.simulation.broker import Broker
from chaos.simulation.clients import SimulatedProducer
from chaos.simulation.processes import SimulatedKafka
from chaos.simulation.script import Deed, Dice
from chaos.simulation.stores import SimulatedOutbox
from chaos.simulation.tables import Key, SimulatedConnection
from consumers.compositor.handler import Compositor
from domain.history import PartitionHistory
from domain.outcomes import Emit
from runtime.batch_session import BatchSession
from runtime.deciding import Decider, Decision
from runtime.lane_opening import LaneOpener
from runtime.offsets import OffsetTracker
from runtime.projected import Projected
from runtime.records import OutRecord
from runtime.restore import horizon
from runtime.transactions import Transactions
from storage.outbox import OutboxRow


class Missing(StrEnum):
    """A safeguard that is not there."""

    OUTBOX_MARK = "outbox-mark"  # a row is removed before Kafka has it
    DEADLINE = "deadline"  # the compositor publishes completions after the deadline too
    TRANSACTION = "transaction"  # results leave without a transaction
    FENCE = "fence"  # each owner of a partition has a transactional id of its own
    HISTORY = "history"  # a new owner remembers nothing
    MEMORY = "memory"  # what was decided is not noted
    NUMBERS = "numbers"  # the number of a progress event is not noted
    LOST_WORK = "lost-work"  # offsets beyond unfinished records are committed
    CLAIM = "claim"  # every dead letter of a request wins
    REFUND_KEY = "refund-key"  # a refund is entered as often as it is read
    QUARANTINE = "quarantine"  # what can't be read is passed over
    APPLY_FIRST = "apply-first"  # offsets are committed before a batch is applied
    FORWARD_ONLY = "forward-only"  # a final status gives way to another
    MARGIN = "margin"  # the sweeper acts at the deadline
    CATCH_UP = "catch-up"  # the sweeper does not wait for the projection
    HORIZON = "horizon"  # what a new owner reads back is measured by its own clock alone
    FORGETTING = "forgetting"  # what is remembered is forgotten by our own clock alone
    ISOLATION = "isolation"  # readers see what no transaction committed
    STAYING = "staying"  # what follows from a record goes where settings say, though topics grew


_consume = BatchSession._consume


async def _without_transaction(
    self: Transactions, announced: list[OutRecord], decisions: list[Decision]
) -> bool:
    decided = await self._ports.fresh([out for one in decisions for out in one.records])
    for out in (*announced, *decided):
        await self._producer.send_and_wait(
            out.topic, out.value, key=out.key, headers=list(out.headers)
        )
    offsets = self._offsets_after(decisions)
    await self._producer.begin_transaction()
    await self._producer.send_offsets_to_transaction(offsets, self._ports.handler.declaration.group)
    await self._producer.commit_transaction()
    return True


_lives = iter(range(10**12))
_producer = SimulatedKafka.producer


def _without_fence(self: SimulatedKafka, client_id: str, transactional_id: str | None) -> Any:
    own = transactional_id and f"{transactional_id}.{next(_lives)}"
    return _producer(self, client_id, own)


async def _without_history(self: LaneOpener, number: int, unread: object) -> PartitionHistory:
    return PartitionHistory()


def _without_memory(self: Compositor, asked: object, emit: Emit, history: object) -> None:
    return None


async def _by_our_clock(self: LaneOpener, number: int) -> datetime:
    return horizon(self._clock(), self._declared.history_window_s)


def _forgotten_by_our_clock(self: Decider) -> datetime:
    return self._ports.clock()


def _without_numbers(history: object, emit: object, until: object) -> None:
    return None


def _without_contiguity(self: OffsetTracker) -> int | None:
    last = self._base + max((i + 1 for i, one in enumerate(self._marks) if not one), default=0)
    return last if last > self._committed and last > 0 else None


def _without_quarantine(self: BatchSession, message: Any, outcomes: object) -> list[OutRecord]:
    return []


async def _committed_first(self: BatchSession, call_next: Any, message: Any) -> object:
    moved = await self._moved(message.raw_message)
    await self._commit(moved)
    self._positions.update({place: begun for place, (begun, _) in moved.items()})
    return await _consume(self, call_next, message)


def _without_margin(now: datetime, **_: float) -> datetime:
    return now


async def _without_catching_up(
    self: Projected, topics: object, numbers: list[int], within_s: float
) -> set[int]:
    return {*numbers}


def _readable_at_once(
    self: Broker, partition: TopicPartition, position: int, *, committed_only: bool, most: int
) -> Any:
    return _readable(self, partition, position, committed_only=False, most=most)


_readable = Broker.readable
_send = SimulatedProducer.send


async def _by_settings(self: SimulatedProducer, *args: Any, **said: Any) -> Any:
    if self._id is not None:
        said["partition"] = None
    return await _send(self, *args, **said)


async def _without_mark(self: SimulatedOutbox, publish: Any, limit: int) -> int:
    tables = self._tables

    def take() -> list[OutboxRow]:
        rows = [row for row, _ in tables.outbox.values()][:limit]
        tables.remove(rows, SimulatedConnection(lambda: True))
        return rows

    rows: Sequence[OutboxRow] = await self._wire.call(take, ConnectionResetError)
    if rows:
        await publish(rows, tables.growths)
    else:
        await self._wait()
    return len(rows)


@dataclass(frozen=True, slots=True)
class Plant:
    """How a safeguard is taken out: what stands in its place where, and what the database lacks."""

    places: tuple[tuple[Any, str, Any], ...] = ()
    lacks: frozenset[Key] = field(default_factory=frozenset)


PLANTS: dict[Missing, Plant] = {
    Missing.OUTBOX_MARK: Plant(((SimulatedOutbox, "relay", _without_mark),)),
    Missing.DEADLINE: Plant(((PartitionHistory, "admission", without_deadline),)),
    Missing.TRANSACTION: Plant(((Transactions, "_transact", _without_transaction),)),
    Missing.FENCE: Plant(((SimulatedKafka, "producer", _without_fence),)),
    Missing.HISTORY: Plant(((LaneOpener, "_restore", _without_history),)),
    Missing.MEMORY: Plant(((Compositor, "committed", _without_memory),)),
    Missing.NUMBERS: Plant(((domain.composing, "note", _without_numbers),)),
    Missing.LOST_WORK: Plant(((OffsetTracker, "to_commit", _without_contiguity),)),
    Missing.CLAIM: Plant(lacks=frozenset({Key.ONE_CLAIM})),
    Missing.REFUND_KEY: Plant(lacks=frozenset({Key.ONE_REFUND})),
    Missing.QUARANTINE: Plant(((BatchSession, "_kept", _without_quarantine),)),
    Missing.APPLY_FIRST: Plant(((BatchSession, "_consume", _committed_first),)),
    Missing.FORWARD_ONLY: Plant(lacks=frozenset({Key.FORWARD_ONLY})),
    Missing.MARGIN: Plant(((producers.deadline_sweeper, "overdue_before", _without_margin),)),
    Missing.CATCH_UP: Plant(((Projected, "numbers", _without_catching_up),)),
    Missing.HORIZON: Plant(((LaneOpener, "_horizon", _by_our_clock),)),
    Missing.FORGETTING: Plant(((Decider, "surely_now", _forgotten_by_our_clock),)),
    Missing.ISOLATION: Plant(((Broker, "readable", _readable_at_once),)),
    Missing.STAYING: Plant(((SimulatedProducer, "send", _by_settings),)),
}
"""Where each stands, and what stands there without it."""


RELAYS, SWEEPERS = ("outbox_relay",), ("deadline_sweeper",)
LANES = ("compositor", "dead_letter")
PROJECTIONS, LEDGERS = ("status_projection",), ("credit_ledger",)
STILLS = {Deed.STILL: 1}
KILLS = {Deed.KILL: 1}
FAULTS: dict[Missing, Dice] = {
    Missing.OUTBOX_MARK: Dice(kinds=KILLS, struck=RELAYS),
    Missing.DEADLINE: Dice(),
    Missing.TRANSACTION: Dice(kinds={Deed.STILL: 2, Deed.KILL: 1}, struck=LANES),
    Missing.FENCE: Dice(kinds=STILLS, struck=LANES, stands_s=(2.0, 3.0), alone=0.0),
    Missing.HISTORY: Dice(kinds=KILLS, struck=LANES),
    Missing.MEMORY: Dice(kinds={Deed.COPY: 1}),
    Missing.NUMBERS: Dice(),
    Missing.LOST_WORK: Dice(kinds=KILLS, struck=LANES[:1], lasts_s=(50.0, 60.0)),
    Missing.CLAIM: Dice(),
    Missing.REFUND_KEY: Dice(kinds=KILLS, struck=LEDGERS),
    Missing.QUARANTINE: Dice(kinds={Deed.POISON: 1}),
    Missing.APPLY_FIRST: Dice(kinds=KILLS, struck=(*PROJECTIONS, *LEDGERS)),
    Missing.FORWARD_ONLY: Dice(requests=12, faults=1, kinds={Deed.HANG: 1}),
    Missing.MARGIN: Dice(requests=16, faults=8, kinds=STILLS, struck=LANES[:1], lasts_s=(0.3, 1.5)),
    Missing.CATCH_UP: Dice(
        kinds=STILLS, struck=PROJECTIONS, lasts_s=(1.5, 4.0), stands_s=(6.0, 9.0), alone=1.0
    ),
    Missing.HORIZON: Dice(
        requests=12,
        kinds={Deed.JUMP: 3, Deed.KILL: 3, Deed.COPY: 4},
        struck=LANES[:1],
        faults=20,
        alone=1.0,
    ),
    Missing.FORGETTING: Dice(kinds={Deed.JUMP: 2, Deed.COPY: 2}, struck=LANES[:1], faults=8),
    Missing.ISOLATION: Dice(),
    Missing.STAYING: Dice(requests=10, kinds=KILLS, struck=LANES[:1], grows=1.0),
}
"""The faults that each is there for."""


@contextmanager
def planted(missing: Missing | None) -> Iterator[frozenset[Key]]:
    """Take a safeguard out for as long as the block lasts; gives what the database lacks."""
    plant = PLANTS[missing] if missing is not None else Plant()
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in plant.places]
    for owner, name, replacement in plant.places:
        setattr(owner, name, replacement)
    try:
        yield plant.lacks
    finally:
        for owner, name, safeguard in before:
            setattr(owner, name, safeguard)
