"""Photos are decoded before they are accepted, in a process that they can't take the API down
with.
"""

import asyncio
import io
import os
import signal

import pytest

from api import photo_worker
from api.photos import WORKERS, PhotoChecker
from compositing.decode import decode
from compositing.errors import GarmentError
from tests.unit.compositing.pictures import save, tee
from tests.unit.compositing.test_decode import png_header

GOOD, BAD = save(tee(), "JPEG"), save(tee(), "PNG")[:3000]
MEMORY_BYTES = 2 * 1024**3


async def ask(checker: PhotoChecker, data: bytes) -> str | None:
    problem = await checker.problem(io.BytesIO(data), len(data))
    return problem.code if problem else None


async def test_one_worker_after_another_photo_says_what_decoding_says() -> None:
    checker = PhotoChecker(MEMORY_BYTES)
    try:
        for data in (GOOD, BAD, png_header(9000, 9000), GOOD, b"x" * 500):
            try:
                decode(data, 1024)
                expected = None
            except GarmentError as error:
                expected = error.code
            assert await ask(checker, data) == expected
        assert await asyncio.gather(*(ask(checker, GOOD) for _ in range(3 * WORKERS))) == (
            [None] * 3 * WORKERS
        )
    finally:
        await checker.close()


async def test_a_photo_that_ends_its_worker_is_refused_and_the_next_one_is_read() -> None:
    checker = PhotoChecker(MEMORY_BYTES)
    try:
        assert await ask(checker, GOOD) is None
        worker = await checker._idle.get()
        assert worker is not None
        os.kill(worker.process.pid, signal.SIGKILL)
        checker._idle.put_nowait(worker)
        assert await ask(checker, GOOD) == "image_unreadable"
        assert await ask(checker, GOOD) is None
    finally:
        await checker.close()


async def test_a_photo_that_takes_too_long_is_refused_and_its_worker_ended() -> None:
    checker = PhotoChecker(MEMORY_BYTES, time_limit_s=0.001)
    problem = await checker.problem(io.BytesIO(GOOD), len(GOOD))
    assert problem is not None
    assert "too long" in str(problem)
    await checker.close()


async def test_an_upload_that_is_broken_off_leaves_no_worker_half_fed() -> None:
    checker = PhotoChecker(MEMORY_BYTES)
    try:
        asking = asyncio.create_task(ask(checker, GOOD))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait({asking})
        assert await ask(checker, GOOD) is None
    finally:
        await checker.close()


def test_a_photo_that_needs_too_much_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(data: bytes, side_px: int) -> None:
        raise MemoryError

    monkeypatch.setattr(photo_worker, "read", hungry)
    assert (photo_worker.problem_with(GOOD) or {})["code"] == "image_too_large"
