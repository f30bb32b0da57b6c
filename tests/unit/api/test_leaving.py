"""Who keeps a connection to an API that leaves is told to open the next one elsewhere, and whom it
could not serve in time to come again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from api.leaving import LastAnswers
from api.server import server_config
from runtime.settings import ApiSettings


@asynccontextmanager
async def serving(app: ASGIApp, **more: int) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """A server of ours until the block ends, and its address."""
    config = server_config(app, ApiSettings(host="127.0.0.1", port=0), **more)
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    task = asyncio.create_task(server._serve([listener]))
    try:
        yield server, f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        server.should_exit = True
        await task


async def test_answers_of_an_api_that_leaves_end_their_connections() -> None:
    leaving = False

    async def hello(request: Request) -> PlainTextResponse:
        assert request.client is not None
        return PlainTextResponse(str(request.client.port))

    app = LastAnswers(Starlette(routes=[Route("/", hello)]), lambda: leaving)
    async with serving(app) as (_, url), httpx.AsyncClient(timeout=30) as client:
        answers = [await client.get(url) for _ in range(2)]
        leaving = True
        answers += [await client.get(url) for _ in range(2)]
    told = [one.headers.get("connection") for one in answers]
    assert told == [None, None, "close", "close"]
    connections = [one.text for one in answers]
    assert connections[0] == connections[1] == connections[2] != connections[3]


async def test_a_request_that_still_waits_when_the_time_to_stop_is_over_is_told_to_come_again() -> (
    None
):
    reached = asyncio.Event()

    async def waits(_: Request) -> PlainTextResponse:
        reached.set()
        never: asyncio.Future[PlainTextResponse] = asyncio.get_running_loop().create_future()
        return await never

    leaving = asyncio.Event()
    app = LastAnswers(Starlette(routes=[Route("/", waits)]), leaving.is_set)
    async with (
        serving(app, timeout_graceful_shutdown=1) as (server, url),
        httpx.AsyncClient(timeout=30) as client,
    ):
        asking = asyncio.create_task(client.get(url))
        await reached.wait()
        leaving.set()
        server.should_exit = True
        answer = await asking
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["code"] == "UNAVAILABLE"


async def test_a_cancelled_request_of_an_api_that_stays_is_not_answered() -> None:
    async def cancelled(*_: object) -> None:
        raise asyncio.CancelledError

    sent: list[object] = []

    async def send(message: object) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    with pytest.raises(asyncio.CancelledError):
        await LastAnswers(cancelled, lambda: False)({"type": "http"}, receive, send)
    assert sent == []
