"""The loop of a consumer that decides record by record. A lane is one partition number of all its
topics: its records are worked on side by side and finish in any order. One record's way:

    take     a record is polled; what it asks for is read once (`parse`) and carried as a value.
      │      `receive`: asked for before, decided, cancelled, too late? Then it is finished here.
      ▼
    wait     beyond its tenant's window only its offset is kept: it is read again when there is
      │      room (`take_again`), and received again. Within, it waits for a place by turns
      ▼      (`runtime.fairness`).
    compose  `handle`: the work, in a place. That it begins is said with the next transaction.
      │
      ▼
    decide   `decide`: the last word on what the work came to, and the records that say so
      │      (`runtime.deciding`).
      ▼
    commit   the records and the offsets that they allow, in one Kafka transaction, after a second
             look at the decision (`runtime.transactions`).

Whether a request may still be answered is asked where that can have changed: on receipt, when a
place is free (waiting is long, and a look whose deadline passed meanwhile is not made in vain), and
last before the commit, where alone it counts (DESIGN 3.4). A cancel does not wait to be asked for:
it ends the work on its request (`_interrupt`).
"""

import asyncio
import time
from dataclasses import dataclass

from domain.history import PartitionHistory
from domain.outcomes import Outcome, Skip, Unhandled
from runtime import tracing
from runtime.deciding import Begun, Finished, LanePorts, TakenRecord
from runtime.declaration import Draining
from runtime.fairness.windows import DeferredOffset, Windows
from runtime.kafka import AIOKafkaProducer, ConsumerRecord, jitter, read
from runtime.records import Work
from runtime.tracing import SpanKind
from runtime.transactions import Transactions
from schemas.envelope import Undecodable


@dataclass(slots=True)
class _AtWork:
    """What a running task works on; `tenant_id` is empty where no window is declared."""

    taken: TakenRecord
    tenant_id: str
    interrupted: bool = False


