"""A process that is asked to stop sends away who keeps a connection to it.

A balancer that has heard of its readiness opens no new connections, but it may go on with those
that it keeps: one that is closed at the end while a request is on its way would be an error.
"""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LastAnswers:
    """ASGI middleware: while `leaving`, each answer is the last one of its connection."""

    def __init__(self, app: ASGIApp, leaving: Callable[[], bool]) -> None:
        """Over this app."""
        self._app = app
        self._leaving = leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""

        async def last(message: Message) -> None:
            if message["type"] == "http.response.start" and self._leaving():
                MutableHeaders(scope=message)["connection"] = "close"
            await send(message)

        await self._app(scope, receive, last if scope["type"] == "http" else send)
