"""A process that is asked to stop sends away who keeps a connection to it, and answers whom it
could not serve in time.

A balancer that has heard of its readiness opens no new connections, but it may go on with those
that it keeps: one that is closed at the end while a request is on its way would be an error. A
request that still waits when the time to stop is over (for a database that is away, say) is
cancelled by the server: it is told to come again, elsewhere.
"""

import asyncio
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RETRY_AFTER_S, ApiError, respond
from schemas.errors import ErrorCode

STOPPED = (
    "This process had to stop before the request was served. Try again, with the same "
    "Idempotency-Key."
)


class LastAnswers:
    """ASGI middleware: while `leaving`, each answer is the last one of its connection."""

    def __init__(self, app: ASGIApp, leaving: Callable[[], bool]) -> None:
        """Over this app."""
        self._app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        answered = False

        async def last(message: Message) -> None:
            nonlocal answered
            answered = True
            if message["type"] == "http.response.start" and self._leaving():
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        try:
            await self._app(scope, receive, last)
        except asyncio.CancelledError:
            if answered or not self._leaving():
                raise
            again = {"Retry-After": str(RETRY_AFTER_S)}
            refusal = ApiError(ErrorCode.UNAVAILABLE, STOPPED, headers=again)
            await respond(Request(scope), refusal)(scope, receive, last)
