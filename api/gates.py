"""What every request passes before its route: size and time of the body, the key, what the key may
do, its rate.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import cookies, strict_json
from api.errors import KNOWN, ApiError, exchange_id
from api.keys import KeyRing, unauthenticated
from api.limits import Limiter, request_claims
from api.negotiation import accepts
from api.ports import Ports
from api.queries import KnownParameters
from domain.api_keys import PREFIXES
from runtime.metrics import RATE_LIMITED
from schemas.errors import ErrorCode
from storage.accounts import Credential

CAPABILITY = {"POST": "jobs:create", "DELETE": "jobs:create", "GET": "jobs:read"}
MAX_KEY_CHARS = 256
NO_CONTENT = 204
JSON = "application/json"
IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """How large a body may be, and how long it may take to come."""

    max_bytes: int
    timeout_s: float


class BoundedBody:
    """`receive` of one request: it raises ApiError 413 for a body of more than its limit, counted
    as it streams in, and 408 for one that is slower.
    """

    def __init__(self, receive: Receive, limit: BodyLimit, declared: bytes) -> None:
        """`declared`: the Content-Length, if there is one."""
        self._receive = receive
        self._limit = limit
        self._too_large = declared.isdigit() and int(declared) > limit.max_bytes
        self._seen_bytes = 0
        self._until_s = time.monotonic() + limit.timeout_s
        self._finished = False

    async def __call__(self) -> Message:
        """The next message."""
        if self._finished:
            return await self._receive()  # waiting for the client to go away: not bounded
        if self._too_large:
            raise self._larger()
        try:
            async with asyncio.timeout(max(0.0, self._until_s - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(
                ErrorCode.REQUEST_TIMEOUT,
                "The request body took too long.",
                headers={"Connection": "close"},
            ) from None
        self._seen_bytes += len(message.get("body", b""))
        self._finished = not message.get("more_body", False)
        if self._seen_bytes > self._limit.max_bytes:
            raise self._larger()
        return message

    def _larger(self) -> ApiError:
        return ApiError(
            ErrorCode.PAYLOAD_TOO_LARGE,
            f"A request body may have {self._limit.max_bytes} bytes.",
        )


class BoundedBodies:
    """ASGI middleware: every body is bounded."""

    def __init__(self, app: ASGIApp, limit: BodyLimit, by_path: Mapping[str, BodyLimit]) -> None:
        """`limit` holds for every path that is not in `by_path`."""
        self._app = app
        self._limit = limit
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http":
            limit = self._by_path.get(scope["path"], self._limit)
            declared = dict(scope["headers"]).get(b"content-length", b"0")
            receive = BoundedBody(receive, limit, declared)
        await self._app(scope, receive, send)


def bearer(given: Sequence[str], query: bytes) -> str:
    """The key of a request with these Authorization headers. Raises ApiError 401 unless there is
    exactly one, in the one right place.
    """
    text = unquote(query.decode("latin-1")) if query else ""
    if len(given) != 1 or any(prefix in text for prefix in PREFIXES.values()):
        raise unauthenticated()
    scheme, _, key = given[0].partition(" ")
    key = key.strip(" \t")  # RFC 9110 11.4: one blank or more; and none at the end are of the value
    if scheme.lower() != "bearer" or not key or len(key) > MAX_KEY_CHARS or not key.isascii():
        raise unauthenticated()
    return key


async def admit(scope: Scope, given: Sequence[str], needed: str) -> Credential:
    """Who sends this request, with these Authorization headers or the cookie of a session, and has
    the capability `needed`. A cookie counts only from our own pages.

    Raises ApiError 401, 403 or 429; leaves the rate-limit headers for the answer in the scope's
    state.
    """
    state = scope["app"].state
    token = None if given else cookies.token_in(scope)
    if token is None:
        return await admit_key(scope, bearer(given, scope["query_string"]), needed)
    if not cookies.origin_of(scope).may_use_cookie:
        raise ApiError(
            ErrorCode.ORIGIN_REFUSED,
            "A session is for this service's own pages; this request came from elsewhere.",
        )
    return await _admitted(scope, state.sessions, token, needed)


async def admit_key(scope: Scope, key: str, needed: str) -> Credential:
    """The same of a key."""
    return await _admitted(scope, scope["app"].state.keys, key, needed)


async def _admitted(scope: Scope, ring: KeyRing[Credential], key: str, needed: str) -> Credential:
    state = scope["app"].state
    ports: Ports = state.ports
    limiter: Limiter = state.limiter
    client = scope.get("client")
    credential = await ring.credential(key, client[0] if client else None)
    scope.setdefault("state", {})[KNOWN] = credential  # whose refusals are noted from here on
    claims = request_claims(ports.api, credential, scope["method"])
    allowance = await limiter.take(claims, time.monotonic())
    scope.setdefault("state", {})["limit_headers"] = allowance.headers(claims)
    if not allowance.allowed:
        RATE_LIMITED.labels(allowance.limit.name).inc()
        whose = (
            "of all keys of this tenant"
            if allowance.limit.name.startswith("tenant")
            else "with this key"
        )
        raise ApiError(
            ErrorCode.RATE_LIMITED,
            f"Too many requests {whose}.",
            headers={"Retry-After": str(allowance.reset_s)},
        )
    if needed and needed not in credential.capabilities:
        raise ApiError(ErrorCode.CAPABILITY_MISSING, f"This key lacks the capability {needed}.")
    return credential


def plain(content_encoding: str) -> None:
    """Raises ApiError 415 for a body that is packed: what it unpacks to has no bound."""
    if content_encoding.strip().lower() != IDENTITY:
        raise ApiError(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the body without a Content-Encoding."
        )


def acceptable(given: Sequence[str], media_type: str | None) -> None:
    """Raises ApiError 406 for a client whose Accept headers rule out the type of this route's
    answers; None: they have no content.
    """
    if media_type is not None and not accepts(",".join(given), media_type):
        raise ApiError(
            ErrorCode.NOT_ACCEPTABLE,
            f"This route answers with {media_type}, which the Accept header rules out.",
        )


def sends_json(content_type: str) -> None:
    """Raises ApiError 415 for a body that is said to be anything else."""
    if content_type != JSON and content_type.partition(";")[0].strip().lower() != JSON:
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send `Content-Type: application/json`.")


class _StrictRequest(Request):
    """A request whose JSON is read strictly."""

    async def json(self) -> Any:
        """The body's value. Raises ApiError 413, 415 or 422."""
        return strict_json.parse(await self.body())


