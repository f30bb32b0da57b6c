"""A lane's transactions: what is finished becomes durable together with the input offsets that it
allows.

Every number of an event is given here, one transaction after another, and noted before it is sent:
an interruption finds it either not given or remembered (DESIGN 3.8). What goes wrong ends the lane,
and what it remembers goes with it.

The producer's transactional id is bound to the partition number, so whoever takes the partition
over fences the owner before. Any error in a transaction ends the lane: a producer in doubt is
thrown away, never used again (aiokafka speaks transaction version 1 only).
"""

import asyncio
import time
from collections.abc import Callable

from domain.breaker import About
from domain.history import PartitionHistory
from domain.outcomes import Done, Reject, Unhandled
from runtime import faults, logs, metrics
from runtime.deciding import Begun, Decider, Decision, Finished, LanePorts, TakenRecord
from runtime.declaration import Declaration
from runtime.kafka import AIOKafkaProducer, ConsumerRecord, TopicPartition, stop_client
from runtime.offsets import OffsetTracker
from runtime.records import OutRecord
from schemas.envelope import trace_id_of
from schemas.failures import FailureReason
from schemas.topics import COPARTITIONED, LOOK_DEAD_LETTER

log = logs.get(__name__)

BATCH_MAX = 500
"""Decisions in one transaction."""
DECIDED_ANEW_MAX = 3
"""Times a transaction is begun anew because a cancel or a deadline came in between."""


class BreakerTripped(Exception):
    """Most of what would be decided is our own fault: nothing was committed."""


