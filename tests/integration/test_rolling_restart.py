"""Two APIs are restarted in turn under load, behind a balancer that hears of their readiness two
seconds late: no request fails, of callers who connect for each or of those who keep a connection
and are told to leave it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from devstack.folder import CHECKOUT, free_ports
from devstack.stack import Stack

LATE_S, ASKED_EVERY_S = 2.0, 0.1
PRE_STOP_DELAY_S = 6.0
CALLERS = 4
LOOK = {
    "items": [{"trial_image": "users/abc/tee.jpg", "trial_item_category": "t-shirt"}],
    "user_category": "FEMALE",
}


class Api:
    """One API process, which can be restarted on its ports."""

    def __init__(self, env: dict[str, str], name: str) -> None:
        self.port, self._health = free_ports(2)
        self._env = {
            **env,
            "LOOKS_INSTANCE": name,
            "LOOKS_API_PORT": str(self.port),
            "LOOKS_HEALTH_PORT": str(self._health),
            "LOOKS_PRE_STOP_DELAY_S": str(PRE_STOP_DELAY_S),
        }
        self._heard: deque[tuple[float, bool]] = deque()
        """When it said whether it is ready: the oldest is what the balancer believes."""
        self._process = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-m", "api"], cwd=CHECKOUT, env=self._env)

    @property
    def believed(self) -> bool:
        """What the balancer believes: what was so a while ago."""
        heard, then = self._heard, time.monotonic() - LATE_S
        while len(heard) > 1 and heard[1][0] <= then:
            heard.popleft()
        return bool(heard) and heard[0][0] <= then and heard[0][1]

    async def ask(self, client: httpx.AsyncClient) -> None:
        try:
            answer = await client.get(f"http://127.0.0.1:{self._health}/health/ready")
            ready = answer.status_code == 200
        except httpx.HTTPError:
            ready = False
        self._heard.append((time.monotonic(), ready))

    async def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self._process.wait, 60)

    async def restart(self) -> int:
        url = f"http://127.0.0.1:{self.port}"
        async with httpx.AsyncClient(base_url=url, timeout=30) as kept:  # the first makes it
            before = await kept.get("/openapi.json")
            stopping = asyncio.create_task(self.stop())
            await asyncio.sleep(PRE_STOP_DELAY_S / 2)
            after = await kept.get("/openapi.json")
        assert (before.status_code, before.headers.get("connection")) == (200, None)
        assert (after.status_code, after.headers.get("connection")) == (200, "close")
        code = await stopping
        self._process = self._started()
        return code


class Balancer:
    """Hands each connection to one of those that it believes to be ready, in turn."""

    def __init__(self, apis: list[Api]) -> None:
        self._apis = apis
        self._turn = 0

    async def listen(self) -> None:
        async with httpx.AsyncClient(timeout=1) as client:
            while True:
                await asyncio.gather(*(api.ask(client) for api in self._apis))
                await asyncio.sleep(ASKED_EVERY_S)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = [api for api in self._apis if api.believed]
        self._turn += 1
        try:
            api = ready[self._turn % len(ready)]
            back, forth = await asyncio.open_connection("127.0.0.1", api.port)
        except (OSError, ZeroDivisionError):
            writer.transport.abort()
            return
        try:
            await asyncio.gather(_pump(reader, forth), _pump(back, writer))
        except OSError:
            writer.transport.abort()
        finally:
            forth.close()
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not reached():
            await asyncio.sleep(0.1)


async def _call(url: str, key: str, ended: Counter[str]) -> None:
    """Post looks, each on a connection of its own, and count how they end."""
    while True:
        async with httpx.AsyncClient(timeout=30, headers={"Connection": "close"}) as client:
            await _post(client, url, key, ended)


async def _keep(url: str, key: str, ended: Counter[str]) -> None:
    """The same on one connection, as long as it is kept."""
    async with httpx.AsyncClient(timeout=30) as client:
        while True:
            await _post(client, url, key, ended)


async def _post(client: httpx.AsyncClient, url: str, key: str, ended: Counter[str]) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    try:
        answer = await client.post(f"{url}/v1/look", json=LOOK, headers=headers)
        ended[str(answer.status_code)] += 1
    except httpx.HTTPError as error:
        ended[type(error).__name__] += 1


async def _restarted(api: Api, ended: Counter[str]) -> None:
    """Restart it, wait until it is believed to be there again, and for some answers after that."""
    assert await api.restart() == 0
    await _until(lambda: not api.believed)
    await _until(lambda: api.believed)
    before = ended.total()
    await _until(lambda: ended.total() >= before + 20)


@asynccontextmanager
async def _beside(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.timeout(400)
async def test_no_request_fails_while_apis_are_restarted_in_turn(services: Stack) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(CHECKOUT)), **services.env}
    ended: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        apis = [Api(env, f"api-{number}") for number in (1, 2)]
        for api in apis:
            stack.push_async_callback(api.stop)
        balancer = Balancer(apis)
        await stack.enter_async_context(_beside(balancer.listen()))
        server = await asyncio.start_server(balancer.serve, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        await _until(lambda: all(api.believed for api in apis))
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        key = services.env["LOOKS_API_KEY"]
        callers = [call(url, key, ended) for call in (_call, _keep) for _ in range(CALLERS)]
        async with _beside(*callers):
            await _until(lambda: ended.total() >= 20)
            for api in apis:
                await _restarted(api, ended)
    assert ended.keys() == {"202"}, ended
