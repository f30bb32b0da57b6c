"""The processes of a run: each is the project's own session of its consumer or producer, in the
place that FastStream's application has outside.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faststream import ContextRepo
from pydantic import PrivateAttr

from chaos.simulation.broker import Broker
from chaos.simulation.clients import (
    SimulatedClient,
    SimulatedMember,
    SimulatedProducer,
    SimulatedReader,
)
from chaos.simulation.stores import (
    SimulatedClaims,
    SimulatedOutbox,
    SimulatedOverdue,
    SimulatedProjection,
    SimulatedRefunds,
)
from chaos.simulation.tables import SimulatedTables
from chaos.simulation.wire import SimulatedWire
from consumers import credit_ledger, dead_letter, status_projection
from consumers.compositor.handler import Compositor, Renderer, declaration
from domain.outcomes import Outcome
from producers.deadline_sweeper import DeadlineSweeper
from producers.outbox_relay import OutboxRelay
from runtime.batch_session import BatchSession
from runtime.consuming import Consuming
from runtime.declaration import Declaration
from runtime.fairness.slots import Slots
from runtime.kafka import KafkaElsewhere
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.projected import margin_of
from runtime.reading import written_to
from runtime.received import Received
from runtime.sessions import run_sessions
from runtime.settings import KafkaSettings, LookSettings, ProcessSettings
from storage.database import TRANSIENT
from storage.projection import Superseded

POLL_MS = 5000
STOP_WITHIN_S = 15.0
DRAIN_S = 5.0
WORKERS = 2


class SimulatedKafka(KafkaElsewhere):
    """Settings of a Kafka in memory, as one process reaches it."""

    _broker: Broker = PrivateAttr()
    _wire: SimulatedWire = PrivateAttr()

    def reached(self, broker: Broker, wire: SimulatedWire) -> "SimulatedKafka":
        """The same settings, for a process with this wire."""
        here = self.model_copy()
        here._broker, here._wire = broker, wire
        return here

    def producer(self, client_id: str, transactional_id: str | None) -> AIOKafkaProducer:
        """As `runtime.kafka.new_producer`."""
        return SimulatedProducer(
            self._broker, self._wire, transactional_id, self.transaction_timeout_s
        )

    def reader(self, *, committed_only: bool) -> AIOKafkaConsumer:
        """As `runtime.kafka.new_reader`."""
        return SimulatedReader(self._broker, self._wire, committed_only=committed_only)

    def client(self, client_id: str) -> AIOKafkaClient:
        """As `runtime.kafka.new_client`."""
        return SimulatedClient(self._broker)

    def member(self, declared: Declaration, **options: Any) -> SimulatedMember:
        """A consumer of the group."""
        topics = tuple(topic.name for topic in declared.topics)
        return SimulatedMember(
            self._broker,
            self._wire,
            declared.group,
            topics,
            session_timeout_s=self.session_timeout_s,
            **options,
        )


Handler = Callable[[Received, ContextRepo], Awaitable[object]]


class SimulatedHost:
    """Polls, and hands each batch to the session and its handler, as FastStream and `Guard` do."""

    def __init__(
        self, declared: Declaration, process: Process, kafka: SimulatedKafka, handler: Handler
    ) -> None:
        """Not started. It knows its next session by `begin`."""
        self.declared = declared
        self.process = process
        self.kafka: KafkaSettings = kafka
        self.heals: tuple[type[Exception], ...] = (*TRANSIENT, Superseded)
        self.context = ContextRepo()
        self.session: Consuming | None = None
        self._members = kafka
        self._handler = handler
        self._member: SimulatedMember | None = None
        self._running = False
        self._idle = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._joined = 0

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The group's member."""
        return self._member

    def begun(self, session: Consuming) -> Consuming:
        """The next session, for which batches are from now on."""
        self.session = session
        return session

    def current(self) -> Consuming:
        """The session that runs."""
        if self.session is None:
            raise RuntimeError("a batch came before a session")
        return self.session

    async def revoked(self, partitions: set[TopicPartition]) -> None:
        """Told by the member."""
        await self.current().revoked(partitions)

    async def assigned(self, partitions: set[TopicPartition]) -> None:
        """Told by the member."""
        await self.current().assigned(partitions)

    async def start(self) -> None:
        """Join the group, deliver batches."""
        self._joined += 1
        self._member = self._members.member(
            self.declared,
            listener=self,
            name=f"{self.process.settings.instance}-{self._joined}",
            failed=self.current().fail,
        )
        self._running = True
        await self._member.start()
        self._loop = asyncio.create_task(self._deliver(self._member))

    def hold(self) -> None:
        """Deliver no more batches."""
        self._running = False

    async def stop(self) -> None:
        """Let the batch in hand finish, leave the group."""
        self._running = False
        if self._loop is not None:
            try:
                async with asyncio.timeout(STOP_WITHIN_S):
                    await self._idle.wait()
            except TimeoutError:
                pass
            self._loop.cancel()
            await asyncio.wait({self._loop})
        member, self._member = self._member, None
        if member is not None:
            await member.stop()

    async def _deliver(self, member: SimulatedMember) -> None:
        session = self.current()
        self._idle.set()
        while self._running:
            try:
                polled = await member.getmany(
                    timeout_ms=POLL_MS, max_records=self.declared.poll_records
                )
            except Exception as error:
                session.fail(error)
                return
            records = [record for found in polled.values() for record in found]
            if not (records and self._running):
                continue
            self._idle.clear()
            try:
                await self._one(session, records)
            finally:
                self._idle.set()

    async def _one(self, session: Consuming, records: Sequence[Any]) -> None:
        try:
            await session.receive()
        except Exception:
            return  # what ended the session is known to it
        error: BaseException | None = None
        try:
            await session.consume(self._call, Received(records))
        except BaseException as raised:
            error = raised
            if not isinstance(raised, Exception):
                raise
        finally:
            session.received(error)

    async def _call(self, message: Any) -> object:
        return await self._handler(message, self.context)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a process is given."""

    process: Process
    kafka: SimulatedKafka
    tables: SimulatedTables
    wire: SimulatedWire
    look: LookSettings
    clock: Callable[[], datetime]
    renderer: Renderer
    outboxes: list[SimulatedOutbox] = field(default_factory=list)


async def live(process: Process, work: Callable[[], Awaitable[None]]) -> None:
    """As `runtime.process` has a process live, without health and signals."""
    main = asyncio.ensure_future(work())
    stop = asyncio.create_task(process.stopping.wait())
    await asyncio.wait({main, stop}, return_when=asyncio.FIRST_COMPLETED)
    if not main.done():
        await asyncio.wait({main}, timeout=DRAIN_S)
    if not main.done():
        main.cancel()
        await asyncio.wait({main}, timeout=DRAIN_S)
    stop.cancel()
    if main.done() and not main.cancelled():
        main.result()


async def relay(parts: Parts) -> None:
    """`producers.outbox_relay`."""
    outbox = SimulatedOutbox(parts.tables, parts.wire)
    parts.outboxes.append(outbox)
    await run_sessions(
        parts.process,
        "outbox_relay",
        lambda: OutboxRelay(parts.process, parts.kafka, outbox),
    )


async def sweeper(parts: Parts) -> None:
    """`producers.deadline_sweeper`."""
    overdue = SimulatedOverdue(parts.tables, parts.wire)
    projection = SimulatedProjection(parts.tables, parts.wire)
    await run_sessions(
        parts.process,
        "deadline_sweeper",
        lambda: DeadlineSweeper(parts.process, parts.kafka, parts.look, overdue, projection),
    )


async def _taken(message: Received, context: ContextRepo) -> None:
    session: LaneSession = context.get("session")
    session.take(message.readings)


async def _lanes(parts: Parts, declared: Declaration, handler: Callable[[], Any]) -> None:
    host = SimulatedHost(declared, parts.process, parts.kafka, _taken)

    def begin() -> Consuming:
        session = host.begun(LaneSession(host, handler(), parts.clock))
        host.context.set_global("session", session)
        return session

    await run_sessions(parts.process, declared.name, begin)


async def compositor(parts: Parts) -> None:
    """`consumers.compositor`."""
    window_s = parts.look.deadline_s + 2 * parts.look.clock_margin_s

    def handler() -> Compositor:
        return Compositor(
            parts.renderer, Slots(WORKERS, spare=1), parts.clock, history_window_s=window_s
        )

    await _lanes(parts, declaration(window_s), handler)


async def dead_letters(parts: Parts) -> None:
    """`consumers.dead_letter`."""
    claims = SimulatedClaims(parts.tables, parts.wire)
    await _lanes(parts, dead_letter.DECLARATION, lambda: dead_letter.DeadLetters(claims))


async def ledger(parts: Parts) -> None:
    """`consumers.credit_ledger`."""
    store = SimulatedRefunds(parts.tables, parts.wire)

    async def handle(message: Received, _: ContextRepo) -> Sequence[Outcome]:
        return await credit_ledger.refund(message.works, store)

    host = SimulatedHost(credit_ledger.DECLARATION, parts.process, parts.kafka, handle)
    await run_sessions(parts.process, "credit_ledger", lambda: host.begun(BatchSession(host)))


async def projection(parts: Parts) -> None:
    """`consumers.status_projection`."""
    store = SimulatedProjection(parts.tables, parts.wire)

    async def handle(message: Received, context: ContextRepo) -> Sequence[Outcome]:
        return await status_projection.project(
            message.works, context.get("positions"), store, context.get("quarantine")
        )

    host = SimulatedHost(status_projection.DECLARATION, parts.process, parts.kafka, handle)
    own = status_projection.ProjectionOffsets(
        store, partial(written_to, parts.kafka), margin_of(parts.look)
    )
    await run_sessions(
        parts.process, "status_projection", lambda: host.begun(BatchSession(host, own))
    )


MAINS: dict[str, Callable[[Parts], Awaitable[None]]] = {
    "outbox_relay": relay,
    "compositor": compositor,
    "dead_letter": dead_letters,
    "credit_ledger": ledger,
    "status_projection": projection,
    "deadline_sweeper": sweeper,
}
PROCESS_SETTINGS = ProcessSettings()


def new_process(name: str, instance: str) -> Process:
    """A process, not started."""
    return Process(name, PROCESS_SETTINGS.model_copy(update={"instance": instance}))
