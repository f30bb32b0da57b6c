"""Who keeps a connection to an API that leaves is told to open the next one elsewhere."""

import asyncio

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.leaving import LastAnswers
from api.server import server_config
from runtime.settings import ApiSettings


async def test_answers_of_an_api_that_leaves_end_their_connections() -> None:
    leaving = False

    async def hello(request: Request) -> PlainTextResponse:
        assert request.client is not None
        return PlainTextResponse(str(request.client.port))

    app = LastAnswers(Starlette(routes=[Route("/", hello)]), lambda: leaving)
    config = server_config(app, ApiSettings(host="127.0.0.1", port=0))
    listener = config.bind_socket()
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listener]))
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        async with httpx.AsyncClient(timeout=30) as client:
            answers = [await client.get(url) for _ in range(2)]
            leaving = True
            answers += [await client.get(url) for _ in range(2)]
    finally:
        server.should_exit = True
        await serving
    told = [one.headers.get("connection") for one in answers]
    assert told == [None, None, "close", "close"]
    connections = [one.text for one in answers]
    assert connections[0] == connections[1] == connections[2] != connections[3]
