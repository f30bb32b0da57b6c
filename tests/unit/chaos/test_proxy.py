"""A link passes bytes, and what each harm does to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from chaos.proxy import Harm, Link, LinkEnds
from devstack.folder import free_ports

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echo_behind_a_link() -> AsyncIterator[Link]:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1000):
                writer.write(data)
        writer.transport.abort()

    port, upstream = free_ports(2)
    server = await asyncio.start_server(echo, "127.0.0.1", upstream)
    link = Link("a>b", LinkEnds(port, upstream))
    await link.open()
    try:
        yield link
    finally:
        await link.close()
        server.close()


@asynccontextmanager
async def connected(link: Link) -> AsyncIterator[Pair]:
    pair = await asyncio.open_connection("127.0.0.1", link.ends.port)
    try:
        yield pair
    finally:
        pair[1].transport.abort()
        with suppress(OSError):
            await pair[1].wait_closed()


async def said(pair: Pair, words: bytes, within_s: float = 5) -> bytes:
    pair[1].write(words)
    return await asyncio.wait_for(pair[0].read(1000), within_s)


async def test_a_whole_link_passes_bytes_both_ways() -> None:
    async with echo_behind_a_link() as link, connected(link) as pair:
        assert await said(pair, b"hello") == b"hello"


async def test_a_cut_link_resets_what_is_open_and_refuses_what_is_new_and_heals() -> None:
    async with echo_behind_a_link() as link:
        async with connected(link) as pair:
            assert await said(pair, b"hello") == b"hello"
            async with link.harmed(Harm.CUT):
                with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                    await pair[0].readexactly(1)
                async with connected(link) as fresh:
                    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                        await fresh[0].readexactly(1)
        async with connected(link) as healed:
            assert await said(healed, b"again") == b"again"


async def test_a_frozen_link_passes_nothing_until_it_thaws() -> None:
    async with echo_behind_a_link() as link, connected(link) as pair:
        assert await said(pair, b"hello") == b"hello"
        async with link.harmed(Harm.FROZEN):
            with pytest.raises(TimeoutError):
                await said(pair, b"later", 0.3)
        assert await asyncio.wait_for(pair[0].readexactly(5), 5) == b"later"


async def test_two_harms_at_once_are_healed_one_by_one() -> None:
    async with echo_behind_a_link() as link, connected(link) as pair:
        async with link.harmed(Harm.FROZEN):
            async with link.harmed(Harm.FROZEN):
                pass
            with pytest.raises(TimeoutError):
                await said(pair, b"later", 0.3)
        assert await asyncio.wait_for(pair[0].readexactly(5), 5) == b"later"


async def test_an_unavailable_link_answers_503() -> None:
    async with echo_behind_a_link() as link, link.harmed(Harm.UNAVAILABLE), connected(link) as pair:
        pair[1].write(b"PUT /bucket/key HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await asyncio.wait_for(pair[0].read(), 5)
        assert answer.startswith(b"HTTP/1.1 503 ")
        head, _, body = answer.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(body)}".encode() in head
