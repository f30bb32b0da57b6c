"""Asking processes for what they say of themselves: their `/metrics`, and nothing else."""

import asyncio
import socket
import time
from collections.abc import Sequence

import httpx

from operations.samples import Overall, ProcessRow, Sample, parsed, row, summary

TIMEOUT_S = 3.0


async def ask(asked: Sequence[str]) -> list[Sample | None]:
    """All at once, in their order; None: it does not answer."""
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
        return list(await asyncio.gather(*(_sample(client, place) for place in asked)))


async def _sample(client: httpx.AsyncClient, place: str) -> Sample | None:
    try:
        answer = await client.get(f"http://{place}/metrics")
        return parsed(answer.raise_for_status().text, time.monotonic())
    except (httpx.HTTPError, ValueError):
        return None


def addresses(place: str) -> list[str]:
    """Every address that a name leads to, as Kubernetes' headless services have. Raises ValueError
    for what is not HOST:PORT or leads nowhere.
    """
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal():
        raise ValueError(f"{place} is not HOST:PORT")
    try:
        found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    except OSError as error:
        raise ValueError(f"{place}: {error}") from error
    told = sorted({str(one[4][0]) for one in found})
    return [f"[{one}]:{port}" if ":" in one else f"{one}:{port}" for one in told]


class ProcessWatch:
    """The same processes again and again: rates are of the time since the last look."""

    def __init__(self, places: Sequence[str]) -> None:
        """`places`: HOST:PORT each; looked up anew each time."""
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
        pairs = [(self._before.get(place), fresh) for place, fresh in zip(asked, now, strict=True)]
        rows = [row(place, *pair) for place, pair in zip(asked, pairs, strict=True)]
        self._before |= {
            place: fresh for place, fresh in zip(asked, now, strict=True) if fresh is not None
        }
        return sorted(rows, key=lambda one: (one.process, one.address)), summary(pairs)

    async def _found(self, place: str) -> list[str]:
        try:
            return await asyncio.to_thread(addresses, place)
        except ValueError:
            return [place]