class Transactions:
    """Of one partition number, one at a time. `made`: called after each."""

    def __init__(
        self,
        number: int,
        producer: AIOKafkaProducer,
        history: PartitionHistory,
        ports: LanePorts,
        *,
        made: Callable[[], None],
    ) -> None:
        """Start committing what is added."""
        self._number = number
        self._producer = producer
        self._history = history
        self._ports = ports
        self._made = made
        self._offsets: dict[str, OffsetTracker] = {}
        self._ready: list[Finished] = []
        self._begun: list[Begun] = []
        self._under_way = 0
        self._wake = asyncio.Event()
        self._commit_now: asyncio.Task[None] | None = None
        self._decider = Decider(history, ports)
        self._committing = asyncio.create_task(
            self._commit_forever(), name=f"transactions-{number}"
        )

    def __len__(self) -> int:
        """Count what was added and is not durable."""
        return len(self._ready) + self._under_way

    def begin(self, record: ConsumerRecord) -> bool:
        """Hold the committed offset back for a record until it is added and durable. False: it was
        begun before.
        """
        return self._offsets.setdefault(record.topic, OffsetTracker()).begin(record.offset)

    def announce(self, begun: Begun) -> None:
        """Work on a record has begun; said in the next transaction, and so before or with what is
        decided about it.
        """
        self._begun.append(begun)
        self._wake.set()

    def add(self, finished: Finished) -> None:
        """A record is decided, up to the last look."""
        self._ready.append(finished)
        self._wake.set()

    async def close(self) -> None:
        """Drop what waits, let a commit under way finish, and give the producer up."""
        self._ready.clear()
        self._begun.clear()
        self._committing.cancel()
        under_way = {self._committing}
        if self._commit_now is not None:
            under_way.add(self._commit_now)
        _, late = await asyncio.wait(under_way, timeout=self._ports.transaction_timeout_s)
        for task in late:
            task.cancel()
        await stop_client(self._producer)

    async def _commit_forever(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while (batch := self._pick()) or self._begun:
                    self._under_way = len(batch)
                    begun, self._begun = self._begun, []
                    # A close must not tear a commit: the shield keeps it whole, and close() waits
                    # for it.
                    self._commit_now = asyncio.create_task(self._commit(batch, begun))
                    await asyncio.shield(self._commit_now)
                    self._under_way = 0
                    self._made()
        except Exception as error:
            self._ports.failed(error)

    def _pick(self) -> list[Finished]:
        """The next batch, one record per request: a second one must see what the first decided."""
        in_order = self._ports.handler.declaration.in_order
        batch: list[Finished] = []
        seen: set[str] = set()
        for finished in self._covered() if in_order else self._ready:
            request_id = finished.taken.request_id
            if len(batch) < BATCH_MAX and request_id not in seen:
                batch.append(finished)
                seen |= {request_id} - {""}
            elif in_order:
                break
        picked = {id(finished) for finished in batch}
        self._ready = [finished for finished in self._ready if id(finished) not in picked]
        return batch

    def _covered(self) -> list[Finished]:
        """The finished records that have no unfinished one before them, in reading order."""
        by_topic: dict[str, dict[int, Finished]] = {}
        for finished in self._ready:
            record = finished.taken.record
            by_topic.setdefault(record.topic, {})[record.offset] = finished
        return [
            ready[offset]
            for topic, ready in by_topic.items()
            for offset in self._offsets[topic].covered(ready.keys())
        ]

    async def _commit(self, batch: list[Finished], begun: list[Begun]) -> None:
        begun_s = time.monotonic()
        announced = self._decider.announce(begun)
        if not (batch or announced):
            return
        for _ in range(DECIDED_ANEW_MAX):
            decisions = [self._decider.decide(finished) for finished in batch]
            self._check_breaker(decisions)
            async with asyncio.timeout(self._ports.transaction_timeout_s):
                if await self._transact(announced, decisions):
                    break
        else:
            raise RuntimeError("decisions kept changing while they were being committed")
        self._after(decisions, begun_s)

    def _check_breaker(self, decisions: list[Decision]) -> None:
        declared, breaker = self._ports.handler.declaration, self._ports.breaker
        for taken, one in ((one.finished.taken, one.decided) for one in decisions):
            if isinstance(one.outcome, Reject):
                reason = one.outcome.reason
                about = _about(declared, taken, reason)
                breaker.record(
                    fault=reason.code in declared.faults,
                    about=about,
                    suspect=reason.code in declared.suspects,
                )
            elif one.emits:
                breaker.record(
                    fault=False,
                    about=_about(declared, taken, None) if isinstance(one.outcome, Done) else None,
                )
            self._ports.unreadable.record(fault=isinstance(one.outcome, Unhandled))
        if self._ports.breaker.tripped or self._ports.unreadable.tripped:
            raise BreakerTripped

    async def _transact(self, announced: list[OutRecord], decisions: list[Decision]) -> bool:
        """True when committed; False when it was aborted because a decision changed after its
        records were sent.

        What concerns a request stays on the number that it came on: whoever owns that number knows
        of it, however many numbers there are by now (DESIGN 3.8).

        The second look comes after the coordinator has dated the transaction, so a completion whose
        deadline passes later than this look is either committed within the transaction timeout or
        aborted by the coordinator. It goes by the broker's clock, which dated the records just
        sent: a process whose own clock is slow publishes nothing late.
        """
        producer = self._producer
        decided = await self._ports.fresh([out for one in decisions for out in one.records])
        await producer.begin_transaction()
        sends = [
            await producer.send(
                out.topic,
                out.value,
                key=out.key,
                partition=self._number if out.topic in COPARTITIONED else None,
                headers=list(out.headers),
            )
            for out in (*announced, *decided)
        ]
        offsets = self._offsets_after(decisions)
        # Side by side: both are of this transaction, and go or come to nothing with it
        acknowledged, _ = await asyncio.gather(asyncio.gather(*sends), self._move(offsets))
        self._decider.note_broker_time(max((ack.timestamp for ack in acknowledged), default=0))
        second_look = [self._decider.last_word(decision.finished).outcome for decision in decisions]
        if any(
            type(now) is not type(then.decided.outcome)
            for now, then in zip(second_look, decisions, strict=True)
        ):
            await producer.abort_transaction()
            return False
        await self._pass(faults.FaultPoint.BEFORE_COMMIT, decisions)
        await producer.commit_transaction()
        await self._pass(faults.FaultPoint.AFTER_COMMIT, decisions)
        for partition, offset in offsets.items():
            self._offsets[partition.topic].committed(offset)
        return True

    async def _move(self, offsets: dict[TopicPartition, int]) -> None:
        if offsets:
            await self._producer.send_offsets_to_transaction(
                offsets, self._ports.handler.declaration.group
            )

    async def _pass(self, point: faults.FaultPoint, decisions: list[Decision]) -> None:
        """A point of a decision's way; a transaction that only says what has begun does not pass
        it.
        """
        if decisions:
            await faults.at(self._ports.handler.declaration.name, point)

    def _offsets_after(self, decisions: list[Decision]) -> dict[TopicPartition, int]:
        for decision in decisions:
            record = decision.finished.taken.record
            self._offsets[record.topic].finish(record.offset)
        positions = {
            TopicPartition(topic, self._number): tracker.to_commit()
            for topic, tracker in self._offsets.items()
        }
        return {partition: offset for partition, offset in positions.items() if offset is not None}

    def _after(self, decisions: list[Decision], begun_s: float) -> None:
        name = self._ports.handler.declaration.name
        now_s = time.monotonic()
        metrics.COMMIT_SECONDS.labels(name).observe(now_s - begun_s)
        for taken, one in ((one.finished.taken, one.decided) for one in decisions):
            metrics.HANDLE_SECONDS.labels(name).observe(now_s - taken.at_s)
            outcome = type(one.outcome).__name__.lower()
            metrics.RECORDS.labels(name, taken.record.topic, outcome).inc()
            for emit in one.emits:
                self._ports.handler.committed(taken.asked, emit, self._history)
                failed = emit.target is LOOK_DEAD_LETTER or isinstance(one.outcome, Reject)
                log.info(
                    "look failed" if failed else "look decided",
                    request_id=emit.event.request_id,
                    outcome=outcome,
                    trace_id=trace_id_of(taken.traceparent),
                )
        self._history.forget(self._decider.surely_now())


def _about(declared: Declaration, taken: TakenRecord, reason: FailureReason | None) -> About | None:
    if declared.photo_of is None or taken.work is None:
        return None
    return declared.photo_of(taken.work.decoded.event, reason)
