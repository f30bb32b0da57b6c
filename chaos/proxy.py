"""Links between two parts of a system, as TCP proxies on loopback that can be broken on purpose.

A link passes bytes both ways unless it is told otherwise: cut (connections reset, new ones
refused), frozen (open, but nothing passes), slow (each piece waits), or, for HTTP, each request is
answered with an error of S3's. Several harms of one link add up by the worst of them; healing one
leaves the others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

READ_BYTES = 64 * 1024
SLOW_S = 0.15
"""What each piece of up to `READ_BYTES` waits on a slow link."""
LINGER_S = 0.05
"""After one side has closed, what was written to the other may take this long to leave."""


class Harm(StrEnum):
    """What can be done to a link."""

    CUT = "cut"
    FROZEN = "frozen"
    SLOW = "slow"
    UNAVAILABLE = "unavailable"
    DENIED = "denied"
    NO_BUCKET = "no-bucket"


def _answer(status: str, code: str) -> bytes:
    """As S3 says it."""
    body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>planted</Message></Error>'
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}"
        f"\r\nConnection: close\r\n\r\n{body}"
    ).encode()


ANSWERS = {
    Harm.UNAVAILABLE: _answer("503 Service Unavailable", "SlowDown"),
    Harm.DENIED: _answer("403 Forbidden", "AccessDenied"),
    Harm.NO_BUCKET: _answer("404 Not Found", "NoSuchBucket"),
}
"""What each request is answered with."""


@dataclass(frozen=True, slots=True)
class LinkEnds:
    """Where a link listens and where it leads: ports on loopback."""

    port: int
    upstream: int


class Link:
    """One link. Belongs to the event loop that opened it."""

    def __init__(self, name: str, ends: LinkEnds) -> None:
        """Closed, and whole."""
        self.name = name
        self.ends = ends
        self._harms: Counter[Harm] = Counter()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._whole = asyncio.Event()  # cleared while frozen
        self._whole.set()

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken."""

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        self._server = await asyncio.start_server(accept, "127.0.0.1", self.ends.port)

    async def close(self) -> None:
        """Reset every connection and stop listening."""
        if self._server is not None:
            self._server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    @asynccontextmanager
    async def harmed(self, harm: Harm) -> AsyncIterator[None]:
        """Broken as long as the block lasts."""
        self._harms[harm] += 1
        if harm is Harm.FROZEN:
            self._whole.clear()
        elif harm is not Harm.SLOW:
            self._reset()
        try:
            yield
        finally:
            self._harms[harm] -= 1
            if not self._suffers(Harm.FROZEN):
                self._whole.set()

    def _suffers(self, harm: Harm) -> bool:
        return self._harms[harm] > 0

    def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            async with _aborted(writer):
                said = next((text for harm, text in ANSWERS.items() if self._suffers(harm)), None)
                if said is not None:
                    await _say(said, reader, writer)
                elif not self._suffers(Harm.CUT):
                    await self._join(reader, writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.ends.upstream)
        self._writers |= {writer, back}
        pumps = {
            asyncio.create_task(self._pump(reader, back)),
            asyncio.create_task(self._pump(there, writer)),
        }
        async with _aborted(back):
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                self._writers -= {writer, back}
                for pump in pumps:
                    pump.cancel()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await self._whole.wait()
                if self._suffers(Harm.SLOW):
                    await asyncio.sleep(SLOW_S)
                writer.write(data)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
                await asyncio.sleep(LINGER_S)


@asynccontextmanager
async def _aborted(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Reset the connection when the block ends, and see it gone."""
    try:
        yield
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


async def _say(said: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    async with asyncio.timeout(5):
        await reader.readuntil(b"\r\n\r\n")
    writer.write(said)
    await writer.drain()
    writer.close()
    await writer.wait_closed()
