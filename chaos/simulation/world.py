"""One run: processes, their surroundings and a script, from nothing to rest, and the verdict."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zlib import crc32

from chaos.simulation.broker import Broker, Message
from chaos.simulation.loop import (
    Endless,
    Scheduler,
    SimulatedLoop,
    generators_end_with_their_loop,
)
from chaos.simulation.pictures import Pictures, SimulatedRenderer
from chaos.simulation.processes import MAINS, Parts, SimulatedKafka, live, new_process
from chaos.simulation.script import CONSUMERS, Deed, Ending, Script, ScriptStep, Try
from chaos.simulation.stores import SimulatedOutbox
from chaos.simulation.tables import FINAL, Key, SimulatedTables
from chaos.simulation.verdict import findings
from chaos.simulation.wire import SimulatedStrike, SimulatedWire
from runtime.process import Process
from runtime.settings import LookSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode
from schemas.http import JobStatus, TrialItemInput
from schemas.ids import derived_id
from schemas.layout import PartitionGrowth
from schemas.topics import LOOK_REQUESTED, TOPICS
from storage.id_times import first_id

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
COST = 10
CREDITS = 1000
TRANSACTION_S = 1.5
SETTLES_WITHIN_S = 150.0
GRACE_S = 1.0
"""What comes after rest is seen too."""
TIME_ENOUGH_S = 30.0
"""For a look, after the last fault."""
ON_TIME = timedelta(0)
LOOKS_EVERY_S = 0.1
ABORTS_EVERY_S = 0.5
MARKER_S = 0.02
LATE_MARKER_S = 0.8
LATE_MARKERS = 0.1
BACK_WITHIN_S = 1.0

KAFKA = SimulatedKafka(
    transaction_timeout_s=TRANSACTION_S,
    transaction_abort_interval_s=ABORTS_EVERY_S,
    session_timeout_s=1.5,
)
LOOK = LookSettings(clock_margin_s=1.0, deadline_s=60.0)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a script."""

    findings: tuple[str, ...]
    digest: int  # of what was written where and when: the same script gives the same
    ended_s: float
    steps: int
    records: int
    outcomes: tuple[str, ...]
    story: tuple[str, ...] = ()


@dataclass(slots=True)
class Running:
    """One process that lives."""

    process: Process
    loop: SimulatedLoop
    wire: SimulatedWire
    still_until_s: float = 0.0


@dataclass(slots=True)
class _Told:
    digest: int = 0
    records: int = 0
    crashes: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)


