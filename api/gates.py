"""What every request passes before its route: size and time of the body, the key, what the key may do, its rate."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import strict_json
from api.errors import ApiError, exchange_id
from api.ports import Ports
from schemas.errors import ErrorCode
from storage.accounts import Credential

CAPABILITY = {"POST": "jobs:create", "DELETE": "jobs:create", "GET": "jobs:read"}
MAX_KEY_CHARS = 256
MAX_CACHED_KEYS = 10_000
_UNAUTHENTICATED = ApiError(
    ErrorCode.UNAUTHENTICATED,
    "A valid API key is needed: `Authorization: Bearer sk_...`.",
    headers={"WWW-Authenticate": "Bearer"},
)


class BoundedBodies:
    """ASGI middleware: a body of more than `max_bytes`, counted as it streams in, or slower than `timeout_s`, is refused."""

    def __init__(self, app: ASGIApp, max_bytes: int, timeout_s: float) -> None:
        """Wrap an app."""
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        too_large = declared.isdigit() and int(declared) > self._max_bytes
        seen_bytes = 0
        until_s = time.monotonic() + self._timeout_s
        finished = False

        async def bounded() -> Message:
            nonlocal seen_bytes, finished
            if finished:
                return await receive()  # waiting for the client to go away: not bounded
            if too_large:
                raise ApiError(ErrorCode.PAYLOAD_TOO_LARGE, f"A request body may have {self._max_bytes} bytes.")
            try:
                async with asyncio.timeout(max(0.0, until_s - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise ApiError(ErrorCode.REQUEST_TIMEOUT, "The request body took too long.") from None
            seen_bytes += len(message.get("body", b""))
            finished = not message.get("more_body", False)
            if seen_bytes > self._max_bytes:
                raise ApiError(ErrorCode.PAYLOAD_TOO_LARGE, f"A request body may have {self._max_bytes} bytes.")
            return message

        await self._app(scope, bounded, send)


class KeyCache:
    """Credentials for as long as a revoked key may go on working."""

    def __init__(self, ttl_s: float) -> None:
        """Empty."""
        self._ttl_s = ttl_s
        self._known: dict[str, tuple[float, Credential | None]] = {}

    async def get(self, key: str, look_up: Callable[[str], Awaitable[Credential | None]]) -> Credential | None:
        """The credential of a key, asked for anew when what is known is too old."""
        now_s = time.monotonic()
        known = self._known.get(key)
        if known is not None and now_s - known[0] < self._ttl_s:
            return known[1]
        credential = await look_up(key)
        if len(self._known) >= MAX_CACHED_KEYS:
            self._known.clear()
        self._known[key] = (now_s, credential)
        return credential


def bearer(request: Request) -> str:
    """The key of a request. Raises ApiError 401 unless there is exactly one, in the one right place."""
    headers = request.headers.getlist("authorization")
    if len(headers) != 1:
        raise _UNAUTHENTICATED
    scheme, _, key = headers[0].partition(" ")
    if scheme.lower() != "bearer" or not key or len(key) > MAX_KEY_CHARS or not key.isascii():
        raise _UNAUTHENTICATED
    return key


async def admit(request: Request, needed: str) -> Credential:
    """Who sends this request and has the capability `needed`.

    Raises ApiError 401, 403 or 429; leaves the rate-limit headers for the answer.
    """
    state = request.app.state
    ports: Ports = state.ports
    credential: Credential | None = await state.keys.get(bearer(request), ports.accounts.credential)
    if credential is None:
        raise _UNAUTHENTICATED
    allowance = state.buckets.take(credential.key_id, time.monotonic())
    request.state.limit_headers = allowance.headers(ports.api.rate_burst, ports.api.rate_per_s)
    if not allowance.allowed:
        raise ApiError(
            ErrorCode.RATE_LIMITED, "Too many requests with this key.", headers={"Retry-After": str(max(1, allowance.reset_s))}
        )
    if needed not in credential.capabilities:
        raise ApiError(ErrorCode.CAPABILITY_MISSING, f"This key lacks the capability {needed}.")
    return credential


class _StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body's value. Raises ApiError 413, 415 or 422."""
        return strict_json.parse(await self.body())


def _sends_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


class GatedRoute(APIRoute):
    """A route behind the gates: they come before the body is read, so an unknown caller costs nothing."""

    needs: Mapping[str, str] = CAPABILITY
    """The capability that each method needs; routes of another kind say so in a subclass."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route."""
        inner = super().get_route_handler()

        async def gated(request: Request) -> Response:
            request.state.credential = await admit(request, self.needs[request.method])
            if self.body_field is not None and (self.body_field.field_info.is_required() or _sends_body(request)):
                media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media_type != "application/json":
                    raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send `Content-Type: application/json`.")
            response = await inner(_StrictRequest(request.scope, request.receive))
            response.headers.update(request.state.limit_headers)
            response.headers["X-Request-Id"] = response.headers.get("X-Request-Id") or exchange_id(request)
            return response

        return gated


def credential_of(request: Request) -> Credential:
    """Who the gates let in."""
    credential: Credential = request.state.credential
    return credential
