"""A worker that hangs in native code or asks for too much memory, with real worker processes: the
next looks are made.
"""

import asyncio
import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from PIL import Image

from consumers.compositor.handler import Compositor
from consumers.compositor.pool import RenderPool
from consumers.compositor.results import NotRendered, Rendered
from devstack.demo import object_store, upload
from devstack.stack import Stack
from devstack.wardrobe import WARDROBE, draw
from domain.composing import ATTEMPT_HEADER, SUSPECT_HEADER, Attempt
from domain.history import PartitionHistory
from domain.outcomes import Done, Later, Outcome, Reject
from runtime.fairness.slots import Slots
from runtime.settings import LookSettings, ObjectStoreSettings
from schemas.events import LookRequested
from schemas.failures import FailureCode
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from tests.making import NOW, a_request, attempt

FOLDER = "users/abc/stuck"
MEMORY_BYTES = 900 * 1024 * 1024
"""A small look needs 600 MB of address space, 50 megapixels need 1.2 GB."""


def a_look(name: str) -> LookRequested:
    item = TrialItemInput(trial_image=f"{FOLDER}/{name}", trial_item_category=WARDROBE["tee"])
    return a_request(new_request_id()).model_copy(
        update={"items": (item,), "runtime_config": {"width": 256}}
    )


