"""One session of a consumer that applies records in batches to Postgres.

A batch is applied durably first and its offsets are committed after, so a crash in between repeats
the batch: the handler must make a repeat harmless (a unique key, or offsets of its own in the same
SQL transaction). What can't be read or handled goes to quarantine before the offsets move.
"""

import asyncio
import time
from collections.abc import Sequence

from aiokafka import ConsumerRebalanceListener

from domain.breaker import Breaker
from domain.outcomes import Unhandled
from runtime import faults, logs, metrics
from runtime.copartitions import Copartitions
from runtime.declaration import BatchHandler
from runtime.in_quarantine import InQuarantine
from runtime.kafka import (
    AIOKafkaConsumer,
    ConsumerRecord,
    TopicPartition,
    new_producer,
    quarantined,
    read,
    stop_client,
)
from runtime.lag import watch_lag
from runtime.process import Process
from runtime.records import OutRecord, Work
from runtime.settings import KafkaSettings
from runtime.subscription import Subscription
from runtime.transactions import BreakerTripped
from schemas.envelope import Undecodable

log = logs.get(__name__)

POLL_MS = 100
IDLE_POSITIONS_S = 0.5
"""Positions move without records, past transaction markers; the handler is told this often."""


class BatchSession(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Thrown away after `run` returns or raises."""

    def __init__(self, process: Process, settings: KafkaSettings, handler: BatchHandler) -> None:
        """Connect to nothing yet."""
        self._process = process
        self._handler = handler
        self._declared = handler.declaration
        self._unreadable = Breaker(self._declared.unreadable)
        self._applying = asyncio.Lock()
        self._positions: dict[TopicPartition, int] = {}
        self._told_s = 0.0
        self._lag: asyncio.Task[None] | None = None
        self._broken: BaseException | None = None
        self._plain = new_producer(settings, f"{self._declared.name}-{process.settings.instance}")
        self._quarantine = InQuarantine(settings, self._declared.name)
        self._subscription = Subscription(settings, self._declared, self)
        self._copartitions = Copartitions(process, self._declared, self._plain.client)
        for topic in self._declared.topics:
            metrics.RECORDS.labels(
                self._declared.name, topic.name, "quarantined"
            )  # there as 0: an alert sees the first

    @property
    def _consumer(self) -> AIOKafkaConsumer:
        return self._subscription.consumer

    async def run(self) -> None:
        """Consume until the process is asked to stop. Raises what went wrong."""
        try:
            await self._plain.start()
            await self._subscription.start()
            await self._copartitions.start()  # ready from here on, if it may be
            self._lag = asyncio.create_task(
                watch_lag(self._declared.name, self._consumer, self._consumer.assignment)
            )
            while not self._process.stopping.is_set():
                await self._once()
        finally:
            self._copartitions.stop()
            if self._lag is not None:
                self._lag.cancel()
            await stop_client(self._subscription)
            await stop_client(self._plain)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """Let the batch in hand finish; the next owner begins after it."""
        async with self._applying:
            self._positions.clear()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """Begin where the handler's own offsets say, or else where the group committed. Nothing is
        read until that is known.
        """
        self._consumer.pause(*assigned)
        try:
            own = await self._handler.start_offsets([(tp.topic, tp.partition) for tp in assigned])
            for tp in assigned:
                start = own.get((tp.topic, tp.partition))
                if start is not None:
                    self._consumer.seek(tp, start)
            self._consumer.resume(*assigned)
        except Exception as error:
            self._broken = error

    async def _once(self) -> None:
        async with self._applying:
            # Polled under the lock: after a revocation nothing polled before it is applied.
            if self._broken is not None:
                raise self._broken
            polled = await self._consumer.getmany(
                timeout_ms=POLL_MS, max_records=self._declared.max_in_flight
            )
            records = [record for batch in polled.values() for record in batch]
            moved = await self._moved(polled)
            if records or (moved and time.monotonic() - self._told_s >= IDLE_POSITIONS_S):
                await self._apply(records, moved)

    async def _moved(
        self, polled: dict[TopicPartition, list[ConsumerRecord]]
    ) -> dict[TopicPartition, tuple[int, int]]:
        moved: dict[TopicPartition, tuple[int, int]] = {}
        for tp in self._consumer.assignment() - self._consumer.paused():
            position = await self._consumer.position(tp)
            if tp not in self._positions:
                batch = polled.get(tp)
                self._positions[tp] = batch[0].offset if batch else position
                if not batch:
                    moved[tp] = (position, position)
            if position > self._positions[tp] or tp in polled:
                moved[tp] = (self._positions[tp], position)
        return moved

    async def _apply(
        self, records: Sequence[ConsumerRecord], moved: dict[TopicPartition, tuple[int, int]]
    ) -> None:
        begun_s = time.monotonic()
        readable: list[tuple[ConsumerRecord, Work]] = []
        kept: list[OutRecord] = []
        for record in records:
            work = read(record)
            if isinstance(work, Undecodable):
                kept.append(self._keep(record, work.reason))
            else:
                readable.append((record, work))
        positions = {(tp.topic, tp.partition): span for tp, span in moved.items()}
        outcomes = await self._handler.apply([work for _, work in readable], positions)
        if records:
            await faults.at(self._declared.name, faults.Point.AFTER_APPLY)
        for (record, _), outcome in zip(readable, outcomes, strict=True):
            if isinstance(outcome, Unhandled):
                kept.append(self._keep(record, outcome.why))
            else:
                self._unreadable.record(fault=False)
                metrics.RECORDS.labels(
                    self._declared.name, record.topic, type(outcome).__name__.lower()
                ).inc()
        await self._send(await self._quarantine.fresh(kept))
        if offsets := {tp: after for tp, (_, after) in moved.items() if after > 0}:
            await self._consumer.commit(offsets)
        self._positions.update({tp: after for tp, (_, after) in moved.items()})
        self._told_s = time.monotonic()
        metrics.COMMIT_SECONDS.labels(self._declared.name).observe(self._told_s - begun_s)

    def _keep(self, record: ConsumerRecord, why: str) -> OutRecord:
        log.warning(
            "quarantined",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            why=why,
        )
        metrics.RECORDS.labels(self._declared.name, record.topic, "quarantined").inc()
        self._unreadable.record(fault=True)
        if self._unreadable.tripped:
            raise BreakerTripped
        return quarantined(record, why, self._declared.name)

    async def _send(self, kept: list[OutRecord]) -> None:
        sends = [
            await self._plain.send(out.topic, out.value, key=out.key, headers=list(out.headers))
            for out in kept
        ]
        await asyncio.gather(*sends)
