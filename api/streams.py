"""`GET /v1/jobs/{request_id}/events/stream`: a job's events as server-sent events, each with the id
it has everywhere.

Bounded: a stream lasts STREAM_S at most, a reader who takes nothing for WRITE_S is cut off, and
what is buffered for it is what the server's socket buffer holds. Nothing is read for a stream but
on a wake-up or a recheck.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from fastapi import Request
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api import present
from api.errors import ApiError
from api.gates import credential_of
from api.news import SharedReads
from api.ports import Ports
from api.serving import abort
from api.waiting import End, Hub, Waiter, until
from domain.following import TERMINAL_EVENTS, Resume
from runtime import logs, metrics
from storage.database import DATABASE_AWAY
from storage.jobs import News

log = logs.get(__name__)

RETRY_MS = 3000
PING_S = 15.0
STREAM_S = 300.0
WRITE_S = 10.0
OPENING = f": the events of one job, in order\nretry: {RETRY_MS}\n".encode()
"""The first lines of the first event's block. A block of its own would be an event without data to
clients that dispatch whatever a blank line ends.
"""
PING = b": ping\n"
"""A comment at the head of the next event's block, for the same reason."""
HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}


def frame(event_type: str, data: bytes, seq: int | None = None) -> bytes:
    """One server-sent event. `data` has no line breaks."""
    head = b"" if seq is None else b"id: %d\n" % seq
    return head + b"event: " + event_type.encode() + b"\ndata: " + data + b"\n\n"


class EventStream(StreamingResponse):
    """The stream of one job's events."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, request_id: str, start: Resume) -> None:
        """Begin after `start`. `request_id`: a job of the caller."""
        super().__init__(_nothing(), headers=HEADERS)
        ports: Ports = request.app.state.ports
        self._hub: Hub = request.app.state.hub
        self._reads: SharedReads = request.app.state.reads
        self._links = ports.links
        self._who = credential_of(request)
        self._request_id = request_id
        self._start = start

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the job's last one, the client's going away or the stream's time."""
        with self._hub.waiting(self._request_id, self._who, "stream") as waiter:
            gone = asyncio.create_task(_until_gone(receive, waiter))
            try:
                why = await self._write(waiter, send)
                metrics.STREAM_ENDS.labels(why).inc()
                if why == "slow":
                    log.info("cut off a slow reader", request_id=self._request_id)
                    if abort(scope):
                        await gone  # else the server would complain of an answer without an end
            finally:
                gone.cancel()

    async def _write(self, waiter: Waiter, send: Send) -> str:
        """Write all frames; returns why the stream ended."""
        try:
            async with asyncio.timeout(WRITE_S):
                await send(
                    {
                        "type": "http.response.start",
                        "status": self.status_code,
                        "headers": self.raw_headers,
                    }
                )
            async with aclosing(self._frames(waiter)) as frames:
                async for one in frames:
                    async with asyncio.timeout(WRITE_S):
                        await send({"type": "http.response.body", "body": one, "more_body": True})
            async with asyncio.timeout(WRITE_S):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            return "slow"
        return waiter.end or "complete"

    async def _frames(self, waiter: Waiter) -> AsyncGenerator[bytes]:
        yield OPENING
        after_seq = self._start.after_seq
        if self._start.reset:
            yield frame("reset", b"{}", after_seq)
        left_s, ping_in_s = until(STREAM_S), until(PING_S)
        while waiter.end not in {End.REVOKED, End.GONE}:
            for event_type, seq, data in await self._news(after_seq):
                yield frame(event_type, data, seq)
                after_seq, ping_in_s = seq, until(PING_S)
                if event_type in TERMINAL_EVENTS:
                    return
            if waiter.end is End.DRAINING or not left_s():
                yield frame("reconnect", b"{}")
                return
            await waiter.woken(min(left_s(), ping_in_s(), self._hub.recheck_s))
            if not ping_in_s():
                yield PING
                ping_in_s = until(PING_S)

    async def _news(self, after_seq: int) -> list[tuple[str, int, bytes]]:
        """Events after a seq: type, seq and JSON. None while the database is out of reach: the
        stream outlasts that.
        """
        try:
            news: News | None = await self._reads.news(self._request_id, after_seq)
        except DATABASE_AWAY as error:
            log.warning("no news: the database is out of reach", error=type(error).__name__)
            return []
        if news is None:
            return []
        shown = [present.event(row, news.job, self._links) for row in news.events]
        return [
            (event.event_type.value, event.seq, event.model_dump_json().encode()) for event in shown
        ]


async def _until_gone(receive: Receive, waiter: Waiter) -> None:
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except ApiError:
        pass  # it sends a body that it may not send
    waiter.finish(End.GONE)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
