"""HTTP to addresses that strangers name. A host is looked up once, every one of its addresses is
judged, and the connection is made to a judged address and to no other, with the URL's own host in
SNI, certificate check and `Host`. No redirect of a call is followed, one of a photo only where it
is judged as the URL was; no proxy of the environment is asked, no content coding is undone, and no
more of an answer is read than was said.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urljoin

import httpcore
import httpx

from domain.webhook_targets import Target, is_public, target_of
from domain.webhooks import MAX_ANSWER_BYTES, TIME_LIMIT_S, ObservedAttempt
from runtime import logs

log = logs.get(__name__)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses. Raises OSError when there are none."""

OK = 200
RESOLVE_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 5.0
MAX_ADDRESSES = 4
"""Of one host: more are judged, but not tried."""
MAX_ERROR_CHARS = 200


MAX_REDIRECTS = 3
_LATER = frozenset({408, 425, 429})


class TargetRefused(Exception):
    """A target that must not be called; the message says why, in words for its owner."""


class Unresolved(TargetRefused):
    """Its host can't be looked up now."""


class FetchFailed(Exception):
    """Nothing was fetched; the message says why, in words for whoever named the URL.

    `can_heal`: trying again may help. `too_large`: there is something, but too much.
    """

    def __init__(self, message: str, *, can_heal: bool = False, too_large: bool = False) -> None:
        """A whole sentence without its full stop."""
        super().__init__(message)
        self.can_heal = can_heal
        self.too_large = too_large


