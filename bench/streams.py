"""Event streams: what one costs the API process, and how long a commit takes to reach a reader,
beside an almost idle run.
"""

import asyncio
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import psutil
import uvloop

from bench.pipeline import running
from devstack.stack import Stack
from domain.projection import Changes, JobEventRow
from runtime.settings import DatabaseSettings
from schemas.http import TrialItemInput
from schemas.ids import derived_id, new_request_id
from storage.acceptance import Acceptance
from storage.database import open_pool
from storage.projection import ProjectionStore
from storage.submissions import Submission

STREAMS = 5_000
SINGLE = 300
"""Events committed one by one, each measured to its reader."""

OPENING = 100
"""Streams opened at a time."""

ENV = {
    "LOOKS_API_STREAMS_PER_TENANT": "6000",
    "LOOKS_API_READ_RATE_PER_S": "100000",
    "LOOKS_API_READ_RATE_BURST": "100000",
}


class _StreamReader(asyncio.Protocol):
    """One open stream; notes when the event it waits for came."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._text = b""
        self.came: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.wanted = b"id: 1\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._text += data
        if self.wanted in self._text and not self.came.done():
            self.came.set_result(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.came.done():
            self.came.set_exception(RuntimeError(f"the stream ended: {self._text[-300:]!r}"))

    def want(self, seq: int) -> "asyncio.Future[float]":
        """When the event of this number arrives."""
        self._text, self.wanted = b"", b"id: %d\n" % seq
        self.came = asyncio.get_running_loop().create_future()
        return self.came


def _event(request_id: str, seq: int) -> JobEventRow:
    kind = "queued" if seq == 1 else "stage"
    return JobEventRow(
        request_id, seq, derived_id(request_id, str(seq)), kind, None, "", {}, datetime.now(UTC)
    )


def _submission() -> Submission:
    item = TrialItemInput(trial_image="users/abc/x.jpg", trial_item_category="top")
    return Submission(new_request_id(), "demo", "live", None, (item,), None, 10, 3600, b"{}")


class _Run:
    """A database with jobs, and readers of an API."""

    def __init__(self, stack: Stack, projection: ProjectionStore) -> None:
        self._url = stack.env["LOOKS_API_URL"].removeprefix("http://")
        self._key = stack.env["LOOKS_API_KEY"]
        self._projection = projection
        self._next = 0

    async def commit(self, events: list[JobEventRow]) -> float:
        """Project events as the projection does; when they were committed."""
        await self._projection.apply(Changes(events), {("bench", 0): (self._next, self._next + 1)})
        self._next += 1
        return time.perf_counter()

    async def open(self, request_ids: Sequence[str]) -> list[_StreamReader]:
        """Streams that have had their first event."""
        host, port = self._url.split(":")
        readers: list[_StreamReader] = []
        for start in range(0, len(request_ids), OPENING):
            async with asyncio.timeout(60):
                made = [
                    await self._connect(host, int(port), one)
                    for one in request_ids[start : start + OPENING]
                ]
                await asyncio.gather(*(reader.came for reader in made))
            readers += made
        return readers

    async def _connect(self, host: str, port: int, request_id: str) -> _StreamReader:
        path = f"/v1/jobs/{request_id}/events/stream"
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n"
        request = f"{head}Authorization: Bearer {self._key}\r\n\r\n".encode()
        _, reader = await asyncio.get_running_loop().create_connection(
            lambda: _StreamReader(request), host, port
        )
        return reader

    async def singles(
        self, request_ids: Sequence[str], readers: Sequence[_StreamReader]
    ) -> dict[str, float]:
        """Commit one event at a time; ms from commit to the first byte at its reader."""
        taken = []
        for request_id, reader in zip(request_ids, readers, strict=True):
            came = reader.want(2)
            committed_s = await self.commit([_event(request_id, 2)])
            taken.append(max(0.0, await asyncio.wait_for(came, 30) - committed_s) * 1000)
        taken.sort()
        return {
            "p50_ms": round(taken[len(taken) // 2], 2),
            "p99_ms": round(taken[int(len(taken) * 0.99)], 2),
        }

    async def burst(self, request_ids: Sequence[str], readers: Sequence[_StreamReader]) -> float:
        """Commit an event of every job at once; ms from commit until the last reader has it."""
        came = [reader.want(2) for reader in readers]
        committed_s = await self.commit([_event(request_id, 2) for request_id in request_ids])
        return round(
            (max(await asyncio.wait_for(asyncio.gather(*came), 120)) - committed_s) * 1000, 1
        )


async def _measure(stack: Stack, api: psutil.Process) -> dict[str, object]:
    settings = DatabaseSettings.model_validate({"url": stack.env["LOOKS_DATABASE_URL"]})
    async with open_pool(settings) as pool:
        acceptance = Acceptance(pool, batch_max=256, queue_max=10_000)
        works = [_submission() for _ in range(STREAMS + SINGLE)]
        await asyncio.gather(*(acceptance.accept(one) for one in works))
        ids = [one.request_id for one in works]
        run = _Run(stack, ProjectionStore(pool))
        await run.commit([_event(request_id, 1) for request_id in ids])
        alone, many = ids[:SINGLE], ids[SINGLE:]

        few = await run.open(alone)
        idle = await run.singles(alone, few)
        for reader in few:
            reader.transport.close()
        before_bytes = api.memory_info().rss
        opening_s = time.perf_counter()
        readers = await run.open(many)
        opening_s = time.perf_counter() - opening_s
        rss_bytes = api.memory_info().rss
        loaded = await run.singles(many[:SINGLE], readers[:SINGLE])
        postgres = int(stack.env["LOOKS_DATABASE_URL"].rsplit(":", 1)[1].split("/")[0])
        held = sum(
            bool(one.raddr) and one.raddr.port == postgres for one in api.net_connections("tcp")
        )
        batch = await run.burst(many[SINGLE : SINGLE + 2000], readers[SINGLE : SINGLE + 2000])
        for reader in readers:
            reader.transport.close()
    return {
        "streams": len(readers),
        "kb_per_stream": round((rss_bytes - before_bytes) / len(readers) / 1024, 1),
        "api_rss_mb": round(rss_bytes / 1024**2),
        "opened_per_s": round(len(readers) / opening_s),
        "api_database_connections": held,
        "commit_to_byte_few_open": {"streams": SINGLE, **idle},
        "commit_to_byte": loaded,
        "p50_ratio": round(loaded["p50_ms"] / idle["p50_ms"], 2),
        "p99_ratio": round(loaded["p99_ms"] / idle["p99_ms"], 2),
        "commit_of_2000_events_to_last_byte_ms": batch,
    }


def measure() -> dict[str, object]:
    """5,000 streams of one API process on a fresh stack that is thrown away."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with running(("api",), ENV) as stack:
        pid = int(Path(stack.folder.run / "api.pid").read_text())
        return uvloop.run(_measure(stack, psutil.Process(pid)))
