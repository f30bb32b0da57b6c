"""Accepting requests: lock, charge, ledger entry, request row, outbox row and stored answer in one
statement and one commit for all that wait.

Natural batching: what arrives while a commit is under way shares the next one. One commit is on its
way at a time, so a hot account's row lock is held once per batch and not once per request. Each
request gets a verdict of its own; a batch that can't be written is tried again one by one, so that
one bad member fails alone.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

import asyncpg

from runtime import faults, logs
from storage.acceptance_rows import BatchConnection, RowBatch
from storage.asked_rows import AskedSubmission, asked
from storage.submissions import AcceptanceResult, Submission

log = logs.get(__name__)

BUSY_BATCH = 8
LINGER_S = 0.003
"""After a commit that many shared, the next one waits this long for those who were just answered to
come back: without it, the first of them would hold the account's lock alone.
"""
BATCHES_A_CONNECTION = 50
"""One after another on the same connection before it goes back to the pool, which costs a round
trip and is where one that turned read-only is given up.
"""


class Overloaded(Exception):
    """Too many requests wait for a commit; nothing was written."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    asked: AskedSubmission
    verdict: "asyncio.Future[AcceptanceResult]"


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
        waiting = _Waiting(asked(submission), asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        return await waiting.verdict

    async def _flush(self) -> None:
        while self._queue:
            connected = False
            try:
                async with self._pool.acquire() as connection:
                    connected = True
                    await self._settle_some(connection)
            except Exception as error:
                if connected:
                    log.warning("a connection was lost on its way back", error=type(error).__name__)
                else:
                    _fail(self._next_batch(), error)

    async def _settle_some(self, connection: BatchConnection) -> None:
        """One batch after another, until one fails or the connection has served for long enough."""
        for _ in range(BATCHES_A_CONNECTION):
            batch = self._next_batch()
            if not batch:
                return
            try:
                await self._settle(connection, batch)
            except Exception as error:
                _fail(batch, error)
                return
            if len(batch) >= BUSY_BATCH:
                await asyncio.sleep(LINGER_S)

    def _next_batch(self) -> list[_Waiting]:
        return [self._queue.popleft() for _ in range(min(self._batch_max, len(self._queue)))]

    async def _settle(self, connection: BatchConnection, waiting: list[_Waiting]) -> None:
        batch = RowBatch([one.asked for one in waiting])
        try:
            await self._commit(connection, batch)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            if len(waiting) == 1:
                _fail(waiting, error)
            else:
                for one in waiting:
                    await self._settle(connection, [one])
            return
        _tell(waiting, batch)
        if len(batch.answers) < len(waiting):
            await batch.explain(connection)
            _tell(waiting, batch)
            again = [one for place, one in enumerate(waiting) if place not in batch.answers]
            self._queue.extendleft(reversed(again))

    async def _commit(self, connection: BatchConnection, batch: RowBatch) -> None:
        """The statement commits by itself, in one round trip. A campaign of faults needs a moment
        between the two.
        """
        if faults.may_strike():
            async with connection.transaction():
                await batch.take(connection)
                await faults.at("api", faults.FaultPoint.BEFORE_COMMIT)
            await faults.at("api", faults.FaultPoint.AFTER_COMMIT)
        else:
            await batch.take(connection)


def _tell(waiting: list[_Waiting], batch: RowBatch) -> None:
    for place, answer in batch.answers.items():
        if not waiting[place].verdict.done():
            waiting[place].verdict.set_result(answer)


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for waiting in batch:
        if not waiting.verdict.done():
            waiting.verdict.set_exception(error)
            waiting.verdict.exception()  # a client that went away leaves nobody to read it