class Resolver:
    """Looks hosts up as the system does, on threads of its own: a slow name server holds up nothing
    else.
    """

    def __init__(self, threads: int) -> None:
        """At most `threads` look-ups at a time."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def __call__(self, host: str, port: int) -> list[str]:
        """All addresses of a host. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the given addresses and port, whatever it is asked for."""

    def __init__(self, addresses: Sequence[str], port: int) -> None:
        self._addresses = addresses
        self._port = port
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._addresses:
            try:
                return await self._inner.connect_tcp(
                    address, self._port, CONNECT_TIMEOUT_S, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("no sockets of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def in_words(error: Exception) -> str:
    """What went wrong between us and a stranger's host, for its owner: no library's class names."""
    match error:
        case httpcore.ConnectTimeout():
            return f"no connection within {CONNECT_TIMEOUT_S:g} s"
        case httpcore.ConnectError() if "certificate" in str(error).lower():
            return f"the certificate was not accepted: {error}"
        case httpcore.ConnectError() | OSError():
            return "no connection: nothing accepts it at this host and port"
        case httpcore.ProtocolError():
            return f"what was answered is not HTTP: {error}"
        case httpcore.TimeoutException():
            return "no answer in time"
        case _:
            return "the connection broke before the answer was complete"


class Egress:
    """Calls targets, each connection for one call."""

    def __init__(
        self, resolve: Resolve, *, insecure: bool = False, trust: ssl.SSLContext | None = None
    ) -> None:
        """`insecure`: also http, any port and private addresses. `trust`: whose certificates count;
        None: the usual ones.
        """
        self._resolve = resolve
        self._insecure = insecure
        self._trust = trust or httpx.create_ssl_context()

    async def problem(self, url: str) -> str | None:
        """Why a URL can't be a target now; None when it can."""
        try:
            await self._admit(url)
        except TargetRefused as error:
            return str(error)
        return None

    async def post(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        *,
        time_limit_s: float = TIME_LIMIT_S,
    ) -> ObservedAttempt:
        """Post once. What went wrong is in the attempt; nothing is raised for it."""
        at, begun_s = datetime.now(UTC), time.monotonic()

        def attempt(
            status_code: int | None,
            error: str | None,
            retry_after: str | None = None,
            answer: str = "",
        ) -> ObservedAttempt:
            return ObservedAttempt(
                at,
                int((time.monotonic() - begun_s) * 1000),
                status_code,
                error,
                retry_after,
                answer,
            )

        try:
            async with asyncio.timeout(time_limit_s):
                target, addresses = await self._admit(url)
                return attempt(*await self._exchange(target, addresses, (url, body, headers)))
        except TimeoutError:
            return attempt(None, f"no complete answer within {time_limit_s:g} s")
        except TargetRefused as error:
            return attempt(None, str(error))
        except (
            OSError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as error:
            return attempt(None, in_words(error)[:MAX_ERROR_CHARS])
        except Exception:
            # Whatever a stranger's answer does to a library is that try's failure and no other's.
            log.warning("a call failed in a way that is new to us", exc_info=True)
            return attempt(None, "the call failed")

    async def get(self, url: str, max_bytes: int, *, time_limit_s: float) -> bytes:
        """The body of a 200, whole. Up to MAX_REDIRECTS redirects are followed, each judged as the
        URL itself was. Raises FetchFailed.
        """
        try:
            async with asyncio.timeout(time_limit_s):
                for _ in range(1 + MAX_REDIRECTS):
                    body, url = await self._fetch(url, max_bytes)
                    if body is not None:
                        return body
        except TimeoutError:
            raise FetchFailed(f"no whole answer within {time_limit_s:g} s", can_heal=True) from None
        except TargetRefused as error:
            raise FetchFailed(str(error), can_heal=isinstance(error, Unresolved)) from None
        except (
            OSError,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.TimeoutException,
        ) as error:
            raise FetchFailed(in_words(error)[:MAX_ERROR_CHARS], can_heal=True) from error
        raise FetchFailed(f"it redirects more than {MAX_REDIRECTS} times")

    async def _fetch(self, url: str, max_bytes: int) -> tuple[bytes | None, str]:
        """The body, or None and where it is said to be."""
        target, addresses = await self._admit(url)
        headers = [(b"Accept-Encoding", b"identity"), (b"User-Agent", b"Looks-Photos/1")]
        async with (
            self._connected(target, addresses) as pool,
            pool.stream("GET", url, headers=headers) as response,
        ):
            said = {name.lower(): text for name, text in response.headers}
            if 300 <= response.status < 400 and b"location" in said:
                return None, urljoin(url, said[b"location"].decode("latin-1"))
            if response.status != OK:
                can_heal = response.status >= 500 or response.status in _LATER
                raise FetchFailed(f"it answered {response.status}", can_heal=can_heal)
            if said.get(b"content-encoding", b"identity").lower() != b"identity":
                raise FetchFailed("its answer has a content coding, which was not asked for")
            declared = said.get(b"content-length", b"0")
            body = bytearray()
            if declared.isdigit() and int(declared[:20]) > max_bytes:
                raise FetchFailed(f"it has more than {max_bytes} bytes", too_large=True)
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > max_bytes:
                    raise FetchFailed(f"it has more than {max_bytes} bytes", too_large=True)
            return bytes(body), url

    def _connected(self, target: Target, addresses: Sequence[str]) -> httpcore.AsyncConnectionPool:
        """One connection, to none but these addresses."""
        return httpcore.AsyncConnectionPool(
            ssl_context=self._trust,
            network_backend=_Pinned(addresses, target.port),
            max_connections=1,
            retries=0,
        )

    async def _admit(self, url: str) -> tuple[Target, list[str]]:
        """Where a URL leads and the addresses to connect to, all of them judged. Raises Refused."""
        target = target_of(url, insecure=self._insecure)
        if isinstance(target, str):
            raise TargetRefused(f"the URL {target}")
        try:
            async with asyncio.timeout(RESOLVE_TIMEOUT_S):
                addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError, TimeoutError):
            raise Unresolved("the host of the URL can't be resolved") from None
        if not addresses:
            raise TargetRefused("the host of the URL has no address")
        if not self._insecure and not all(is_public(address) for address in addresses):
            raise TargetRefused("the host of the URL has an address that is not public")
        return target, list(addresses[:MAX_ADDRESSES])

    async def _exchange(
        self,
        target: Target,
        addresses: Sequence[str],
        message: tuple[str, bytes, Mapping[str, str]],
    ) -> tuple[int, None, str | None, str]:
        """Status code, no error, Retry-After, and the beginning of the body."""
        url, body, headers = message
        async with self._connected(target, addresses) as pool:
            lines = [(name.encode(), text.encode()) for name, text in headers.items()]
            async with pool.stream("POST", url, headers=lines, content=body) as response:
                retry_after = dict(response.headers).get(b"retry-after", b"").decode("latin-1")
                kept = bytearray()
                async for chunk in response.aiter_stream():
                    kept += chunk
                    if len(kept) >= MAX_ANSWER_BYTES:
                        break
                answer = (
                    bytes(kept[:MAX_ANSWER_BYTES])
                    .decode("utf-8", "replace")
                    .replace("\x00", "\ufffd")
                )
                return response.status, None, retry_after or None, answer