class World:
    """Of one script."""

    def __init__(self, script: Script, *, lacks: frozenset[Key] = frozenset()) -> None:
        """Everything is there, nothing runs. `lacks`: what the database does not hold."""
        self.script = script
        self.scheduler = Scheduler(script.seed)
        names = KAFKA.model_copy(update={"partitions": script.partitions})
        self.kafka = names
        counts = {topic.name: script.partitions for topic in TOPICS}
        self.broker = Broker(counts, self._wall_ms)
        self.tables = SimulatedTables(self._now, lacks)
        self._asked_at_s = {
            int(step.about): step.at_s for step in script.steps if step.deed is Deed.ASK
        }
        self.pictures = Pictures(self._tries())
        self.poison: list[tuple[str, int, int]] = []
        self.asked: dict[str, LookRequested] = {}
        self._told = _Told()
        self._running: dict[str, Running] = {}
        self._jumps: dict[str, timedelta] = {}
        self._lives = 0
        self._done = 0
        self._at_rest = False
        self._outboxes: list[SimulatedOutbox] = []

    def run(self) -> Run:
        """To rest, or to the limit."""
        with generators_end_with_their_loop():
            return self._run()

    def _run(self) -> Run:
        random.seed(self.script.seed)  # what our own code draws: jitter
        self._connect()
        for name in self.script.names:
            self._begin(name)
        for step in self.script.steps:
            self.scheduler.at(step.at_s, lambda step=step: self._do(step))  # type: ignore[misc]  # bound now
        try:
            rested = self.scheduler.run(lambda: self._at_rest, SETTLES_WITHIN_S)
            self.scheduler.run(lambda: False, self.scheduler.now_s + GRACE_S)
            endless = ""
        except Endless as error:
            rested, endless = False, f"it does not come to rest: {error}"
        found = [*self._told.crashes, *([endless] if endless else [])]
        if not rested and not endless:
            found.append(f"not at rest after {SETTLES_WITHIN_S:.0f} s: {self._restless()}")
        found += [*findings(self), *self._expired_in_vain()]
        self.scheduler.dispose()
        return Run(
            tuple(found),
            self._told.digest,
            self.scheduler.now_s,
            self.scheduler.steps,
            self._told.records,
            tuple(row.status.value for row in self.tables.requests.values()),
            tuple(self._told.story),
        )

    def now(self) -> datetime:
        """True time."""
        return self._now()

    def _now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.scheduler.now_s)

    def _wall_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    def request_id(self, number: int) -> str:
        """Of the request that the script calls so."""
        asked_at = BEGAN + timedelta(seconds=self._asked_at_s.get(number, 0.0))
        return derived_id(first_id(asked_at), str(self.script.seed), str(number))

    def _tries(self) -> dict[str, tuple[Try, ...]]:
        return {
            self.request_id(int(step.about)): step.tries
            for step in self.script.steps
            if step.deed is Deed.ASK
        }

    def _connect(self) -> None:
        draw = self.scheduler.random.random

        def marker(write: Callable[[], None]) -> None:
            late = draw() < LATE_MARKERS
            self.scheduler.after(draw() * (LATE_MARKER_S if late else MARKER_S), write)

        self.broker.markers = marker
        self.broker.written = self._written
        self.tables.filled = self._filled
        self.tables.grant("demo", CREDITS)
        self.scheduler.after(LOOKS_EVERY_S, self._tend)
        self.scheduler.after(ABORTS_EVERY_S, self._abort_late)

    def _filled(self) -> None:
        for one in self._outboxes:
            one.told()

    def _written(self, topic: str, partition: int, offset: int, key: bytes | None) -> None:
        told = self._told
        place = f"{self.scheduler.now_s:.9f} {topic}[{partition}]@{offset}"
        told.digest = crc32(place.encode(), told.digest)
        told.records += 1
        told.story.append(f"{self.scheduler.now_s:7.3f} s  {topic}[{partition}]@{offset} {key!r}")

    def _tend(self) -> None:
        now_s = self.scheduler.now_s
        for group in self.broker.groups.values():
            group.tend(now_s, session_timeout_s=self.kafka.session_timeout_s)
        self._at_rest = self._done == len(self.script.steps) and not self._restless()
        self.scheduler.after(LOOKS_EVERY_S, self._tend)

    def _abort_late(self) -> None:
        self.broker.abort_late(self.scheduler.now_s)
        self.scheduler.after(ABORTS_EVERY_S, self._abort_late)

    def _expired_in_vain(self) -> list[str]:
        """Requests that had time enough, whatever struck, and that nobody worked on. By a clock
        that is an hour fast everything is late: such looks are the sweeper's.
        """
        if any(step.deed is Deed.JUMP for step in self.script.steps):
            return []
        by_then = BEGAN + timedelta(seconds=self.script.over_s + TIME_ENOUGH_S)
        return [
            f"{one} expired, and had {TIME_ENOUGH_S:.0f} s after the last fault"
            for one, tries in self._tries().items()
            if self.tables.requests[one].error is FailureCode.EXPIRED
            and self.tables.requests[one].event.deadline_at > by_then
            and all(each.ending in (Ending.MADE, Ending.REFUSED) for each in tries)
        ]

    # Processes

    def _begin(self, name: str) -> None:
        self._lives += 1
        kind, _, _ = name.rpartition("-")
        loop = self.scheduler.new_loop(f"{name}.{self._lives}")
        wire = SimulatedWire(self.scheduler, loop, self.script.weather)
        skew = timedelta(seconds=self.script.skew_s.get(name, 0.0))
        process = new_process(kind, loop.name)
        self._running[name] = Running(process, loop, wire)

        def clock() -> datetime:
            return self._now() + skew + self._jumps.get(name, ON_TIME)

        parts = Parts(
            process,
            self.kafka.reached(self.broker, wire),
            self.tables,
            wire,
            LOOK,
            clock,
            SimulatedRenderer(self.pictures, wire),
            self._outboxes,
        )
        main = MAINS[kind]

        def begin() -> None:
            work = loop.create_task(live(process, lambda: main(parts)))
            work.add_done_callback(lambda done: self._ended(name, loop, done))

        loop.call_soon(begin)

    def _ended(self, name: str, loop: SimulatedLoop, work: "asyncio.Task[None]") -> None:
        """A process that ends by itself is started again, as a supervisor does."""
        if not work.cancelled() and (error := work.exception()) is not None:
            cause = error.__cause__ or error
            self._told.crashes.append(f"{name} ended: {type(cause).__name__}: {cause}")
        loop.kill()
        self._back(name)

    def _back(self, name: str) -> None:
        self._running.pop(name, None)
        wait_s = BACK_WITHIN_S * self.scheduler.random.random()
        self.scheduler.after(wait_s, lambda: self._begin(name))

    # Deeds

    def _do(self, step: ScriptStep) -> None:
        self._done += 1
        self._told.story.append(f"{self.scheduler.now_s:7.3f} s  {step}")
        match step.deed:
            case Deed.ASK:
                self._ask(int(step.about), step.seconds)
            case Deed.CANCEL:
                self.tables.cancel(self.request_id(int(step.about)))
            case Deed.COPY:
                self._copy(self.request_id(int(step.about)))
            case Deed.POISON:
                self._poison(step.about)
            case Deed.FORGET:
                self._forget(step.about)
            case Deed.HANG:
                self._hang(step.about, step.seconds)
            case Deed.JUMP:
                self._jump(step.about, step.seconds)
            case Deed.GROW:
                self._grow(step.seconds)
            case _:
                self._strike(step)

    def _ask(self, number: int, lasts_s: float) -> None:
        request_id = self.request_id(number)
        event = LookRequested(
            request_id=request_id,
            tenant_id="demo",
            items=(
                TrialItemInput(trial_image=f"users/abc/{number}.jpg", trial_item_category="top"),
            ),
            credits_cost=COST,
            requested_at=BEGAN,
            deadline_at=BEGAN,
        )
        self.asked[request_id] = self.tables.accept(event, lasts_s)

    def _copy(self, request_id: str) -> None:
        """As a relay that died between publishing and removing the row."""
        records = self.broker.committed_records(LOOK_REQUESTED.name)
        for one in [one for one in records if one.key == request_id.encode()][:1]:
            self.broker.append(Message(one.topic, one.partition, one.key, one.value, one.headers))

    def _poison(self, topic: str) -> None:
        number = int(self.scheduler.random.random() * self.broker.partitions[topic])
        record = self.broker.append(Message(topic, number, b"poison", b"\xff{", ()))
        self.poison.append((topic, number, record.offset))

    def _forget(self, kind: str) -> None:
        """Kafka does it to a group without members: all of them die, and come back."""
        for name in [one for one in self._running if one.rpartition("-")[0] == kind]:
            self._running[name].loop.kill()
            self._back(name)
        self.broker.group(f"looks.{kind}").committed.clear()

    def _hang(self, topic: str, seconds: float) -> None:
        """A stranger's transaction: readers wait before it until its coordinator aborts it."""
        self._lives += 1
        name = f"stranger.{self._lives}"
        _, epoch = self.broker.begin_producer(name, seconds)
        number = int(self.scheduler.random.random() * self.script.partitions)
        message = Message(topic, number, b"hanging", b"{}", ())
        self.broker.write(name, epoch, message, self.scheduler.now_s)

    def _grow(self, lead_s: float) -> None:
        """As `looks topics grow`: a growth is recorded before the first id that it is for."""
        before = max(self.broker.partitions.values())
        if self.tables.growths:
            return
        self.broker.grow(before * 2, self.scheduler.now_s)
        since = self._now() + timedelta(seconds=lead_s)
        since_ms = int(since.timestamp() * 1000)
        self.tables.growths = (PartitionGrowth(since_ms, before, before * 2),)

    def _jump(self, name: str, seconds: float) -> None:
        self._jumps[name] = timedelta(hours=1 if seconds > 0 else -1)
        self.scheduler.after(abs(seconds), lambda: self._jumps.pop(name, None))

    def _strike(self, step: ScriptStep) -> None:
        running = self._running.get(step.about)
        if running is None:
            return  # it is on its way back
        if step.calls:
            running.wire.strike = SimulatedStrike(
                step.calls, step.sent, lambda: self._hit(running, step)
            )
        else:
            self._hit(running, step)

    def _hit(self, running: Running, step: ScriptStep) -> None:
        self._told.story.append(f"{self.scheduler.now_s:7.3f} s  {step.deed} {step.about}, now")
        match step.deed:
            case Deed.KILL:
                if running.loop.alive:
                    running.loop.kill()
                    self._back(step.about)
            case Deed.STILL:
                until_s = self.scheduler.now_s + step.seconds
                running.still_until_s = running.wire.held_until_s = until_s
                running.loop.stand_still(step.seconds)
            case Deed.CUT:
                running.wire.cut_until_s = self.scheduler.now_s + step.seconds
            case Deed.LEAVE:
                running.loop.call_soon(running.process.leave)

    # Rest

    def _restless(self) -> str:
        """What is not done yet; empty when all is."""
        tables = self.tables
        for row in tables.requests.values():
            if row.status not in FINAL:
                return f"a request is {row.status}"
            if row.status is JobStatus.FAILURE and not row.refunds:
                return "a failure is not refunded"
        if tables.outbox:
            return "the outbox is not empty"
        if len(self._running) < len(self.script.names):
            return "a process is not back"
        if any(one.still_until_s > self.scheduler.now_s for one in self._running.values()):
            return "a process stands still"
        return self._lag()

    def _lag(self) -> str:
        if any(log.open for log in self.broker.logs.values()) or self._jumps:
            return "a transaction is open, or a clock is off"
        for name in CONSUMERS:
            group = self.broker.groups.get(f"looks.{name}")
            if group is None:
                return f"{name} has not joined"
            for partition in self.broker.logs:
                if (
                    partition.topic in group.topics
                    and self.broker.readable(
                        partition, group.committed.get(partition, 0), committed_only=True, most=1
                    )[0]
                ):
                    return f"{name} has not read {partition.topic}[{partition.partition}]"
        return ""
