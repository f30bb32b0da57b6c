"""A lane: one partition number of every topic of a consumer. Its records are worked on side by side
and finish in any order. A record's way:

    poll ──▶ take ──▶ receive ──┬──────── decided at once ────────────┐
                        ▲       ├──▶ handle: a turn, then the work ───┤
                   read again   │    (says that it begins)            ▼
                   (refetch) ◀──┴─ beyond its tenant's window    transactions: decide, send,
                                                                 look once more, commit

Whether a look may be made is asked on receipt, for what was decided or cancelled before; when its
turn comes, for turns may be long; and last before the commit, where alone it counts (DESIGN 3.4).

What is decided goes to the lane's transactions, which alone move offsets. Where the consumer
declares a window, a tenant's records beyond it are deferred: nothing but their places is kept, and
they are handed in again when there is room.
"""

import asyncio
import time
from dataclasses import dataclass

from domain.history import PartitionHistory
from domain.outcomes import Outcome, Skip, Unhandled
from runtime.deciding import Begun, Finished, LanePorts
from runtime.declaration import Draining
from runtime.fairness.windows import DeferredOffset, Windows
from runtime.kafka import AIOKafkaProducer, ConsumerRecord, jitter, read
from runtime.records import Work
from runtime.transactions import Transactions
from schemas.envelope import Undecodable


@dataclass(slots=True)
class _AtWork:
    """What a running task works on; `tenant_id` is empty where no window is declared."""

    record: ConsumerRecord
    work: Work
    tenant_id: str
    taken_at_s: float
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
        self._window = self._declared.window
        self._windows = Windows(self._window.size) if self._window is not None else None
        self._running: dict[asyncio.Task[None], _AtWork] = {}
        self._busy: dict[str, list[Work]] = {}
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
        taken_at_s = time.monotonic()
        if isinstance(work, Undecodable):
            self._finish(Finished(record, None, Unhandled(work.reason), 0.0, taken_at_s))
            return
        outcome = self._at_once(work)
        if outcome is not None:
            self._finish(Finished(record, work, outcome, jitter(), taken_at_s))
            return
        tenant_id = self._whose(work)
        if self._windows is None or self._windows.arrive(
            _place(record), tenant_id, hash(work.request_id)
        ):
            self._start(record, work, tenant_id, taken_at_s)

    def wanted(self) -> DeferredOffset | None:
        """Where to read deferred records again, if any may be worked on now."""
        return self._windows.wanted() if self._windows is not None else None

    def take_again(self, record: ConsumerRecord) -> None:
        """Begin on a record that was deferred, when it is its turn; any other is passed over."""
        tenant_id = self._windows.claim(_place(record)) if self._windows is not None else None
        if tenant_id is None:
            return
        taken_at_s = time.monotonic()
        work = read(record)
        if isinstance(work, Undecodable):
            raise TypeError(
                f"{record.topic} {record.partition}@{record.offset} could be read once and can't "
                "be read again"
            )
        outcome = self._at_once(work)
        if outcome is None:
            self._start(record, work, tenant_id, taken_at_s)
        else:
            self._finish(Finished(record, work, outcome, jitter(), taken_at_s))
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

    def _is_repeat(self, work: Work) -> bool:
        """Whether this or a later attempt is being worked on. An earlier one may be: a repeat that
        was begun too soon.
        """
        number = self._declared.attempt
        at_work = self._busy.get(work.request_id, ())
        return number is not None and any(number(one) >= number(work) for one in at_work)

    def _whose(self, work: Work) -> str:
        return self._window.whose(work.decoded.event) if self._window is not None else ""

    def _at_once(self, work: Work) -> Outcome | None:
        """What a record comes to without work; None when there is work to do."""
        interrupts = self._declared.interrupts
        command = interrupts is not None and isinstance(work.decoded.event, interrupts[0])
        if not command and self._is_repeat(work):
            return Skip("under way")
        outcome = self._ports.handler.receive(work, self._history, self._ports.clock())
        if command:
            self._interrupt(work)
        return outcome

    def _interrupt(self, command: Work) -> None:
        for task, at_work in self._running.items():
            if at_work.work.request_id == command.request_id:
                at_work.interrupted = True
                task.cancel()
        if self._windows is not None:
            self._windows.prioritize(self._whose(command), hash(command.request_id))
            self._ports.room()

    def _start(self, record: ConsumerRecord, work: Work, tenant_id: str, taken_at_s: float) -> None:
        task = asyncio.create_task(self._work(record, work, taken_at_s))
        self._running[task] = _AtWork(record, work, tenant_id, taken_at_s)
        self._busy.setdefault(work.request_id, []).append(work)
        task.add_done_callback(self._forget)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        at_work = self._running.pop(task)
        request_id, interrupts = at_work.work.request_id, self._declared.interrupts
        self._busy[request_id].remove(at_work.work)
        if not self._busy[request_id]:
            del self._busy[request_id]
        if task.cancelled() and at_work.interrupted and interrupts is not None:
            # Told here and not in the task: one that is interrupted before its first step never
            # begins.
            self._finish(
                Finished(at_work.record, at_work.work, interrupts[1], jitter(), at_work.taken_at_s)
            )
        self._leave(at_work.record.topic, at_work.tenant_id)
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

    async def _work(self, record: ConsumerRecord, work: Work, taken_at_s: float) -> None:
        handler = self._ports.handler
        try:
            outcome = await handler.handle(
                work, self._history, lambda at: self._transactions.announce(Begun(work, at))
            )
        except Draining:
            return
        self._finish(Finished(record, work, outcome, jitter(), taken_at_s))

    def _finish(self, finished: Finished) -> None:
        self._transactions.add(finished)


def _place(record: ConsumerRecord) -> DeferredOffset:
    return DeferredOffset(record.topic, record.offset)
