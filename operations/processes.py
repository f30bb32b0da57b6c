"""Asking processes for what they say of themselves: their `/metrics`, and nothing else."""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from operations.samples import Overall, ProcessRow, Sample, parsed, row, summary

TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True)
class AskedProcess:
    """A process that is asked, and what it is called as long as it has not said so itself."""

    name: str
    address: str


async def ask(asked: Sequence[AskedProcess]) -> list[Sample | None]:
    """All at once, in their order; None: it does not answer."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        return list(await asyncio.gather(*(_sample(client, one.address) for one in asked)))


async def _sample(client: httpx.AsyncClient, address: str) -> Sample | None:
    try:
        answer = await client.get(f"http://{address}/metrics")
        return parsed(answer.raise_for_status().text, time.monotonic())
    except (httpx.HTTPError, ValueError):
        return None


def asked_at(place: str) -> list[AskedProcess]:
    """Of NAME=HOST:PORT or HOST:PORT: every address that the host has, as Kubernetes' headless
    services do. Raises ValueError for what is neither or leads nowhere.
    """
    name, is_named, where = place.rpartition("=")
    host, _, port = where.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{place} is not HOST:PORT")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(f"{place}: {error}") from error
    told = sorted({str(one[4][0]) for one in found})
    return [
        AskedProcess(
            name if is_named else place, f"[{one}]:{port}" if ":" in one else f"{one}:{port}"
        )
        for one in told
    ]


class ProcessWatch:
    """The same processes again and again: rates are of the time since the last look."""

    def __init__(self, places: Sequence[str]) -> None:
        """`places`: HOST:PORT or NAME=HOST:PORT each; looked up anew each time."""
        self._places = places
        self._before: dict[str, Sample] = {}

    async def look(self) -> tuple[list[ProcessRow], Overall]:
        """Every process by its name, and all of them together. A name that leads nowhere is a
        process that does not answer.
        """
        asked = [
            one for found in await asyncio.gather(*map(self._found, self._places)) for one in found
        ]
        now = await ask(asked)
        pairs = [(self._before.get(one.address), new) for one, new in zip(asked, now, strict=True)]
        told = rows(asked, pairs)
        self._before |= {
            one.address: new for one, new in zip(asked, now, strict=True) if new is not None
        }
        return told, summary(pairs)

    async def _found(self, place: str) -> list[AskedProcess]:
        try:
            return await asyncio.to_thread(asked_at, place)
        except ValueError:
            name, is_named, where = place.rpartition("=")
            return [AskedProcess(name if is_named else place, where)]


def rows(
    asked: Sequence[AskedProcess], pairs: Sequence[tuple[Sample | None, Sample | None]]
) -> list[ProcessRow]:
    """Each process, by name; `pairs`: what it said before and what it says now."""
    told = [row(one.name, one.address, *pair) for one, pair in zip(asked, pairs, strict=True)]
    return sorted(told, key=lambda one: (one.process, one.address))
