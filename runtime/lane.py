"""A lane: one partition number of every topic of a consumer, with the one transactional producer that may decide for it.

Work of a lane runs concurrently and finishes in any order. What is finished is committed in one Kafka transaction:
the decisions' records and the input offsets that they allow. The producer's transactional id is bound to the
partition number, so whoever takes the partition over fences the owner before. Any error in a transaction ends the
session: a producer in doubt is thrown away, never used again (aiokafka speaks transaction version 1 only).
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.breaker import Breaker
from domain.history import PartitionHistory
from domain.outcomes import Emit, Outcome, Reject, Skip, Unhandled
from runtime import faults, logs, metrics
from runtime.declaration import Draining, LaneHandler, Settled
from runtime.kafka import (
    AIOKafkaProducer,
    ConsumerRecord,
    TopicPartition,
    jitter,
    outgoing,
    quarantined,
    read,
    stop_client,
)
from runtime.offsets import OffsetTracker
from runtime.records import OutRecord, Work
from schemas.envelope import Undecodable
from schemas.topics import LOOK_DEAD_LETTER

log = logs.get(__name__)

BATCH_MAX = 500
"""Decisions in one transaction."""
RESETTLE_MAX = 3
"""Times a transaction is begun anew because a cancel or a deadline came in between."""


class BreakerTripped(Exception):
    """Most of what would be decided is our own fault: nothing was committed."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A record that was decided, waiting for its transaction."""

    record: ConsumerRecord
    work: Work | None  # None: it could not be read
    outcome: Outcome
    chance: float
    taken_at_s: float


@dataclass(frozen=True, slots=True)
class LanePorts:
    """What a lane is given."""

    handler: LaneHandler
    source: str
    transaction_timeout_s: float
    clock: Callable[[], datetime]
    breaker: Breaker
    unreadable: Breaker
    publish: Callable[[OutRecord], "asyncio.Future[None]"]
    failed: Callable[[BaseException], None]


