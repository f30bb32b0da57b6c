"""A real HTTP receiver on a loopback port that answers as it is told: well, badly, too much, or
never.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Received:
    """One request; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What came, and what is answered: `then` in order, and `always` when that is used up."""

    port: int = 0
    received: list[Received] = field(default_factory=list)
    then: list[Behaviour] = field(default_factory=list)
    always: Behaviour = field(default_factory=lambda: answering(200))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.lower(): text
                for name, _, text in (line.partition(": ") for line in lines[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.received.append(Received(lines[0], headers, body))
            self.arrived.set()
            await (self.then.pop(0) if self.then else self.always)(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def answering(status: int, body: bytes = b"ok", **headers: str) -> Behaviour:
    """A whole answer. Underscores in header names are dashes."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        lines = {
            "content-length": str(len(body)),
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        head = "".join(f"{name}: {text}\r\n" for name, text in lines.items())
        writer.write(f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + body)
        await writer.drain()

    return behave


def saying(raw: bytes) -> Behaviour:
    """These bytes, then the end."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return behave


def pouring(
    piece: bytes,
    every_s: float,
    head: bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n",
) -> Behaviour:
    """A head, then pieces of a body until the other side goes away."""

    async def behave(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(every_s)

    return behave


async def silence(writer: asyncio.StreamWriter) -> None:
    """No answer at all, until the other side goes away."""
    await asyncio.sleep(3600)


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver that listens until the block ends."""
    receiver = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