def tee() -> Attempt:
    """The first attempt of a look of a t-shirt."""
    return attempt(a_look("tee.jpg"))


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where faults are planted. One folder for all tests: the server that workers are forked from
    has the environment of its first pool.
    """
    return tmp_path_factory.mktemp("plants")


@pytest.fixture
def pool(
    request: pytest.FixtureRequest, services: Stack, plants: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RenderPool]:
    """One worker with 10 s for a look, or spare ones too and 120 s; faults for them are planted in
    `plants`.
    """
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    monkeypatch.setenv("LOOKS_FAULTS_DIR", str(plants))
    store = ObjectStoreSettings(
        bucket=services.env["LOOKS_S3_BUCKET"],
        namespace=services.env.get("LOOKS_NAMESPACE", ""),
        endpoint_url=services.env["LOOKS_S3_ENDPOINT_URL"],
        region=services.env["LOOKS_S3_REGION"],
    )
    upload(services.env, {"tee"}, FOLDER)
    spare, grace_s = getattr(request, "param", (0, 60))
    look = LookSettings(
        time_limit_s=120 if spare else 10,
        workers=1,
        worker_memory_bytes=MEMORY_BYTES,
        cutout_cache=False,
    )
    made = RenderPool(look, store, spare=spare, grace_s=grace_s)
    yield made
    made.close()


@pytest.mark.hostile(row=33)
async def test_a_stuck_worker_is_killed_at_the_time_limit_and_the_next_look_is_made(
    pool: RenderPool, plants: Path
) -> None:
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)
    (stuck,) = workers()
    (plants / "worker.after-upload").write_text("stop")
    compositor = Compositor(pool, Slots(1), lambda: NOW, history_window_s=60)
    outcome = await compositor.handle(tee(), PartitionHistory(), nobody_listens)
    assert isinstance(outcome, Later), "it is tried again by the schedule"
    assert outcome.reason.code is FailureCode.TIMEOUT
    assert isinstance(
        await compositor.handle(tee(), PartitionHistory(), nobody_listens),
        Done,
    )
    assert not stuck.is_running() or stuck.status() == psutil.STATUS_ZOMBIE
    assert workers() != [stuck]


async def test_a_worker_that_waited_for_the_store_all_the_time_blames_no_photo(
    pool: RenderPool, plants: Path
) -> None:
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)
    (plants / "worker.after-upload").write_text("wait 60")
    failed = await pool.render(a_look("tee.jpg"))
    assert isinstance(failed, NotRendered)
    assert (failed.reason.code, failed.can_heal, failed.symptom) == (
        FailureCode.TIMEOUT,
        True,
        None,
    )
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)


@pytest.mark.hostile(row=33)
async def test_a_look_beyond_the_memory_limit_fails_as_our_fault_and_the_next_one_is_made(
    pool: RenderPool, services: Stack
) -> None:
    object_store(services.env).put_object(
        Bucket=services.env["LOOKS_S3_BUCKET"], Key=f"{FOLDER}/huge.png", Body=huge()
    )
    failed = await pool.render(a_look("huge.png"))
    assert isinstance(failed, NotRendered)
    assert failed.reason.code is FailureCode.INTERNAL
    assert "memory" in failed.reason.message
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)


@pytest.mark.parametrize(("fault", "spoken_of"), [("stop", "take longer"), ("kill", "crash")])
async def test_photos_that_lose_a_worker_twice_are_at_fault_and_once_more_cost_one_worker(
    pool: RenderPool, plants: Path, fault: str, spoken_of: str
) -> None:
    compositor = Compositor(pool, Slots(1), lambda: NOW, history_window_s=60)
    plant = plants / "worker.after-upload"

    async def tried(compositor: Compositor, asked: Attempt) -> Outcome:
        plant.write_text(fault)
        outcome = await compositor.handle(asked, PartitionHistory(), nobody_listens)
        assert not plant.exists()
        return outcome

    first = await tried(compositor, tee())
    assert isinstance(first, Later)
    assert first.suspect
    # Told by the record alone
    elsewhere = Compositor(pool, Slots(1), lambda: NOW, history_window_s=60)
    retried = attempt(a_look("tee.jpg"), **{ATTEMPT_HEADER: "2", SUSPECT_HEADER: first.suspect})
    for outcome in (
        await tried(elsewhere, retried),
        await tried(compositor, tee()),  # another request, the same photos
    ):
        assert isinstance(outcome, Reject)
        assert outcome.reason.code is FailureCode.PHOTO_NOT_PROCESSED
        assert spoken_of in outcome.reason.message
    assert isinstance(
        await compositor.handle(tee(), PartitionHistory(), nobody_listens),
        Done,
    )


@pytest.mark.parametrize("pool", [(1, 60)], indirect=True)
async def test_another_tenants_look_is_made_while_one_tenants_hang(
    pool: RenderPool, plants: Path
) -> None:
    async def look(compositor: Compositor, tenant_id: str) -> Outcome:
        request = a_look("tee.jpg").model_copy(update={"tenant_id": tenant_id})
        return await compositor.handle(attempt(request), PartitionHistory(), nobody_listens)

    warming = Compositor(pool, Slots(2), lambda: NOW, history_window_s=60)
    await asyncio.gather(look(warming, "other"), look(warming, "other"))
    compositor = Compositor(pool, Slots(1, spare=1), lambda: NOW, history_window_s=60)
    assert isinstance(await look(compositor, "other"), Done)  # how long a look takes is known
    plant = plants / "worker.after-upload"
    plant.write_text("stop")
    hanging = asyncio.create_task(look(compositor, "odd"))
    async with asyncio.timeout(100):
        while plant.exists():
            await asyncio.sleep(0.02)
    behind = asyncio.create_task(look(compositor, "odd"))
    async with asyncio.timeout(100):
        assert isinstance(await look(compositor, "other"), Done)
    assert not hanging.done(), "it was not waited for"
    assert not behind.done(), "the spare worker is not for whoever hangs"
    for task in (hanging, behind):
        task.cancel()
    await asyncio.gather(hanging, behind, return_exceptions=True)


@pytest.mark.parametrize("pool", [(1, 60)], indirect=True)
async def test_looks_cancelled_at_any_moment_cost_no_worker(pool: RenderPool) -> None:
    pool_s = await took_s(pool)
    before = {worker.pid for worker in workers()}
    compositor = Compositor(pool, Slots(1, spare=1), lambda: NOW, history_window_s=60)
    asked = [
        asyncio.create_task(compositor.handle(tee(), PartitionHistory(), nobody_listens))
        for _ in range(60)
    ]
    for number, one in enumerate(asked):
        await asyncio.sleep(pool_s * (number % 7) / 7)
        one.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)
    assert {worker.pid for worker in workers()} == before


@pytest.mark.parametrize("pool", [(1, 0.1)], indirect=True)
async def test_a_cancelled_look_that_hangs_keeps_its_worker_no_longer_than_the_grace(
    pool: RenderPool, plants: Path
) -> None:
    await took_s(pool)
    before = {worker.pid for worker in workers()}
    plant = plants / "worker.after-upload"
    plant.write_text("stop")
    hanging = asyncio.create_task(pool.render(a_look("tee.jpg")))
    async with asyncio.timeout(100):
        while plant.exists():
            await asyncio.sleep(0.02)
    hanging.cancel()
    async with asyncio.timeout(100):
        while len({worker.pid for worker in workers()} & before) == len(before):
            await asyncio.sleep(0.02)
    for _ in before:
        assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)


async def test_a_worker_that_is_killed_while_it_has_nothing_to_do_is_replaced(
    pool: RenderPool,
) -> None:
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)
    for _ in range(3):
        (worker,) = workers()
        worker.kill()
        async with asyncio.timeout(100):
            while isinstance(await pool.render(a_look("tee.jpg")), NotRendered):
                await asyncio.sleep(0.02)


async def took_s(pool: RenderPool) -> float:
    """How long a look takes once all workers are there."""
    await asyncio.gather(*(pool.render(a_look("tee.jpg")) for _ in range(2)))
    begun = asyncio.get_running_loop().time()
    assert isinstance(await pool.render(a_look("tee.jpg")), Rendered)
    return asyncio.get_running_loop().time() - begun


def nobody_listens(_: datetime) -> None:
    """Progress is not what is tested here."""


def workers() -> list[psutil.Process]:
    """The worker processes of this process's pool."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a zombie, too
            if "multiprocessing.forkserver" in " ".join(child.cmdline()):
                found += [one for one in child.children() if one.status() != psutil.STATUS_ZOMBIE]
    return found


def huge() -> bytes:
    """A drawn garment of 48 megapixels: allowed, and more than the worker of this test has memory
    for.
    """
    small = cv2.imdecode(np.frombuffer(draw("tee"), np.uint8), cv2.IMREAD_COLOR)
    assert small is not None
    data = io.BytesIO()
    Image.fromarray(cv2.resize(small, (6000, 8000))[:, :, ::-1]).save(data, "png", compress_level=1)
    return data.getvalue()
