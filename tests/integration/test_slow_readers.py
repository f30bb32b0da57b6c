"""A real server and readers that do not read: cut off within the write time, and nothing is held
for them any more.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from api import streams
from api.app import create_app
from api.server import GuardedProtocol
from api.waiting import Hub
from schemas.ids import new_request_id
from tests.integration.conftest import until
from tests.unit.api.conftest import grant_key
from tests.unit.api.fakes import FakeJobs, a_job, make_ports

SMALL_BYTES = 4096
EVENTS = 1000
MESSAGE = "x" * 10_000
"""Of one event; all of them are far more than any buffer between server and reader."""


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[int, str, FakeJobs, Hub]]:
    """A server over fakes: its port, a key, the jobs, the hub."""
    ports, accounts, _, jobs = make_ports()
    app = create_app(ports)
    app.state.hub.listening = True
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=GuardedProtocol,
        log_config=None,
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server._serve([listening]))
    yield listening.getsockname()[1], grant_key(accounts, "abc"), jobs, app.state.hub
    server.should_exit = True
    await asyncio.wait_for(task, 20)


def planted(jobs: FakeJobs, events: int) -> str:
    request_id = new_request_id()
    jobs.rows["abc", "live", request_id] = a_job(request_id)
    for _ in range(events):
        jobs.say(request_id, "stage", MESSAGE)
    return request_id


def head(key: str, request_id: str, more: str = "") -> bytes:
    path = f"/v1/jobs/{request_id}/events/stream"
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}Authorization: Bearer {key}\r\n\r\n".encode()


def open_stream(port: int, key: str, request_id: str) -> socket.socket:
    """A connection with a small buffer that has asked for a stream."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BYTES)
    made.connect(("127.0.0.1", port))
    made.sendall(head(key, request_id))
    made.setblocking(False)
    return made


@pytest.mark.hostile(row=31)
async def test_a_reader_who_reads_nothing_is_cut_off_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "WRITE_S", 0.3)
    async with serving() as (port, key, jobs, hub):
        slow = await asyncio.to_thread(open_stream, port, key, planted(jobs, EVENTS))
        quick_id = planted(jobs, 1)
        jobs.say(quick_id, "failed")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(key, quick_id, "Connection: close\r\n"))
        text = await asyncio.wait_for(reader.read(), 10)
        assert b"event: failed" in text
        writer.close()
        await until(lambda: _true(not hub._by_request), within_s=15)
        received = await _drain(slow)
        # Cut off in the middle: what the kernel holds is some megabytes
        assert 0 < received < EVENTS * len(MESSAGE) * 0.8
        slow.close()


@pytest.mark.hostile(row=31)
async def test_a_reader_who_goes_away_is_forgotten_at_once() -> None:
    async with serving() as (port, key, jobs, hub):
        gone = await asyncio.to_thread(open_stream, port, key, planted(jobs, 1))
        await until(lambda: _true(bool(hub._by_request)), within_s=10)
        gone.close()
        await until(lambda: _true(not hub._by_request), within_s=10)


async def _true(value: bool) -> bool:
    return value


async def _drain(connection: socket.socket) -> int:
    """Bytes that can still be read until the connection is cut."""
    loop, count = asyncio.get_running_loop(), 0
    async with asyncio.timeout(10):
        while True:
            try:
                data = await loop.sock_recv(connection, 1 << 16)
            except ConnectionResetError:
                return count
            if not data:
                return count
            count += len(data)
