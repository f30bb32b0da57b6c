"""Guesses of what uploaded photos show, made by the engine in a process apart, where the engine is
installed beside the API.
"""

import asyncio
import io
from importlib.util import find_spec
from typing import Final

from api.photos import PhotoWorkers
from storage.uploads import UploadStore

AT_ONCE: Final = 1
MAX_WAITING: Final = 16
TIME_LIMIT_S: Final = 30.0
"""CPU time of one guess."""
ENGINE: Final = "cv2"


class GuessMaker:
    """One guess at a time. `here`: whether any can be made; `places`: for those who are answered
    and those who wait.
    """

    def __init__(self, uploads: UploadStore, memory_bytes: int) -> None:
        """`memory_bytes`: of one worker."""
        self.here = find_spec(ENGINE) is not None
        self.places = asyncio.Semaphore(AT_ONCE + MAX_WAITING)
        self._uploads = uploads
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._workers = PhotoWorkers(
            "api.guess_worker", AT_ONCE, memory_bytes, time_limit_s=TIME_LIMIT_S
        )

    async def guess(self, key: str) -> tuple[str, float]:
        """The category of a stored photo, and the confidence. Raises GarmentError, StoreError,
        ApiError 503.
        """
        async with self._turn:  # a photo is in memory only when it is its turn
            data = await self._uploads.read(key)
            told = await self._workers.told(io.BytesIO(data), len(data))
        return told["category"], told["confidence"]

    async def close(self) -> None:
        """End the worker."""
        await self._workers.close()
