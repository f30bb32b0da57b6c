"""Photos are decoded before they are accepted, in a process that they can't take the API down
with.
"""

import asyncio
import io
import os
import signal
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from api import photo_worker
from api.errors import ApiError
from api.photos import WORKERS, PhotoChecker
from compositing.decode import decode
from compositing.errors import GarmentError
from schemas.errors import ErrorCode
from tests.unit.compositing.pictures import save, tee
from tests.unit.compositing.test_decode import png_header

GOOD, BAD = save(tee(), "JPEG"), save(tee(), "PNG")[:3000]
MEMORY_BYTES = 2 * 1024**3


async def ask(checker: PhotoChecker, data: bytes) -> str | None:
    try:
        assert (await checker.thumbnail(io.BytesIO(data), len(data)))[:2] == b"\xff\xd8"
    except GarmentError as error:
        return error.code
    return None


@contextmanager
def patience(checker: PhotoChecker, seconds: float) -> Iterator[None]:
    """So long a worker's answer is waited for."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checker, "_patience_s", seconds)
        yield


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


async def test_a_photo_that_takes_too_much_cpu_time_is_refused_and_its_worker_ended() -> None:
    checker = PhotoChecker(MEMORY_BYTES, time_limit_s=0.02)
    large = save(np.repeat(np.repeat(tee(), 5, axis=0), 5, axis=1), "PNG")
    with patience(checker, 60), pytest.raises(GarmentError, match="too long"):
        await checker.thumbnail(io.BytesIO(large), len(large))
    await checker.close()


async def test_no_photo_is_blamed_for_a_machine_that_gives_its_worker_no_time() -> None:
    checker = PhotoChecker(MEMORY_BYTES)
    try:
        assert await ask(checker, GOOD) is None
        worker = await checker._idle.get()
        assert worker is not None
        os.kill(worker.process.pid, signal.SIGSTOP)
        checker._idle.put_nowait(worker)
        with patience(checker, 0.2), pytest.raises(ApiError) as refused:
            await checker.thumbnail(io.BytesIO(GOOD), len(GOOD))
        assert refused.value.code is ErrorCode.UNAVAILABLE
        assert await ask(checker, GOOD) is None
    finally:
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
    assert photo_worker.looked_at(GOOD)["code"] == "image_too_large"


@pytest.mark.parametrize(
    ("size", "small"),
    [((1600, 1200), (160, 120)), ((900, 1600), (120, 213)), ((120, 100), (120, 100))],
)
def test_a_thumbnail_is_the_photo_small_and_what_is_transparent_is_white(
    size: tuple[int, int], small: tuple[int, int]
) -> None:
    photo = Image.new("RGBA", size, (200, 30, 30, 255))
    photo.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    photo.save(out, "PNG")
    told = photo_worker.looked_at(out.getvalue())
    made = Image.open(io.BytesIO(b64decode(told["thumbnail"])))
    assert (made.format, made.size) == ("JPEG", small)
    row = np.asarray(made, np.int16)[5]
    left, right = row[small[0] // 4], row[small[0] * 3 // 4]
    assert np.abs(left - 255).max() <= 6
    assert np.abs(right - (200, 30, 30)).max() <= 6
