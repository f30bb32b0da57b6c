"""The parts of a multipart body that is whole and bounded already."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

MAX_PART_HEADERS = 8
MAX_PART_HEADER_BYTES = 4096


class BadParts(Exception):
    """The body is not what it must be; the message says why."""


class _Reader:
    """What the parser calls."""

    def __init__(self, wanted: tuple[str, ...]) -> None:
        self.found: dict[str, bytes] = {}
        self.whole = False
        self._wanted = wanted
        self._header = b""
        self._value = b""
        self._name = ""
        self._pieces: list[bytes] = []

    def on_part_begin(self) -> None:
        self._name, self._pieces = "", []

    def on_header_begin(self) -> None:
        self._header = self._value = b""

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._name = (
                parse_options_header(self._value)[1].get(b"name", b"").decode("utf-8", "replace")
            )

    def on_headers_finished(self) -> None:
        if self._name not in self._wanted:
            raise BadParts(f"an unknown part {self._name[:40]!r}")
        if self._name in self.found:
            raise BadParts(f"the part {self._name!r} occurs twice")

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._pieces.append(data[start:end])

    def on_part_end(self) -> None:
        self.found[self._name] = b"".join(self._pieces)

    def on_end(self) -> None:
        self.whole = True


def parts_of(content_type: str, body: bytes, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Each wanted part by its name. Raises BadParts for a body that is not exactly these parts,
    each once.
    """
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadParts(
            f"the content type is {content_type[:60]!r}, not multipart/form-data with a boundary"
        )
    reader = _Reader(wanted)
    try:
        parser = MultipartParser(
            options[b"boundary"],
            {name: getattr(reader, name) for name in vars(_Reader) if name.startswith("on_")},  # type: ignore[arg-type]  # a TypedDict
            max_header_count=MAX_PART_HEADERS,
            max_header_size=MAX_PART_HEADER_BYTES,
        )
        parser.write(body)
    except FormParserError:
        raise BadParts("the multipart body is not well-formed") from None
    missing = [name for name in wanted if name not in reader.found]
    if missing or not reader.whole:
        raise BadParts(f"the multipart body lacks {', '.join(missing) or 'its last boundary'}")
    return reader.found