class Lane:
    """Begun with a started producer and a restored history; closed on revocation, drain or failure."""

    def __init__(self, number: int, producer: AIOKafkaProducer, history: PartitionHistory, ports: LanePorts) -> None:
        """Start committing what `take` and its work finish."""
        self.number = number
        self._producer = producer
        self._history = history
        self._ports = ports
        self._offsets: dict[str, OffsetTracker] = {}
        self._running: dict[asyncio.Task[None], str] = {}
        self._busy: Counter[str] = Counter()
        self._ready: list[Finished] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._commit_now: asyncio.Task[None] | None = None
        self._behind = timedelta(0)
        self._committing = asyncio.create_task(self._commit_forever(), name=f"lane-{number}")

    @property
    def in_flight(self) -> int:
        """Records taken and not committed."""
        return len(self._running) + len(self._ready)

    def take(self, record: ConsumerRecord) -> None:
        """Begin on one record, in offset order. Never blocks, never raises on a bad record."""
        if not self._offsets.setdefault(record.topic, OffsetTracker()).begin(record.offset):
            return
        taken_at_s = time.monotonic()
        work = read(record)
        if isinstance(work, Undecodable):
            self._finish(Finished(record, None, Unhandled(work.reason), 0.0, taken_at_s))
            return
        handler = self._ports.handler
        interrupts = handler.declaration.interrupts
        command = interrupts is not None and isinstance(work.decoded.event, interrupts[0])
        if handler.declaration.one_at_a_time and not command and self._busy[work.request_id]:
            self._finish(Finished(record, work, Skip("under way"), 0.0, taken_at_s))
            return
        outcome = handler.receive(work, self._history, self._ports.clock())
        if command:
            self._interrupt(work.request_id)
        if outcome is not None:
            self._finish(Finished(record, work, outcome, jitter(), taken_at_s))
            return
        task = asyncio.create_task(self._work(record, work, taken_at_s))
        self._running[task] = work.request_id
        self._busy[work.request_id] += 1
        task.add_done_callback(self._forget)

    async def drain(self) -> None:
        """Return once what had begun is committed."""
        while self.in_flight:
            self._idle.clear()
            await self._idle.wait()

    async def close(self) -> None:
        """Drop what is under way, let a commit under way finish, and give the producer up."""
        for task in [*self._running]:
            task.cancel()
        self._ready.clear()
        self._committing.cancel()
        under_way = {self._committing, *self._running}
        if self._commit_now is not None:
            under_way.add(self._commit_now)
        _, late = await asyncio.wait(under_way, timeout=self._ports.transaction_timeout_s)
        for task in late:
            task.cancel()
        await stop_client(self._producer)

    def _interrupt(self, request_id: str) -> None:
        for task, running in self._running.items():
            if running == request_id:
                task.cancel("interrupted")

    def _forget(self, task: "asyncio.Task[None]") -> None:
        request_id = self._running.pop(task)
        self._busy[request_id] -= 1
        if not self._busy[request_id]:
            del self._busy[request_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            self._ports.failed(error)
        if not self.in_flight:
            self._idle.set()

    async def _work(self, record: ConsumerRecord, work: Work, taken_at_s: float) -> None:
        handler = self._ports.handler
        try:
            outcome = await handler.handle(work, self._history, self._publisher(work))
        except Draining:
            return
        except asyncio.CancelledError as stop:
            interrupts = handler.declaration.interrupts
            if stop.args != ("interrupted",) or interrupts is None:
                raise
            outcome = interrupts[1]
        self._finish(Finished(record, work, outcome, jitter(), taken_at_s))

    def _publisher(self, work: Work) -> "Callable[[Emit], asyncio.Future[None]]":
        def publish(emit: Emit) -> "asyncio.Future[None]":
            return self._ports.publish(outgoing(emit, self._ports.source, self._ports.clock(), work.decoded))

        return publish

    def _finish(self, finished: Finished) -> None:
        self._ready.append(finished)
        self._idle.clear()
        self._wake.set()

    async def _commit_forever(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while batch := self._pick():
                    # A close must not tear a commit: the shield keeps it whole, and close() waits for it.
                    self._commit_now = asyncio.create_task(self._commit(batch))
                    await asyncio.shield(self._commit_now)
                if not self.in_flight:
                    self._idle.set()
        except Exception as error:
            self._ports.failed(error)

    def _pick(self) -> list[Finished]:
        """The next batch, one record per request: a second one must see what the first decided."""
        in_order = self._ports.handler.declaration.in_order
        batch: list[Finished] = []
        seen: set[str] = set()
        for finished in self._covered() if in_order else self._ready:
            request_id = finished.work.request_id if finished.work else ""
            if len(batch) < BATCH_MAX and request_id not in seen:
                batch.append(finished)
                seen |= {request_id} - {""}
            elif in_order:
                break
        taken = {id(finished) for finished in batch}
        self._ready = [finished for finished in self._ready if id(finished) not in taken]
        return batch

    def _covered(self) -> list[Finished]:
        """The finished records that have no unfinished one before them, in reading order."""
        by_topic: dict[str, dict[int, Finished]] = {}
        for finished in self._ready:
            by_topic.setdefault(finished.record.topic, {})[finished.record.offset] = finished
        return [ready[offset] for topic, ready in by_topic.items() for offset in self._offsets[topic].covered(ready.keys())]

    async def _commit(self, batch: list[Finished]) -> None:
        begun_s = time.monotonic()
        for _ in range(RESETTLE_MAX):
            settled = [self._settle(finished) for finished in batch]
            self._check_breaker(settled)
            async with asyncio.timeout(self._ports.transaction_timeout_s):
                if await self._transact(batch, settled):
                    break
        else:
            raise RuntimeError("decisions kept changing while they were being committed")
        self._after(batch, settled, begun_s)

    def _settle(self, finished: Finished) -> Settled:
        if finished.work is None:
            return Settled(finished.outcome)
        now = self._ports.clock() + self._behind
        return self._ports.handler.settle(finished.work, finished.outcome, self._history, now, chance=finished.chance)

    def _check_breaker(self, settled: list[Settled]) -> None:
        faults = self._ports.handler.declaration.faults
        for one in settled:
            if isinstance(one.outcome, Reject):
                self._ports.breaker.record(fault=one.outcome.reason.code in faults)
            elif one.emits:
                self._ports.breaker.record(fault=False)
            self._ports.unreadable.record(fault=isinstance(one.outcome, Unhandled))
        if self._ports.breaker.tripped or self._ports.unreadable.tripped:
            raise BreakerTripped

    async def _transact(self, batch: list[Finished], settled: list[Settled]) -> bool:
        """True when committed; False when it was aborted because a decision changed after its records were sent.

        The second look comes after the coordinator has dated the transaction, so a completion whose deadline passes
        later than this look is either committed within the transaction timeout or aborted by the coordinator. It goes by
        the broker's clock, which dated the records just sent: a process whose own clock is slow publishes nothing late.
        """
        producer = self._producer
        await producer.begin_transaction()
        sends = [
            await producer.send(out.topic, out.value, key=out.key, headers=list(out.headers))
            for finished, one in zip(batch, settled, strict=True)
            for out in self._records(finished, one)
        ]
        acknowledged = await asyncio.gather(*sends)
        self._note_broker_time(max((ack.timestamp for ack in acknowledged), default=0))
        second_look = [self._settle(finished) for finished in batch]
        if any(type(now.outcome) is not type(then.outcome) for now, then in zip(second_look, settled, strict=True)):
            await producer.abort_transaction()
            return False
        offsets = self._offsets_after(batch)
        if offsets:
            await producer.send_offsets_to_transaction(offsets, self._ports.handler.declaration.group)
        await faults.at(self._ports.handler.declaration.name, faults.Point.BEFORE_COMMIT)
        await producer.commit_transaction()
        await faults.at(self._ports.handler.declaration.name, faults.Point.AFTER_COMMIT)
        for partition, offset in offsets.items():
            self._offsets[partition.topic].committed(offset)
        return True

    def _note_broker_time(self, written_ms: int) -> None:
        """How far our clock is behind the broker's, which dates records as it appends them."""
        if written_ms:
            self._behind = max(timedelta(0), datetime.fromtimestamp(written_ms / 1000, UTC) - self._ports.clock())

    def _records(self, finished: Finished, settled: Settled) -> list[OutRecord]:
        cause = finished.work.decoded if finished.work else None
        records = [outgoing(emit, self._ports.source, self._ports.clock(), cause) for emit in settled.emits]
        if isinstance(settled.outcome, Unhandled):
            records.append(quarantined(finished.record, settled.outcome.why, self._ports.handler.declaration.name))
        return records

    def _offsets_after(self, batch: list[Finished]) -> dict[TopicPartition, int]:
        for finished in batch:
            self._offsets[finished.record.topic].finish(finished.record.offset)
        positions = {TopicPartition(topic, self.number): tracker.to_commit() for topic, tracker in self._offsets.items()}
        return {partition: offset for partition, offset in positions.items() if offset is not None}

    def _after(self, batch: list[Finished], settled: list[Settled], begun_s: float) -> None:
        name = self._ports.handler.declaration.name
        now_s = time.monotonic()
        metrics.COMMIT_SECONDS.labels(name).observe(now_s - begun_s)
        for finished, one in zip(batch, settled, strict=True):
            metrics.HANDLE_SECONDS.labels(name).observe(now_s - finished.taken_at_s)
            outcome = type(one.outcome).__name__.lower()
            metrics.RECORDS.labels(name, finished.record.topic, outcome).inc()
            for emit in one.emits:
                if finished.work is not None:
                    self._ports.handler.committed(finished.work, emit, self._history)
                if emit.target is LOOK_DEAD_LETTER or isinstance(one.outcome, Reject):
                    log.info("look failed", request_id=emit.event.request_id, outcome=outcome)
        self._history.forget(self._ports.clock())