class Lane:
    """Begun with a started producer and a restored history; closed on revocation, drain or
    failure.
    """

    def __init__(
        self, number: int, producer: AIOKafkaProducer, history: PartitionHistory, ports: LanePorts
    ) -> None:
        """Start committing what `take` and its work finish."""
        self.number = number
        self._history = history
        self._ports = ports
        self._declared = ports.handler.declaration
        self._span = f"process {self._declared.name}"
        self._window = self._declared.window
        self._windows = Windows(self._window.size) if self._window is not None else None
        self._running: dict[asyncio.Task[None], _AtWork] = {}
        self._busy: dict[str, list[TakenRecord]] = {}
        self._idle = asyncio.Event()
        self._closed = False
        self._transactions = Transactions(number, producer, history, ports, made=self._made_room)

    @property
    def in_flight(self) -> int:
        """Records held in memory: at work, or decided and not yet durable."""
        return len(self._running) + len(self._transactions)

    @property
    def deferred(self) -> int:
        """Records that wait as places only."""
        return len(self._windows) if self._windows is not None else 0

    def take(self, record: ConsumerRecord, work: Work | Undecodable) -> None:
        """Begin on one record, in offset order, or defer it. Never blocks, never raises on a bad
        record.
        """
        if not self._transactions.begin(record):
            return
        taken, outcome = self._receive(record, work)
        if outcome is not None:
            self._finish(taken, outcome)
            return
        tenant_id = self._tenant_of(taken)
        if self._windows is None or self._windows.arrive(
            _place(record), tenant_id, hash(taken.request_id)
        ):
            self._start(taken, tenant_id)

    def wanted(self) -> DeferredOffset | None:
        """Where to read deferred records again, if any may be worked on now."""
        return self._windows.wanted() if self._windows is not None else None

    def take_again(self, record: ConsumerRecord) -> None:
        """Begin on a record that was deferred, when it is its turn; any other is passed over."""
        tenant_id = self._windows.claim(_place(record)) if self._windows is not None else None
        if tenant_id is None:
            return
        work = read(record)
        if isinstance(work, Undecodable):
            raise TypeError(
                f"{record.topic} {record.partition}@{record.offset} could be read once and can't "
                "be read again"
            )
        taken, outcome = self._receive(record, work)
        if outcome is None:
            self._start(taken, tenant_id)
        else:
            self._finish(taken, outcome)
            self._leave(record.topic, tenant_id)

    async def drain(self) -> None:
        """Return once what had begun is committed; what is deferred is left for the next owner."""
        while self.in_flight:
            self._idle.clear()
            await self._idle.wait()

    async def close(self) -> None:
        """Drop what is under way, let a commit under way finish, and give the producer up."""
        self._closed = True
        running = [*self._running]
        for task in running:
            task.cancel()
        await self._transactions.close()
        if running:
            await asyncio.wait(running, timeout=self._ports.transaction_timeout_s)

    def _receive(
        self, record: ConsumerRecord, work: Work | Undecodable
    ) -> tuple[TakenRecord, Outcome | None]:
        """What a record asks for, and what that comes to without work; None when there is work."""
        at_s = time.monotonic()
        if isinstance(work, Undecodable):
            return TakenRecord(record, at_s), Unhandled(work.reason)
        asked = self._ports.handler.parse(work)
        if isinstance(asked, Unhandled):
            return TakenRecord(record, at_s, work), asked
        taken = TakenRecord(record, at_s, work, asked)
        interrupts = self._declared.interrupts
        command = interrupts is not None and isinstance(work.decoded.event, interrupts[0])
        if not command and self._is_repeat(taken):
            return taken, Skip("under way")
        outcome = self._ports.handler.receive(asked, self._history, self._ports.clock())
        if command:
            self._interrupt(taken)
        return taken, outcome

    def _is_repeat(self, taken: TakenRecord) -> bool:
        """Whether this or a later attempt is being worked on. An earlier one may be: a repeat that
        was begun too soon.
        """
        at_work = self._busy.get(taken.request_id, ())
        return any(self._ports.handler.is_repeat(taken.asked, one.asked) for one in at_work)

    def _tenant_of(self, taken: TakenRecord) -> str:
        if self._window is None or taken.work is None:
            return ""
        return self._window.whose(taken.work.decoded.event)

    def _interrupt(self, command: TakenRecord) -> None:
        for task, at_work in self._running.items():
            if at_work.taken.request_id == command.request_id:
                at_work.interrupted = True
                task.cancel()
        if self._windows is not None:
            self._windows.prioritize(self._tenant_of(command), hash(command.request_id))
            self._ports.room()

    def _start(self, taken: TakenRecord, tenant_id: str) -> None:
        task = asyncio.create_task(self._work(taken))
        self._running[task] = _AtWork(taken, tenant_id)
        self._busy.setdefault(taken.request_id, []).append(taken)
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        at_work = self._running.pop(task)
        taken, interrupts = at_work.taken, self._declared.interrupts
        self._busy[taken.request_id].remove(taken)
        if not self._busy[taken.request_id]:
            del self._busy[taken.request_id]
        if task.cancelled() and at_work.interrupted and interrupts is not None:
            # Told here and not in the task: one that is interrupted before its first step never
            # begins.
            self._finish(taken, interrupts[1])
        self._leave(taken.record.topic, at_work.tenant_id)
        if (error := self._error_of(task, at_work)) is not None:
            self._ports.failed(error)

    def _error_of(self, task: "asyncio.Task[None]", at_work: _AtWork) -> BaseException | None:
        """What ended a task that came to nothing. A record that nobody finishes would hold its
        partition's offset for ever.
        """
        if not task.cancelled():
            return task.exception()
        return (
            None
            if at_work.interrupted or self._closed
            else RuntimeError("work was cancelled, and not by its lane")
        )

    def _leave(self, topic: str, tenant_id: str) -> None:
        if self._windows is not None:
            self._windows.leave(topic, tenant_id)
        self._made_room()

    def _made_room(self) -> None:
        self._ports.room()
        if not self.in_flight:
            self._idle.set()

    async def _work(self, taken: TakenRecord) -> None:
        said = {"messaging.system": "kafka", "looks.request_id": taken.request_id}
        with tracing.span(self._span, taken.traceparent, SpanKind.CONSUMER, said) as span:
            traced = taken.below(span.traceparent)
            try:
                outcome = await self._ports.handler.handle(
                    traced.asked,
                    self._history,
                    lambda at: self._transactions.announce(Begun(traced, at)),
                )
            except Draining:
                return
            span.set({"looks.outcome": type(outcome).__name__.lower()})
        self._finish(traced, outcome)

    def _finish(self, taken: TakenRecord, outcome: Outcome) -> None:
        self._transactions.add(Finished(taken, outcome, jitter()))


def _place(record: ConsumerRecord) -> DeferredOffset:
    return DeferredOffset(record.topic, record.offset)
