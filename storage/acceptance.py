"""Accepting requests: charge, request row, ledger entry, outbox row and stored answer in one
transaction.

Natural batching: what arrives while a commit is under way shares the next one. One commit is on its
way at a time, so a hot account's row lock is held once per batch and not once per request. Each
request gets a verdict of its own; a batch that can't be written is tried again one by one, so that
one bad member fails alone.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import asyncpg

from runtime import faults
from storage.acceptance_rows import decide, known
from storage.submissions import AcceptanceResult, Submission

BUSY_BATCH = 8
LINGER_S = 0.003
"""After a commit that many shared, the next one waits this long for those who were just answered to
come back: without it, the first of them would hold the account's lock alone.
"""


class Overloaded(Exception):
    """Too many requests wait for a commit; nothing was written."""


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    verdict: "asyncio.Future[AcceptanceResult]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Acceptance:
    """Accepts submissions through one connection pool. Not shared between event loops."""

    def __init__(self, pool: asyncpg.Pool, *, batch_max: int, queue_max: int) -> None:
        """At most `batch_max` share a commit, at most `queue_max` wait for one."""
        self._pool = pool
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._queue: deque[_Waiting] = deque()
        self._flushing: asyncio.Task[None] | None = None

    async def accept(self, submission: Submission) -> AcceptanceResult:
        """Wait for the commit that decides. Raises Overloaded, or what the database raised; then
        nothing is promised.
        """
        if len(self._queue) >= self._queue_max:
            raise Overloaded
        waiting = _Waiting(submission)
        self._queue.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await asyncio.shield(waiting.verdict)

    async def _flush(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(self._batch_max, len(self._queue)))]
            await self._settle(batch)
            if len(batch) >= BUSY_BATCH:
                await asyncio.sleep(LINGER_S)

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            verdicts = await self._write([waiting.submission for waiting in batch])
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(batch) == 1:
                _fail(batch, error)
            else:
                for waiting in batch:
                    await self._settle([waiting])
        except Exception as error:
            _fail(batch, error)
        else:
            for waiting, verdict in zip(batch, verdicts, strict=True):
                if not waiting.verdict.done():
                    waiting.verdict.set_result(verdict)

    async def _write(self, batch: list[Submission]) -> list[AcceptanceResult]:
        async with self._pool.acquire() as connection, connection.transaction():
            verdicts, fresh = await known(connection, batch)
            if fresh:
                await decide(connection, [batch[index] for index in fresh], fresh, verdicts)
                await faults.at("api", faults.FaultPoint.BEFORE_COMMIT)
        await faults.at("api", faults.FaultPoint.AFTER_COMMIT)
        return [verdicts[index] for index in range(len(batch))]


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.verdict.done():
            waiting.verdict.set_exception(error)
            waiting.verdict.exception()  # a client that went away leaves nobody to read it
