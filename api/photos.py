"""Whether a photo can be decoded, found out before it is accepted: what an upload's 201 took never
fails as damaged later.

What a photo looks like comes of the same decoding, as a small JPEG.

Strangers' bytes are decoded in processes of their own (`api.photo_worker`), bounded in memory and
CPU time; one that a photo ends is replaced. What only waits for the machine is no photo's fault.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from base64 import b64decode
from contextlib import suppress
from typing import Any, BinaryIO

import orjson

from api.errors import unavailable
from compositing import GarmentError
from runtime import logs

log = logs.get(__name__)

WORKERS = 2
TIME_LIMIT_S = 20.0
"""CPU time of one photo."""
PATIENCE = 4
"""A worker's answer is waited for so many times as long: it may have to start, on a busy machine.
"""
PHOTOS_PER_WORKER = 500
"""A worker is replaced after so many: what a native library leaks stays bounded."""
CHUNK_BYTES = 256 * 1024
LENGTH_BYTES = 8
"""Of what stands before each photo."""
ENDED_WITHIN_S = 5.0
"""A process that closed its pipe is gone so soon."""
BUSY = "The photo could not be looked at in time: this machine is busy."
AGAIN_S = 2


class PhotoWorkers:
    """Processes that are given photos, one after the other, and say something of each. Not shared
    between event loops. They start with the first photo.
    """

    def __init__(
        self, module: str, count: int, memory_bytes: int, *, time_limit_s: float = TIME_LIMIT_S
    ) -> None:
        """`module`: what runs in each; `memory_bytes`: of one worker; `time_limit_s`: CPU time of
        one photo.
        """
        self._module = module
        self._count = count
        self._bounds = (str(memory_bytes), str(time_limit_s))
        self._patience_s = PATIENCE * time_limit_s
        self._idle: asyncio.LifoQueue[_DecodeWorker | None] = asyncio.LifoQueue()
        for _ in range(count):
            self._idle.put_nowait(None)

    async def told(self, file: BinaryIO, size_bytes: int) -> dict[str, Any]:
        """What a worker says of a photo. Waits for its turn. Raises GarmentError; ApiError 503
        where the machine is too busy to say.
        """
        worker = await self._idle.get()
        kept = None
        try:
            if worker is None:
                worker = await self._start()
            async with asyncio.timeout(self._patience_s):
                told = await worker.ask(file, size_bytes)
            if worker.asked < PHOTOS_PER_WORKER:
                kept = worker
        except TimeoutError:
            log.warning("no photo is decoded in time: the machine is busy")
            raise unavailable(BUSY, after_s=AGAIN_S) from None
        except (EOFError, ConnectionError) as error:
            code = await worker.ended() if worker else None
            log.warning("a photo ended its decoder", error=type(error).__name__, code=code)
            why = "takes too long to decode" if code == -signal.SIGPROF else "can't be decoded"
            raise GarmentError("image_unreadable", f"The photo {why}.") from None
        finally:
            self._idle.put_nowait(kept)
            if worker is not None and kept is None:
                await asyncio.shield(worker.end())
        if "code" in told:
            raise GarmentError(told["code"], told["message"])
        return told

    async def close(self) -> None:
        """End the workers."""
        for _ in range(self._count):
            worker = await self._idle.get()
            if worker is not None:
                await worker.end()

    async def _start(self) -> "_DecodeWorker":
        words = (sys.executable, "-m", self._module, *self._bounds)
        starting = asyncio.ensure_future(
            asyncio.create_subprocess_exec(*words, stdin=PIPE, stdout=PIPE)
        )
        try:
            return _DecodeWorker(await asyncio.shield(starting))
        except asyncio.CancelledError:
            await _DecodeWorker(await starting).end()
            raise


class PhotoChecker(PhotoWorkers):
    """Decodes what is uploaded."""

    def __init__(self, memory_bytes: int, *, time_limit_s: float = TIME_LIMIT_S) -> None:
        """`memory_bytes`: of one worker."""
        super().__init__("api.photo_worker", WORKERS, memory_bytes, time_limit_s=time_limit_s)

    async def thumbnail(self, file: BinaryIO, size_bytes: int) -> bytes:
        """What a photo that can be decoded looks like: a small JPEG. Waits for its turn. Raises
        GarmentError.
        """
        return b64decode((await self.told(file, size_bytes))["thumbnail"])


class _DecodeWorker:
    def __init__(self, process: Process) -> None:
        self.process = process
        self.asked = 0

    async def ask(self, file: BinaryIO, size_bytes: int) -> dict[str, Any]:
        """Raises EOFError or ConnectionError when the worker ends."""
        self.asked += 1
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        stdin.write(size_bytes.to_bytes(LENGTH_BYTES, "big"))
        await asyncio.to_thread(file.seek, 0)
        while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
            stdin.write(piece)
            await stdin.drain()
        line = await stdout.readline()
        if not line:
            raise EOFError
        told: dict[str, Any] = orjson.loads(line)
        return told

    async def ended(self) -> int | None:
        """How it ended by itself; None: it has not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ENDED_WITHIN_S):
                return await self.process.wait()
        return None

    async def end(self) -> None:
        """Now, whatever it does."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.communicate()  # also until its pipe is closed, before the loop is
