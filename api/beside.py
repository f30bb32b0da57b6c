"""An application of its own below a path of ours, made when it is first asked for: most processes
never need what it imports.
"""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send


class Beside:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, prefix: str, make: Callable[[], ASGIApp]) -> None:
        """`make` may take a second: it runs in a thread, once."""
        self._app = app
        self._prefix = prefix
        self._make = make
        self._made: ASGIApp | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        path = scope.get("path", "")
        if scope["type"] == "http" and (
            path == self._prefix or path.startswith(f"{self._prefix}/")
        ):
            await (await self._other())(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _other(self) -> ASGIApp:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        return self._made
