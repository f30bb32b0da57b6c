"""Health and metrics over HTTP: /health/live, /health/ready, /metrics, on a port of their own."""

import asyncio
import contextlib
from collections.abc import Callable, Generator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

Check = Callable[[], bool]
PATHS = ("/health/live", "/health/ready", "/metrics")
TICK_S = 1.0


def health_app(
    *, live: Check = lambda: True, ready: Check, registry: CollectorRegistry = REGISTRY
) -> Starlette:
    """Answers PATHS. `live` false: restart the process. `ready` false: it does no work now."""

    def answer(check: Check) -> Response:
        good = check()
        return JSONResponse({"ok": good}, status_code=200 if good else 503)

    async def show_live(_: Request) -> Response:
        return answer(live)

    async def show_ready(_: Request) -> Response:
        return answer(ready)

    async def show_metrics(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    shown = (show_live, show_ready, show_metrics)
    return Starlette(routes=[Route(path, show) for path, show in zip(PATHS, shown, strict=True)])


class UnsignalledServer(uvicorn.Server):
    """uvicorn's server inside of a process that handles signals itself (`runtime.process`), and
    says by `leave` when to stop: uvicorn's own looks ten times a second whether it should.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        """Bind nothing yet."""
        super().__init__(config)
        self._leaving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave them to the process."""
        yield

    def leave(self) -> None:
        """Stop: `serve` returns once what is under way has been answered."""
        self.should_exit = True
        self._leaving.set()

    async def main_loop(self) -> None:
        """Until it is to stop; the answers' date is set each second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._leaving.wait()


class HealthServer:
    """Serves a process's health until stopped."""

    def __init__(self, host: str, port: int, app: ASGIApp) -> None:
        """Bind nothing yet; see `start`."""
        config = uvicorn.Config(
            app, host=host, port=port, log_config=None, access_log=False, lifespan="off"
        )
        self._server = UnsignalledServer(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        sockets = [self._server.config.bind_socket()]
        self._task = asyncio.create_task(self._server.serve(sockets), name="health")

    @property
    def listening(self) -> bool:
        """Whether it answers by now."""
        return self._server.started

    async def stop(self) -> None:
        """Stop listening."""
        self._server.leave()
        if self._task is not None:
            await self._task
