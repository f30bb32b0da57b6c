"""The server: uvicorn on httptools, with the limits on heads, connections and unread bodies that
these do not have.

httptools collects a header for as long as it comes, and uvicorn's timer runs only between requests:
a client that sends a byte a second, or headers without end, would hold a connection and memory for
ever.
"""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.serving import abortable
from runtime import logs
from runtime.settings import ApiSettings
from schemas.errors import STATUS, ErrorCode
from schemas.ids import new_request_id
from schemas.responses import ErrorBody, ErrorEnvelope

log = logs.get(__name__)

MAX_CONNECTIONS = 10_000
MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
MAX_URL_BYTES = 8 * 1024
LINGER_S = 3.0
"""A client that goes on sending a body after its answer may do so for this long: closing at once
would cost it the answer.
"""


class GuardedProtocol(HttpToolsProtocol):
    """One connection. Its timer bounds the time from the first byte of a head to its last, and what
    comes after an answer.
    """

    head_timeout_s = 8.0
    _timer: asyncio.TimerHandle | None = None
    _head_open = True
    _message_open = False
    _refused = False
    _head_began = False  # anything of it came
    _turned_in_chunk = False  # a head began in it, or a message ended
    _raw_bytes = 0  # of chunks that held nothing but a head that began in an earlier one
    _url_bytes = 0
    _head_bytes = 0
    _headers_seen = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """A client is there: its first head is awaited."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            self._refuse(ErrorCode.UNAVAILABLE, "Too many connections. Try again shortly.")
        else:
            self._arm(self.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on. A head that goes on from chunk to chunk is counted here: the parser calls only
        when a header ends.
        """
        if self._refused or self.transport.is_closing():
            return
        self._turned_in_chunk = False
        super().data_received(data)
        if self._refused or self.transport.is_closing():
            return
        if self._head_open and self._timer is None and self._idle:
            self._arm(self.head_timeout_s)
        if self._head_open and not self._turned_in_chunk:
            self._raw_bytes += len(data)
            if self._raw_bytes > MAX_HEAD_BYTES:
                self._refuse(
                    ErrorCode.HEADERS_TOO_LARGE,
                    f"A request's head may have {MAX_HEAD_BYTES} bytes.",
                )

    @property
    def _idle(self) -> bool:
        """Whether no request waits for its answer."""
        return self.cycle is None or (self.cycle.response_complete and not self.pipeline)

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self.scope["extensions"] = abortable(self.transport)
        self._head_open = self._head_began = self._turned_in_chunk = True
        self._url_bytes = self._head_bytes = self._raw_bytes = self._headers_seen = 0

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._url_bytes += len(url)
        if self._url_bytes <= MAX_URL_BYTES:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, whole. One too many is counted and not kept."""
        self._headers_seen += 1
        self._head_bytes += len(name) + len(value)
        if self._headers_seen <= MAX_HEADERS and self._head_bytes <= MAX_HEAD_BYTES:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: it is refused, or its request begins."""
        self._head_open = False
        self._message_open = True
        self._disarm()
        if self._url_bytes > MAX_URL_BYTES:
            self._refuse(
                ErrorCode.URI_TOO_LONG, f"A request's target may have {MAX_URL_BYTES} bytes."
            )
        elif self._headers_seen > MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            why = f"A request's head may have {MAX_HEADERS} headers and {MAX_HEAD_BYTES} bytes."
            self._refuse(ErrorCode.HEADERS_TOO_LARGE, why)
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The body is whole; what comes next is a head."""
        self._message_open = False
        self._head_open = self._turned_in_chunk = True
        self._head_began = False
        self._raw_bytes = 0
        if self._refused:
            return
        super().on_message_complete()
        self._disarm()

    def on_response_complete(self) -> None:
        """The answer is sent; a body that is still on its way has a little time left."""
        super().on_response_complete()
        if not self.transport.is_closing() and self._message_open and self._idle:
            self._arm(LINGER_S)

    def send_400_response(self, msg: str) -> None:
        """What can't be parsed is answered in the envelope."""
        self._refuse(ErrorCode.MALFORMED_REQUEST, "This is not a well-formed HTTP/1.1 request.")

    def _refuse(self, code: ErrorCode, message: str) -> None:
        """Answer without the application and close; only close when another answer is under way."""
        self._refused = True
        self._disarm()
        if self._idle or not (self.pipeline or self.cycle.response_started):
            self.transport.write(_answer(code, message))
        self.transport.close()

    def _arm(self, after_s: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(after_s, self._too_slow)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if not self._idle:
            # An answer is under way: it ends, or its own time limit ends it
            self._arm(self.head_timeout_s)
        elif self._head_open and self._head_began:
            self._refuse(ErrorCode.REQUEST_TIMEOUT, "The request's head took too long.")
        else:
            self.transport.close()


def _answer(code: ErrorCode, message: str) -> bytes:
    own = new_request_id()
    error = ErrorBody(code=code, message=message, exchange_id=own, request_id=own)
    body = ErrorEnvelope(error=error).model_dump_json().encode()
    retry = b"retry-after: 1\r\n" if code is ErrorCode.UNAVAILABLE else b""
    return b"".join(
        (
            STATUS_LINE[STATUS[code]],
            b"content-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n"
            % len(body),
            b"x-request-id: %s\r\n" % own.encode(),
            retry,
            b"\r\n",
            body,
        )
    )


def server_config(app: ASGIApp, settings: ApiSettings, **more: Any) -> uvicorn.Config:
    """How this API is served."""
    guarded = type("Guarded", (GuardedProtocol,), {"head_timeout_s": settings.header_timeout_s})
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=round(settings.keep_alive_s),
        lifespan="off",
        **more,
    )
