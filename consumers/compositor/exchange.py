"""One HTTP exchange with an engine that the operator configured: bounded in time and bytes,
followed nowhere.

A name is looked up as the system does, private addresses included; certificates are verified; no
redirect is followed, no proxy of the environment is asked, no content coding is undone.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from runtime.settings import EngineSettings


class NoAnswer(Exception):
    """No whole answer came; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. `files`: parts of a multipart body, as httpx takes them. `max_bytes`: of the
    answer's body.
    """

    method: str
    path: str
    max_bytes: int
    headers: Mapping[str, str]
    files: Sequence[tuple[str, tuple[str | None, bytes, str]]] = ()


class Exchange:
    """Calls one engine, each call on a connection of its own."""

    def __init__(self, settings: EngineSettings) -> None:
        """Connects with the first call. Raises ValueError without a URL, OSError for a CA file that
        can't be read.
        """
        if settings.url is None:
            raise ValueError("there is no LOOKS_ENGINE_URL")
        self._base = settings.url.rstrip("/")
        self._settings = settings
        ca_file = str(settings.ca_file) if settings.ca_file is not None else None
        self._trust = (
            ssl.create_default_context(cafile=ca_file)
            if ca_file
            else httpx.create_ssl_context(trust_env=False)
        )

    def call(self, call: Call) -> Answer:
        """Ask once. Blocks. Raises NoAnswer."""
        return asyncio.run(self._call(call))

    async def _call(self, call: Call) -> Answer:
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await self._exchange(call)
        except TimeoutError:
            raise NoAnswer(f"no whole answer within {self._settings.timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}"[:200]) from error

    async def _exchange(self, call: Call) -> Answer:
        limits = httpx.Timeout(self._settings.timeout_s, connect=self._settings.connect_timeout_s)
        client = httpx.AsyncClient(
            verify=self._trust, trust_env=False, follow_redirects=False, timeout=limits
        )
        async with (
            client,
            client.stream(
                call.method, self._base + call.path, headers=self._headers(call), **_body(call)
            ) as response,
        ):
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise NoAnswer("the answer has a content coding, which was not asked for")
            body = await self._read(response, call.max_bytes)
            return Answer(response.status_code, response.headers.get("content-type", ""), body)

    async def _read(self, response: httpx.Response, max_bytes: int) -> bytes:
        body = bytearray()
        stall_s, loop = self._settings.stall_timeout_s, asyncio.get_running_loop()
        try:
            async with asyncio.timeout(stall_s) as pause:
                async for chunk in response.aiter_raw():
                    pause.reschedule(loop.time() + stall_s)
                    body += chunk
                    if len(body) > max_bytes:
                        raise NoAnswer(f"the answer has more than {max_bytes} bytes")
        except TimeoutError:
            raise NoAnswer(f"the answer paused for more than {stall_s:g} s") from None
        return bytes(body)

    def _headers(self, call: Call) -> dict[str, str]:
        token = self._settings.token.get_secret_value()
        own = {"Authorization": f"Bearer {token}"} if token else {}
        return {"Accept-Encoding": "identity", "User-Agent": "looks", **own, **call.headers}


def _body(call: Call) -> dict[str, Any]:
    return {"files": list(call.files)} if call.files else {}
