"""Reading what waiters were woken for: whoever asks while a query is under way shares the next
one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request

from api.errors import ApiError
from api.gates import credential_of
from api.keys import unauthenticated
from api.waiting import End, Hub, until
from domain.following import settled
from schemas.errors import ErrorCode
from storage.jobs import JobStore, News

SHARED_MAX = 500
"""Requests that share one query."""


def no_such_job() -> ApiError:
    """The one answer for jobs that do not exist and for those of others."""
    return ApiError(ErrorCode.JOB_NOT_FOUND, "There is no such job.")


@dataclass(slots=True)
class _Asked:
    since: int
    answers: "list[asyncio.Future[News | None]]" = field(default_factory=list)


class SharedReads:
    """Reads of news through one port. Not shared between event loops."""

    def __init__(self, jobs: JobStore) -> None:
        """Nothing is asked yet."""
        self._jobs = jobs
        self._asked: dict[str, _Asked] = {}
        self._reading: asyncio.Task[None] | None = None

    async def news(self, request_id: str, since: int) -> News | None:
        """A job and its events after `since`; None when there is no such job. Raises what the
        database raised.
        """
        answer: asyncio.Future[News | None] = asyncio.get_running_loop().create_future()
        asked = self._asked.setdefault(request_id, _Asked(since))
        asked.since = min(asked.since, since)
        asked.answers.append(answer)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        news = await answer
        return news and News(news.job, [event for event in news.events if event.seq > since])

    async def _read(self) -> None:
        while self._asked:
            batch = {
                request_id: self._asked.pop(request_id)
                for request_id in list(self._asked)[:SHARED_MAX]
            }
            try:
                found = await self._jobs.news(
                    {request_id: asked.since for request_id, asked in batch.items()}
                )
            except Exception as error:
                for answer in _open(batch):
                    answer.set_exception(error)
            else:
                for request_id, asked in batch.items():
                    for answer in _open({request_id: asked}):
                        answer.set_result(found.get(request_id))


def _open(batch: dict[str, _Asked]) -> "list[asyncio.Future[News | None]]":
    return [answer for asked in batch.values() for answer in asked.answers if not answer.done()]


async def wait_for(
    request: Request, request_id: str, since: int, done: Callable[[News], bool], *, within_s: float
) -> News:
    """The news of a job of the caller once they are `done`, or as they are when the time is up or
    this process stops.

    Raises ApiError 404, and 401 when the key is revoked meanwhile.
    """
    hub: Hub = request.app.state.hub
    reads: SharedReads = request.app.state.reads
    who = credential_of(request)
    if not within_s:
        return _found(await reads.news(request_id, since))
    left_s = until(within_s)
    with hub.waiting(request_id, who, "poll") as waiter:
        while True:
            news = _found(await reads.news(request_id, since))
            if done(news) or not left_s() or waiter.end is End.DRAINING:
                return news
            await waiter.woken(min(left_s(), hub.recheck_s))
            if waiter.end is End.REVOKED:
                raise unauthenticated()


def _found(news: News | None) -> News:
    if news is None:
        raise no_such_job()
    return news


def is_settled(news: News) -> bool:
    """Whether the job has its outcome and, where that is owed, its refund."""
    return settled(news.job.status, refunded=news.job.refunded)
