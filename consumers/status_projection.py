"""Keeps `request_logs` and `job_events` current.

Key: request id. Order: per request by the sequence that the pipeline gave each event, not by
arrival: the four topics are read side by side. A replay is safe: offsets live in Postgres and move
in the transaction that applies a batch, event rows are unique by (request, seq), and a status only
moves forward. Two events with one number are an alarm, and both are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated

from faststream import Context, ContextRepo
from faststream.types import Lifespan

from consumers.event_gaps import EventGaps
from domain.erasure import ERASED, is_pseudonym
from domain.outcomes import Done, Outcome, Skip, Unhandled
from domain.projection import Changes, Collision, fold, objection
from domain.read_positions import PartitionName, WrittenTo, of_a_former_topic
from runtime import logs, metrics
from runtime.application import Application, start
from runtime.batch_session import BatchSession, Quarantine
from runtime.declaration import Declaration
from runtime.injected import Injected
from runtime.process import Process
from runtime.projected import Projected, margin_of
from runtime.reading import written_to
from runtime.records import Work
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings, LookSettings
from schemas.events import LookCompleted, LookFailed, RequestEvent
from schemas.ids import made_s
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED, LOOK_PROGRESS, LOOK_REQUESTED
from storage.database import TRANSIENT, open_pool
from storage.event_gaps import EventGapStore
from storage.projection import OffsetSpans, ProjectionStore, Superseded

log = logs.get(__name__)

WrittenOf = Callable[[Sequence[PartitionName]], Awaitable[Mapping[PartitionName, WrittenTo]]]

DECLARATION = Declaration(
    name="status_projection",
    topics=(LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED),
    about="keeps request_logs and job_events current",
    poll_records=2000,
)

ENDS = frozenset({LookCompleted, LookFailed})
"""Asked by `type`, as `isinstance` of a model that does not match costs as much as reading one."""
_SUCCEEDED = metrics.FINISH_SECONDS.labels("succeeded")
_FAILED = metrics.FINISH_SECONDS.labels("failed")


async def project(
    works: list[Work],
    positions: Annotated[OffsetSpans, Injected()],
    store: Annotated[ProjectionStore, Injected()],
    quarantine: Annotated[Quarantine, Injected()],
) -> Sequence[Outcome]:
    """Fold the batch and apply it; events of unknown requests are for quarantine."""
    tenants = await store.tenants([work.request_id for work in works]) if works else {}
    outcomes = [projection_outcome(work, tenants) for work in works]
    known = [
        work.decoded
        for work, outcome in zip(works, outcomes, strict=True)
        if isinstance(outcome, Done)
    ]
    # The offsets move with the rows: what is in none of them must be kept by then (DESIGN 3.9).
    await quarantine(outcomes)
    for collision in await store.apply(fold(known) if known else Changes(), positions):
        _alarm(collision)
    finished = [one for one in known if type(one.event) in ENDS]
    for one in finished:
        _timed(one.event)
    logs.each_look(
        "look finished",
        __name__,
        [(one.event.request_id, one.meta.traceparent) for one in finished],
    )
    return outcomes


def app(process: Process | None = None, kafka: KafkaSettings | None = None) -> Application:
    """The FastStream application."""
    kafka = kafka or KafkaSettings()
    application = Application(
        DECLARATION,
        process=process,
        kafka=kafka,
        lifespan=resources(kafka),
        heals=(*TRANSIENT, Superseded),
    )
    application.sessions(
        lambda one: BatchSession(
            one,
            ProjectionOffsets(
                one.context.get("store"), partial(written_to, one.kafka), margin_of(LookSettings())
            ),
        )
    )
    application.subscriber(project)
    return application


def resources(kafka: KafkaSettings) -> Lifespan:
    """What the handler depends on; and gaps in finished jobs' events are closed beside it."""

    @asynccontextmanager
    async def beside(
        context: ContextRepo, process: Annotated[Process, Context()]
    ) -> AsyncIterator[None]:
        async with open_pool(DatabaseSettings(), process) as pool, asyncio.TaskGroup() as parts:
            store, gaps = ProjectionStore(pool), EventGapStore(pool)
            context.set_global("store", store)
            projected = Projected(process, kafka, store, margin_of(LookSettings()))
            parts.create_task(
                run_sessions(
                    process,
                    "event_gaps",
                    lambda: EventGaps(process, kafka, DECLARATION.topics, gaps, projected),
                )
            )
            yield

    return beside


class ProjectionOffsets:
    """The projection's own, beside the rows that they say were applied."""

    def __init__(self, store: ProjectionStore, written: WrittenOf, margin: timedelta) -> None:
        """In this store. `written`: what each of these partitions has now. `margin`: clocks differ
        by no more.
        """
        self._store = store
        self._written = written
        self._margin = margin

    async def start(self, partitions: Sequence[PartitionName]) -> Mapping[PartitionName, int]:
        """Where the rows say that reading stopped. A partition that ends before that, or that has
        older records which were written since, was made anew, and is read from its beginning.
        """
        read = await self._store.positions(partitions)
        there = await self._written([*read]) if read else {}
        begin = {place: position.next_offset for place, position in read.items()}
        for place, found in there.items():
            position = read[place]
            ends_before = found.end < position.next_offset
            if ends_before or of_a_former_topic(position, found, self._margin):
                await self._begin_anew(place, begin.pop(place), found)
        return begin

    async def _begin_anew(self, place: PartitionName, offset: int, found: WrittenTo) -> None:
        topic, partition = place
        log.error(
            "a partition is another one than was read: its topic was made anew, or lost records; "
            "read from its beginning",
            topic=topic,
            partition=partition,
            offset=offset,
            end=found.end,
            begins_at=found.first_at,
        )
        metrics.OFFSET_JUMPS.labels(DECLARATION.name, topic).inc()
        await self._store.set_back(topic, partition, 0)

    async def moved(self, positions: OffsetSpans) -> None:
        """Nothing was read; the sweeper waits for all there is to be read."""
        await self._store.apply(Changes(), positions)


def _alarm(collision: Collision) -> None:
    metrics.EVENT_COLLISIONS.inc()
    event = collision.newcomer
    log.error(
        "two events of one request have one number; both are kept",
        request_id=event.request_id,
        number=event.seq,
        event_id=event.event_id,
        event_type=event.event_type,
        kept_as=collision.seq,
    )


def _timed(event: RequestEvent) -> None:
    """How long a look took. Its id begins with the time at which it was accepted."""
    match event:
        case LookCompleted(completed_at=at):
            took = _SUCCEEDED
        case LookFailed(failed_at=at):
            took = _FAILED
        case _:
            raise TypeError(f"no look ends with {type(event).__name__}")
    took.observe(max(0.0, at.timestamp() - made_s(event.request_id)))


def projection_outcome(work: Work, tenants: Mapping[str, str]) -> Outcome:
    """Whether an event can be true: its request exists and is its tenant's."""
    tenant_id = tenants.get(work.request_id)
    if tenant_id is not None and is_pseudonym(tenant_id):
        return Skip(ERASED)
    why = objection(work.decoded.event, tenant_id)
    return Done() if why is None else Unhandled(why)


if __name__ == "__main__":
    start(app)
