"""Composes requested looks and decides their outcome.

Key: request id. Order: looks are made side by side, fairly by tenant, and finish in any order; a
slow one holds up nobody. A replay is safe: the partition's recent history tells what was decided
(`domain.history`), results and offsets are one Kafka transaction, and the picture's key and bytes
depend on the request alone.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumers.compositor.photos import FetchedPhotos, as_asked, with_keys
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Suspicions, after_failure, photos_of
from domain.breaker import About
from domain.composing import (
    CANCELLED,
    OUR_FAULTS,
    SUSPECT_FAULTS,
    Attempt,
    admit,
    attempt_of,
    begun,
    decide,
    note,
)
from domain.engines import named
from domain.history import PartitionHistory
from domain.outcomes import Done, Emit, Later, Outcome, Reject, Skip, Unhandled
from domain.retry import JITTER
from runtime import faults, tracing
from runtime.declaration import Begin, Decided, Declaration, Draining, LaneHandler, WorkWindow
from runtime.fairness.slots import Slots
from runtime.records import Work
from schemas.engines import EngineName
from schemas.events import CancelLook, LookCompleted, LookRequested, RequestEvent
from schemas.failures import FailureCode, FailureReason
from schemas.topics import (
    LOOK_CANCEL,
    LOOK_COMPLETED,
    LOOK_DEAD_LETTER,
    LOOK_PROGRESS,
    LOOK_REQUESTED,
    RETRY_DELAYS_S,
    RETRY_TOPICS,
)

MAX_NOT_BEFORE_S = max(RETRY_DELAYS_S) * (1 + JITTER)
"""No retry of ours waits for longer. A record that seems due later was met by a clock that was
wrong, and would be slept over when the clock is right again.
"""
TENANT_WINDOW = 32
"""Looks of one tenant that one partition has in hand: enough to keep every worker busy while the
next are read again.
"""
DEFERRED_MAX = 1_000_000
"""At 17 bytes each."""
NO_SUCH_ENGINE = FailureReason(
    code=FailureCode.INTERNAL, message="The engine that makes this look is not there."
)
"""It can heal: while a setting is rolled out, another instance may have it."""


class Renderer(Protocol):
    """Makes one look; expected failures are values."""

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        """The picture in S3, or why there is none."""


@dataclass(frozen=True, slots=True)
class Station:
    """An engine's renderer, and the places that there are at it.

    `opens_photos`: its workers do, so one that is lost may be a photo's fault. Otherwise it is
    ours, or a remote engine's.
    """

    renderer: Renderer
    slots: Slots
    opens_photos: bool = False


class Photos(Protocol):
    """Fetches the photos that a request names by URL; expected failures are values."""

    async def fetched(self, request: LookRequested) -> FetchedPhotos | NotRendered:
        """Each of them by its item's index, in the store."""


class NoPhotos:
    """For where all photos are in the store."""

    async def fetched(self, request: LookRequested) -> FetchedPhotos | NotRendered:
        """None."""
        return {}


@dataclass(frozen=True, slots=True)
class Engines:
    """Which engines there are beside our own, which makes the looks that ask for none, and who
    fetches what they are given.
    """

    remote: Station | None = None
    default: EngineName = EngineName.CLASSICAL
    photos: Photos = NoPhotos()  # noqa: RUF009 (it holds nothing)


OUR_OWN_ALONE = Engines()


def declaration(history_window_s: float) -> Declaration:
    """The compositor's declaration. The window must span a request's life and the difference of
    clocks.
    """
    return Declaration(
        name="compositor",
        topics=(LOOK_REQUESTED, *RETRY_TOPICS, LOOK_CANCEL),
        about="composes requested looks and decides their outcome",
        max_in_flight=5000,
        history=(LOOK_PROGRESS, LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_CANCEL),
        history_window_s=history_window_s,
        faults=OUR_FAULTS,
        suspects=SUSPECT_FAULTS,
        photo_of=photo_of,
        interrupts=(CancelLook, CANCELLED),
        window=WorkWindow(TENANT_WINDOW, DEFERRED_MAX, tenant_of),
    )


def tenant_of(event: RequestEvent) -> str:
    """Whose window an event of ours counts in."""
    if isinstance(event, LookRequested | CancelLook):
        return event.tenant_id
    raise TypeError(f"{type(event).__name__} is not read here")


def photo_of(event: RequestEvent, reason: FailureReason | None) -> About | None:
    """Whose photo a decision was about."""
    if not isinstance(event, LookRequested):
        return None
    return About(
        event.tenant_id, photos_of(event, reason.item_index if reason is not None else None).digest
    )


LookCommand = Attempt | CancelLook
"""What a record asks for."""


