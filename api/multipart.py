"""A multipart body that holds one file, read as it streams: no part of it is kept here."""

from collections.abc import AsyncIterator

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from api.errors import ApiError, invalid
from schemas.errors import ErrorCode

MAX_PART_HEADERS = 32
MAX_PART_HEADER_BYTES = 8192
MAX_PREAMBLE_BYTES = 16 * 1024
"""Of what may stand before the first boundary (RFC 2046, 5.1.1), and is passed over."""


class _Preamble:
    """Passes over what stands before the first boundary."""

    def __init__(self, boundary: bytes) -> None:
        self._opening = b"\r\n--" + boundary
        self._waiting: bytes | None = b"\r\n"

    def after(self, chunk: bytes) -> bytes:
        """What of a chunk is for the parser. Raises FormParserError when it is too much."""
        if self._waiting is None:
            return chunk
        self._waiting += chunk
        at = self._waiting.find(self._opening)
        if (len(self._waiting) if at < 0 else at) > MAX_PREAMBLE_BYTES:
            raise FormParserError("no boundary")
        if at < 0:
            return b""
        found, self._waiting = self._waiting[at + 2 :], None
        return found

    def end(self) -> None:
        """Raises FormParserError when there was something and no boundary."""
        if self._waiting is not None and self._waiting.strip():
            raise FormParserError("no boundary")


class _Parts:
    """What the parser calls; the file's bytes of one chunk are in `pieces`."""

    def __init__(self, field: str) -> None:
        self.pieces: list[bytes] = []
        self.seen = False
        self.whole = False
        self._field = field
        self._name = b""
        self._value = b""
        self._disposition = ""

    def on_part_begin(self) -> None:
        self._disposition = ""

    def on_header_begin(self) -> None:
        self._name = self._value = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value.decode("latin-1")

    def on_headers_finished(self) -> None:
        name = (
            parse_options_header(self._disposition)[1].get(b"name", b"").decode("utf-8", "replace")
        )
        if name != self._field:
            raise invalid(
                ("body", name[:100]),
                f"an unknown field; there is one, `{self._field}`",
                "extra_forbidden",
            )
        if self.seen:
            raise invalid(("body", self._field), "occurs twice")
        self.seen = True

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.pieces.append(data[start:end])

    def on_end(self) -> None:
        self.whole = True


def boundary_of(request: Request) -> bytes:
    """The boundary of a multipart request. Raises ApiError 415 for any other request."""
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise ApiError(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            "Send `Content-Type: multipart/form-data` with a boundary.",
        )
    return options[b"boundary"]


async def file_of(request: Request, field: str) -> AsyncIterator[bytes]:
    """The bytes of the one file of a multipart request, as they come.

    Raises ApiError 415 for another media type, 422 for a body that is not exactly one file in this
    field, and whatever reading the body raises.
    """
    parts = _Parts(field)
    try:
        boundary = boundary_of(request)
        preamble = _Preamble(boundary)
        parser = MultipartParser(
            boundary,
            {name: getattr(parts, name) for name in vars(_Parts) if name.startswith("on_")},  # type: ignore[arg-type]  # a TypedDict
            max_header_count=MAX_PART_HEADERS,
            max_header_size=MAX_PART_HEADER_BYTES,
        )
        async for chunk in request.stream():
            parser.write(preamble.after(chunk))
            for piece in parts.pieces:
                yield piece
            parts.pieces.clear()
        preamble.end()
    except FormParserError:
        raise invalid(("body",), "not a well-formed multipart body", "multipart_invalid") from None
    if not parts.seen:
        raise invalid(("body", field), "Field required", "missing")
    if not parts.whole:
        raise invalid(
            ("body",), "the multipart body ends before its last boundary", "multipart_invalid"
        )
