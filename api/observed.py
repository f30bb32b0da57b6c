"""What operators see of HTTP: rate, errors and duration by route, and a span for each request of a
trace that is sampled.
"""

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime import metrics, tracing
from runtime.tracing import Span, SpanKind

TRACEPARENT: Final = b"traceparent"
STATE: Final = "traceparent"
"""Where a request's trace stands in its scope's state."""
NO_ROUTE: Final = "none"


def traceparent_of(scope: Scope) -> str:
    """The trace that a request goes on; empty where its client named none."""
    text: str = scope["state"].get(STATE, "")
    return text


class Observed:
    """ASGI middleware, the outermost: of each request the time to the head of its answer, which for
    streams is not their length.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Over this app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun_s = time.perf_counter()
        span = tracing.begin("HTTP", _given(scope), SpanKind.SERVER)
        scope.setdefault("state", {})[STATE] = span.traceparent
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _measure(scope, status, time.perf_counter() - begun_s)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _told(span, scope, status)


def _given(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == TRACEPARENT:
            text: str = value.decode("latin-1")
            return text
    return ""


def _route(scope: Scope) -> str:
    path: str = getattr(scope.get("route"), "path", NO_ROUTE)
    return path


def _measure(scope: Scope, status: int, seconds: float) -> None:
    method, route = _method(scope), _route(scope)
    metrics.HTTP_REQUESTS.labels(method, route, str(status)).inc()
    metrics.HTTP_SECONDS.labels(method, route).observe(seconds)


def _method(scope: Scope) -> str:
    """A client may send any word as a method, and each would be a series of its own."""
    method: str = scope["method"]
    return method if method in METHODS else "OTHER"


METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


def _told(span: Span, scope: Scope, status: int) -> None:
    if not span.recording:
        return
    method, route = _method(scope), _route(scope)
    span.name(f"{method} {route}").set(
        {
            "http.request.method": method,
            "http.route": route,
            "url.path": scope["path"],
            "http.response.status_code": status,
        }
    )
    span.end("" if 0 < status < 500 else f"answered {status}")
