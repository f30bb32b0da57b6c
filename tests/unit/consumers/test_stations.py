"""Who makes a look: what it asks for, else the default; an engine that hangs holds up no other's
looks.
"""

import asyncio
from datetime import datetime

import pytest

from consumers.compositor.handler import Compositor, Engines, Station
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from domain.history import PartitionHistory
from domain.outcomes import Done, Later, Outcome, Reject
from runtime.declaration import Draining
from runtime.fairness.slots import Slots
from schemas.engines import EngineName
from schemas.events import LookCompleted, LookRequested, StoredImage
from schemas.failures import FailureCode, FailureReason
from tests.making import NOW, a_request, attempt

IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)


class Fake:
    """Makes looks as the engine of this name, once `free` is set."""

    def __init__(self, name: str, *, free: bool = True) -> None:
        self._name = name
        self.lost: Symptom | None = None
        self.free = asyncio.Event()
        if free:
            self.free.set()

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        await self.free.wait()
        if self.lost is not None:
            reason = FailureReason(code=FailureCode.INTERNAL, message="m")
            return NotRendered(reason, can_heal=True, symptom=self.lost)
        return Rendered(IMAGE, (), self._name, ())


def nobody_listens(_: datetime) -> None:
    """Progress is not what is tested here."""


def compositor(
    remote: Fake | None, default: EngineName = EngineName.CLASSICAL, own: Fake | None = None
) -> Compositor:
    station = Station(remote, Slots(1)) if remote is not None else None
    return Compositor(
        own or Fake("own"),
        Slots(1),
        lambda: NOW,
        history_window_s=60,
        engines=Engines(station, default),
    )


async def handled(one: Compositor, engine: str | None) -> Outcome:
    request = a_request().model_copy(update={"engine": engine})
    return await one.handle(attempt(request), PartitionHistory(), nobody_listens)


@pytest.mark.parametrize(
    ("engine", "default", "made_by"),
    [
        (None, EngineName.CLASSICAL, "own"),
        (None, EngineName.REMOTE, "other"),
        ("classical", EngineName.REMOTE, "own"),
        ("remote", EngineName.CLASSICAL, "other"),
    ],
)
async def test_a_look_is_made_by_whom_it_asks_for(
    engine: str | None, default: EngineName, made_by: str
) -> None:
    outcome = await handled(compositor(Fake("other"), default), engine)
    assert isinstance(outcome, Done)
    completed = outcome.emits[0].event
    assert isinstance(completed, LookCompleted)
    assert completed.engine_version == made_by


@pytest.mark.parametrize("engine", ["remote", "steam"])
async def test_an_engine_that_is_not_there_is_our_fault_and_may_come(engine: str) -> None:
    outcome = await handled(compositor(None), engine)
    assert isinstance(outcome, Later)
    assert outcome.reason.code is FailureCode.INTERNAL


async def test_a_remote_engine_that_hangs_holds_up_none_of_our_own_looks() -> None:
    other = Fake("other", free=False)
    one = compositor(other)
    hanging = [asyncio.create_task(handled(one, "remote")) for _ in range(3)]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert isinstance(await handled(one, "classical"), Done)
        other.free.set()
        assert all(isinstance(outcome, Done) for outcome in await asyncio.gather(*hanging))


async def test_draining_sends_away_who_waits_for_a_remote_engine() -> None:
    one = compositor(Fake("other", free=False))
    waiting = [asyncio.create_task(handled(one, "remote")) for _ in range(2)]
    await asyncio.sleep(0)
    one.drain()
    with pytest.raises(Draining):
        await waiting[1]
    waiting[0].cancel()


@pytest.mark.parametrize("symptom", Symptom)
async def test_a_worker_that_asks_a_remote_engine_is_never_lost_by_the_photos_fault(
    symptom: Symptom,
) -> None:
    other = Fake("other")
    other.lost = symptom
    one = compositor(other)
    for _ in range(3):
        outcome = await handled(one, "remote")
        assert isinstance(outcome, Later)
        assert (outcome.reason.code, outcome.suspect) == (FailureCode.INTERNAL, "")


async def test_a_remote_engines_word_neither_raises_nor_clears_a_suspicion_of_our_own() -> None:
    other, own = Fake("other"), Fake("own")
    one = compositor(other, own=own)
    own.lost = other.lost = Symptom.DIED
    assert isinstance(await handled(one, "remote"), Later)
    first = await handled(one, "classical")
    assert isinstance(first, Later)
    assert first.suspect
    other.lost = None
    assert isinstance(await handled(one, "remote"), Done)
    again = await handled(one, "classical")
    assert isinstance(again, Reject)
    assert again.reason.code is FailureCode.PHOTO_NOT_PROCESSED
