"""Submit, end to end and projection on a stack of its own, each beside a bare baseline of the same
minute.
"""

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer
from fastapi import FastAPI

from devstack.demo import PREFIX, upload
from devstack.folder import is_free
from devstack.stack import ALL, Stack
from devstack.wardrobe import WARDROBE
from schemas.http import LookRequest, WorkflowAcceptedResponse
from schemas.ids import new_request_id

CONNECTIONS = 64
SUBMITS = 12_800


def _bare_app() -> FastAPI:
    app = FastAPI()

    @app.post("/v1/look", status_code=202)
    async def create(body: LookRequest) -> WorkflowAcceptedResponse:
        return WorkflowAcceptedResponse(request_id=new_request_id(), credits_cost=10)

    return app


def serve_bare(port: int) -> None:
    """A FastAPI that answers 202 by the same models and keeps nothing."""
    uvicorn.run(
        _bare_app(),
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        loop="uvloop",
        http="httptools",
    )


async def load(
    url: str, headers: dict[str, str], body: Mapping[str, object], count: int
) -> dict[str, float]:
    """Post `count` times over 64 connections: requests per second and the 99th percentile in ms.

    Plain sockets: a full HTTP client would need more of the two cores than the server that is
    measured.
    """
    host, port = url.removeprefix("http://").split(":")
    payload = orjson.dumps(body)
    lines = {
        "Host": host,
        "Content-Type": "application/json",
        "Content-Length": str(len(payload)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    request = f"POST /v1/look HTTP/1.1\r\n{head}\r\n".encode() + payload
    taken_s: list[float] = []

    async def one_connection(share: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        for _ in range(share):
            begun_s = time.perf_counter()
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            text = await reader.readexactly(length)
            if not answer.startswith(b"HTTP/1.1 202"):
                raise RuntimeError(f"{answer[:40]!r} {text[:200]!r}")
            taken_s.append(time.perf_counter() - begun_s)
        writer.close()
        await writer.wait_closed()

    begun_s = time.perf_counter()
    await asyncio.gather(*(one_connection(count // CONNECTIONS) for _ in range(CONNECTIONS)))
    whole_s = time.perf_counter() - begun_s
    return {
        "per_s": round(len(taken_s) / whole_s, 1),
        "p99_ms": round(sorted(taken_s)[int(len(taken_s) * 0.99)] * 1000, 1),
    }


def _submit(stack: Stack, body: dict[str, object]) -> dict[str, object]:
    port = next(port for port in range(18_000, 19_000) if is_free(port))
    server = multiprocessing.get_context("spawn").Process(target=serve_bare, args=(port,))
    server.start()
    try:
        until_up(f"http://127.0.0.1:{port}")
        bare = uvloop.run(load(f"http://127.0.0.1:{port}", {}, body, SUBMITS))
    finally:
        server.terminate()
        server.join()
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
    ours = uvloop.run(load(stack.env["LOOKS_API_URL"], headers, body, SUBMITS))
    return {"bare": bare, "ours": ours, "ours_over_bare": round(ours["per_s"] / bare["per_s"], 3)}


def until_up(url: str) -> None:
    """Raises RuntimeError when nobody serves there in time."""
    give_up_s = time.monotonic() + 20
    while time.monotonic() < give_up_s:
        try:
            httpx.get(f"{url}/openapi.json")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"{url} did not come up")


async def _completed(bootstrap: str, count: int) -> float:
    """Seconds until a read_committed subscriber has seen `count` completions."""
    consumer = AIOKafkaConsumer(
        "look.completed",
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    begun_s, seen = time.perf_counter(), 0
    try:
        while seen < count:
            seen += sum(len(batch) for batch in (await consumer.getmany(timeout_ms=200)).values())
    finally:
        await consumer.stop()
    return time.perf_counter() - begun_s


def _end_to_end(stack: Stack, body: dict[str, object]) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
    uvloop.run(load(stack.env["LOOKS_API_URL"], headers, body, CONNECTIONS))
    seconds = asyncio.run(_completed(stack.env["LOOKS_KAFKA_BOOTSTRAP"], CONNECTIONS))
    return {"looks": CONNECTIONS, "looks_per_s": round(CONNECTIONS / seconds, 2)}


def measure() -> dict[str, object]:
    """Submitting to the API alone, then the whole pipeline, each on a fresh stack that is thrown
    away.
    """
    item = {"trial_image": f"{PREFIX}/tee.jpg", "trial_item_category": WARDROBE["tee"]}
    body: dict[str, object] = {"items": [item], "runtime_config": {"width": 256, "format": "jpeg"}}
    with running(("api",)) as stack:
        submit = _submit(stack, body)
    with running(ALL) as stack:
        upload(stack.env, {"tee"})
        return {"submit": submit, "end_to_end": _end_to_end(stack, body)}


@contextmanager
def running(
    processes: tuple[str, ...], settings: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """A stack without a rate limit, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        rate = {"LOOKS_API_RATE_PER_S": "100000", "LOOKS_API_RATE_BURST": "100000"}
        stack = Stack(Path(folder), processes, {**rate, **(settings or {})})
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
