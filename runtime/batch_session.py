"""One session of a consumer that applies records in batches to Postgres.

A batch is applied durably first and its offsets are committed after, so a crash in between repeats
the batch: the handler must make a repeat harmless (a unique key, or offsets of its own in the same
SQL transaction). What can't be read or handled goes to quarantine before the offsets move.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aiokafka.errors import KafkaError

from domain.breaker import Breaker
from domain.outcomes import Outcome, Unhandled
from runtime import faults, logs, metrics, tracing
from runtime.consuming import Consuming, Host
from runtime.copartitions import Copartitions
from runtime.declaration import OwnOffsets, Spans
from runtime.guard import Next
from runtime.in_quarantine import InQuarantine
from runtime.kafka import (
    AIOKafkaProducer,
    ConsumerRecord,
    TopicPartition,
    new_producer,
    quarantined,
    stop_client,
    unbroken,
)
from runtime.lag import watch_lag
from runtime.received import Received
from runtime.records import OutRecord, Work
from runtime.tracing import SpanKind
from runtime.transactions import BreakerTripped

log = logs.get(__name__)

Quarantine = Callable[[Sequence[Outcome]], Awaitable[None]]

IDLE_POSITIONS_S = 0.5
"""Positions move without records, past transaction markers; FastStream calls nobody then, so it is
looked for this often.
"""


class _Once:
    """Does its work at the first call only."""

    def __init__(self, work: Quarantine) -> None:
        self._work = work
        self._done = False

    async def __call__(self, outcomes: Sequence[Outcome]) -> None:
        if not self._done:
            await self._work(outcomes)
            self._done = True


class BatchSession(Consuming):
    """Its handler returns an outcome for each work, in their order: Done, Skip or Unhandled.

    It may depend on `positions`, the Spans of the batch, and on `quarantine`, which keeps what the
    outcomes say can't be handled, and what could not be read. A handler that moves offsets itself
    calls it before they move (DESIGN 3.9); for any other it is done after the handler.
    """

    def __init__(
        self,
        host: Host,
        own: OwnOffsets | None = None,
        *,
        producer: AIOKafkaProducer | None = None,
    ) -> None:
        """`own`: of a consumer that keeps its offsets itself. `producer`: to quarantine."""
        super().__init__(host)
        self._own = own
        self._unreadable = Breaker(self._declared.unreadable)
        self._applying = asyncio.Lock()
        self._in_hand = 0
        self._leaving = False
        self._between = False
        self._positions: dict[tuple[str, int], int] = {}
        self._untold: dict[TopicPartition, int] = {}
        self._watching: list[asyncio.Task[None]] = []
        self._plain = producer or new_producer(
            host.kafka, f"{self._declared.name}-{self._process.settings.instance}"
        )
        self._quarantine = InQuarantine(host.kafka, self._declared.name)
        self._copartitions = Copartitions(
            self._process, self._declared, self._plain.client, host.kafka.names
        )
        for topic in self._declared.topics:
            # There as 0: an alert sees the first
            metrics.RECORDS.labels(self._declared.name, topic.name, "quarantined")

    async def receive(self) -> None:
        """One thing at a time: batches, and moves without one. Counted at once: until this waits,
        nothing else has run since the batch was polled.
        """
        self._in_hand += 1
        await self._applying.acquire()
        if self._failure.done():
            self._done()
        self._raise_failure()

    def received(self, error: BaseException | None) -> None:
        """The next may be applied."""
        super().received(error)
        self._done()

    def _done(self) -> None:
        self._in_hand -= 1
        self._applying.release()

    async def consume(self, call_next: Next, message: Received) -> object:
        """Apply, keep what can't be applied, commit: in this order (DESIGN 3.9)."""
        with tracing.spans(
            f"process {self._declared.name}",
            [work.decoded.meta.traceparent for work in message.works],
            SpanKind.CONSUMER,
            {"messaging.system": "kafka", "messaging.consumer.group.name": self._declared.group},
        ):
            return await self._consume(call_next, message)

    async def _consume(self, call_next: Next, message: Received) -> object:
        begun_s = time.monotonic()
        moved = await self._moved(message.raw_message)
        keep = _Once(partial(self._quarantined, message))
        context = self._host.context
        with context.scope("positions", moved), context.scope("quarantine", keep):
            outcomes = await call_next(message)
        await faults.at(self._declared.name, faults.FaultPoint.AFTER_APPLY)
        await keep(outcomes)
        await self._commit(moved)
        metrics.COMMIT_SECONDS.labels(self._declared.name).observe(time.monotonic() - begun_s)
        return outcomes

    async def _quarantined(self, message: Received, outcomes: Sequence[Outcome]) -> None:
        await self._send(await self._quarantine.fresh(self._kept(message, outcomes)))

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """Let the batch in hand finish; the next owner begins after it."""
        async with self._applying:
            await self._tell()
            self._forget()
            self._between = True

    def _forget(self) -> None:
        self._positions.clear()
        self._untold.clear()

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Begin where the consumer's own offsets say, or else where the group committed. Nothing is
        read until that is known.
        """
        # A batch that was polled before is applied after: what it left is of the share before.
        self._forget()
        self._between = False
        if self._own is None:
            return
        self._consumer.pause(*partitions)
        try:
            own = await self._own.start([(tp.topic, tp.partition) for tp in partitions])
            for tp in partitions:
                start = own.get((tp.topic, tp.partition))
                if start is not None:
                    self._consumer.seek(tp, start)
            self._consumer.resume(*partitions)
        except Exception as error:
            self.fail(error)

    async def _open(self) -> None:
        await unbroken(self._plain.start())

    async def _joined(self) -> None:
        await self._copartitions.start()  # ready from here on, if it may be
        consumer = self._consumer
        self._watching = [
            asyncio.create_task(watch_lag(self._declared.name, consumer, consumer.assignment)),
            asyncio.create_task(self._watch_positions()),
        ]

    async def _drain(self) -> None:
        # From here on a poll that comes to its end has moved positions, and its batch is dropped
        self._leaving = True
        async with self._applying:
            await self._tell()

    async def _leave(self) -> None:
        self._copartitions.stop()
        for task in self._watching:
            task.cancel()

    async def _close(self) -> None:
        await stop_client(self._plain)

    async def _watch_positions(self) -> None:
        while True:
            await asyncio.sleep(IDLE_POSITIONS_S)
            try:
                await self.pass_over()
            except Exception as error:
                self.fail(error)
                return

    async def pass_over(self) -> None:
        """Make durable that positions moved without records. A batch that was polled has moved them
        too, before it is applied: then nothing is said (DESIGN 3.9). Nor is it while the group is
        shared anew: until then the consumer shows what it had, and the next owner goes on there.
        """
        if self._between:
            return
        if not self._in_hand:
            async with self._applying:
                moved = await self._moved(())
                if moved and not self._may_not_say():
                    if self._own is not None:
                        await self._own.moved(moved)
                    await self._commit(moved)
        if self._untold:
            async with self._applying:
                await self._tell()

    def _may_not_say(self) -> bool:
        return bool(self._in_hand) or self._between or self._leaving or self._failure.done()

    async def _moved(self, records: Sequence[ConsumerRecord]) -> Spans:
        """What a batch spans, and how far positions went past it; without one, those that moved."""
        consumer = self._host.consumer
        if consumer is None:
            after = {(one.topic, one.partition): one.offset + 1 for one in records}
        else:
            after = {
                (tp.topic, tp.partition): await consumer.position(tp)
                for tp in consumer.assignment() - consumer.paused()
            }
        known = self._positions
        first: dict[tuple[str, int], int] = {}
        if not known.keys() >= after.keys():
            for record in records:
                first.setdefault((record.topic, record.partition), record.offset)
        return {
            place: (known.get(place, first.get(place, position)), position)
            for place, position in after.items()
            if place not in known or position > known[place]
        }

    async def _commit(self, moved: Spans) -> None:
        offsets = {TopicPartition(*place): after for place, (_, after) in moved.items() if after}
        if self._own is not None:
            self._untold.update(offsets)
        elif offsets and self._host.consumer is not None:
            await self._host.consumer.commit(offsets)
        self._positions.update({place: after for place, (_, after) in moved.items()})

    async def _tell(self) -> None:
        """Have the group know how far a consumer with offsets of its own has come. It begins where
        its own say, so this is for those who look at lag, and need not be so with every batch.
        """
        if not self._untold or self._host.consumer is None:
            return
        mine = (
            self._host.consumer.assignment()
        )  # of any other all would be refused, again and again
        self._untold = {place: after for place, after in self._untold.items() if place in mine}
        if not self._untold:
            return
        with contextlib.suppress(KafkaError):  # as when the group is shared anew: told again later
            await self._host.consumer.commit(self._untold)
            self._untold = {}

    def _kept(self, message: Received, outcomes: Sequence[Outcome]) -> list[OutRecord]:
        """For quarantine: what could not be read, and what could not be handled."""
        if len(outcomes) != len(message.works):
            raise ValueError(f"{len(outcomes)} outcomes are not one for each work")
        handled, kept = iter(outcomes), list[OutRecord]()
        counted: Counter[tuple[str, type[Outcome]]] = Counter()
        for record, reading in message.readings:
            outcome = next(handled) if isinstance(reading, Work) else Unhandled(reading.reason)
            if isinstance(outcome, Unhandled):
                kept.append(self._keep(record, outcome.why))
            else:
                self._unreadable.record(fault=False)
                counted[record.topic, type(outcome)] += 1
        for (topic, what), count in counted.items():
            metrics.RECORDS.labels(self._declared.name, topic, what.__name__.lower()).inc(count)
        return kept

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