class Compositor(LaneHandler[LookCommand]):
    """Decides what to do with each request record, and does it in a worker process."""

    def __init__(
        self,
        renderer: Renderer,
        slots: Slots,
        clock: Callable[[], datetime],
        *,
        history_window_s: float,
        engines: Engines = OUR_OWN_ALONE,
    ) -> None:
        """At most as many looks at a time as there are slots, and as there are at a remote engine,
        where there is one.
        """
        self.declaration = declaration(history_window_s)
        self._slots = slots
        self._clock = clock
        self._suspicions = Suspicions()
        self._photos = engines.photos
        self._default = engines.default
        self._stations = {EngineName.CLASSICAL: Station(renderer, slots, opens_photos=True)}
        if engines.remote is not None:
            self._stations[EngineName.REMOTE] = engines.remote

    def remember(self, history: PartitionHistory, work: Work, until: datetime) -> None:
        """Take in a record of the recent past."""
        event = work.decoded.event
        if isinstance(event, CancelLook):
            history.note_cancelled(event.request_id, until)
        else:
            note(history, Emit(event, (), work.decoded.meta.sequence), until)

    def parse(self, work: Work) -> LookCommand | Unhandled:
        """The attempt that a request record asks for, or the cancel that it is."""
        event = work.decoded.event
        if isinstance(event, CancelLook):
            return event
        if not isinstance(event, LookRequested):
            return Unhandled("neither a request nor a cancel")
        attempt = attempt_of(event, work.decoded.meta.extra)
        return Unhandled("malformed retry headers") if attempt is None else attempt

    def is_repeat(self, asked: LookCommand, at_work: LookCommand) -> bool:
        """Whether this or a later attempt is being made."""
        if isinstance(asked, CancelLook) or isinstance(at_work, CancelLook):
            return False
        return at_work.number >= asked.number

    def receive(
        self, asked: LookCommand, history: PartitionHistory, now: datetime
    ) -> Outcome | None:
        """Skip what is decided or too late; remember cancels."""
        if isinstance(asked, CancelLook):
            history.note_cancelled(asked.request_id, asked.deadline_at)
            return Skip("noted")
        return admit(asked, history, now)

    async def handle(self, asked: LookCommand, history: PartitionHistory, begin: Begin) -> Outcome:
        """Wait until it is due and its turn, say that work begins, make the look."""
        if isinstance(asked, CancelLook):
            return Skip("noted")
        request = asked.request
        await self._until_due(asked)
        engine = named(request.engine, self._default)
        station = self._stations.get(engine) if engine is not None else None
        if station is None:
            return Later(NO_SUCH_ENGINE)
        photos = await self._photos.fetched(request)
        if isinstance(photos, NotRendered):
            return outcome_of(request, photos, self._clock(), self._clock())
        async with station.slots.place(request.tenant_id):
            begun_at = self._clock()
            # Waiting for the place may have taken the request beyond its deadline: a look that
            # can't be sold any more holds no worker.
            refused = admit(asked, history, begun_at)
            if refused is not None:
                return refused
            begin(begun_at)
            with tracing.span("render"):
                result = await station.renderer.render(
                    with_keys(request, photos) if photos else request
                )
            await faults.at(self.declaration.name, faults.FaultPoint.AFTER_UPLOAD)
            blamed = self._blamed(asked, result) if station.opens_photos else None
            if photos:
                result = as_asked(result, request, photos)
            return blamed or outcome_of(request, result, begun_at, self._clock())

    def begun(
        self, asked: LookCommand, history: PartitionHistory, at: datetime, now: datetime
    ) -> Emit | None:
        """The progress event of an attempt, unless it was said before or is not worked on any
        more.
        """
        return None if isinstance(asked, CancelLook) else begun(asked, history, at, now)

    def decide(
        self,
        asked: LookCommand,
        outcome: Outcome,
        history: PartitionHistory,
        now: datetime,
        *,
        chance: float,
    ) -> Decided:
        """The last look at cancels, deadline and duplicates; retries are scheduled here."""
        if isinstance(asked, CancelLook):
            return Decided(outcome)
        return Decided(*decide(asked, outcome, history, now, chance=chance))

    def committed(self, asked: LookCommand, emit: Emit, history: PartitionHistory) -> None:
        """Remember the decision until its request's deadline."""
        if isinstance(asked, Attempt):
            note(history, emit, asked.request.deadline_at)

    def drain(self) -> None:
        """Looks that were not begun are left for the next owner."""
        for station in self._stations.values():
            station.slots.drain()

    def _blamed(self, attempt: Attempt, result: Rendered | NotRendered) -> Outcome | None:
        """What losing a worker to a look comes to; None when none was lost."""
        photos, now = photos_of(attempt.request), self._clock()
        if isinstance(result, Rendered) or result.symptom is None:
            if isinstance(result, Rendered) or not result.can_heal:
                self._suspicions.clear(photos)
            return None
        again = attempt.suspected or self._suspicions.suspects(photos, now)
        self._suspicions.note(photos, now)
        return after_failure(result.symptom, result.reason, again=again)

    async def _until_due(self, attempt: Attempt) -> None:
        wait_s = attempt.not_before_ms / 1000 - self._clock().timestamp()
        if wait_s <= 0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(wait_s, MAX_NOT_BEFORE_S)):
                await self._slots.draining.wait()
            raise Draining


def outcome_of(
    request: LookRequested, result: Rendered | NotRendered, begun_at: datetime, now: datetime
) -> Outcome:
    """What a worker's result means."""
    if isinstance(result, NotRendered):
        return Later(result.reason) if result.can_heal else Reject(result.reason)
    completed = LookCompleted(
        request_id=request.request_id,
        tenant_id=request.tenant_id,
        image=result.image,
        items=result.items,
        engine_version=result.engine_version,
        seed=result.seed,
        stage_ms=result.stage_ms,
        bare_image=result.bare,
        duration_ms=max(0, int((now - begun_at).total_seconds() * 1000)),
        completed_at=now,
        warnings=result.warnings,
        reference=request.reference,
        metadata=request.metadata,
    )
    return Done((Emit(completed, ("look.completed",)),))