def _sends_body(request: Request) -> bool:
    return (
        request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    )


class GatedRoute(APIRoute):
    """A route behind the gates: they come before the body is read, so an unknown caller costs
    nothing.
    """

    needs: Mapping[str, str] = CAPABILITY
    """The capability that each method needs; empty: none. Routes of another kind say so in a
    subclass.
    """

    async def admitted(self, request: Request) -> Credential:
        """Who may have the route's answer. Raises ApiError 401, 403 or 429."""
        given = request.headers.getlist("authorization")
        return await admit(request.scope, given, self.needs[request.method])

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the route."""
        inner = super().get_route_handler()
        offered = self._offered()
        parameters = KnownParameters.of(self.dependant)

        async def gated(request: Request) -> Response:
            headers = request.headers
            who = await self.admitted(request)
            request.state.credential = who
            acceptable(headers.getlist("accept"), offered)
            plain(headers.get("content-encoding", IDENTITY))
            parameters.check(request.query_params, who)
            if self.body_field is not None and (
                self.body_field.field_info.is_required() or _sends_body(request)
            ):
                sends_json(headers.get("content-type", ""))
            response = await inner(_StrictRequest(request.scope, request.receive))
            response.headers.update(getattr(request.state, "limit_headers", {}))
            response.headers["X-Request-Id"] = response.headers.get("X-Request-Id") or exchange_id(
                request
            )
            return response

        return gated

    def _offered(self) -> str | None:
        """The type of this route's answers: what it documents of a 200, else JSON. None: they have
        no content.
        """
        documented: Mapping[str, Any] = self.responses.get(200, {}).get("content", {})
        return None if self.status_code == NO_CONTENT else next(iter(documented), JSON)


def credential_of(request: Request) -> Credential:
    """Who the gates let in."""
    credential: Credential = request.state.credential
    return credential
