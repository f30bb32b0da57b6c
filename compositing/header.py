"""Kind and size of a picture from its first bytes, read as they stream: nothing is decoded, hardly
anything is kept."""

import struct
from typing import Final

from compositing import boxes
from compositing.errors import GarmentError

MAX_PIXELS: Final = 50_000_000
MAX_SIDE_PX: Final = 12_000
MIN_SIDE_PX: Final = 32
MAGIC: Final = ((b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"))
LONGEST_MAGIC: Final = 12
CONTENT_TYPES: Final = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/avif": "avif",
    "image/heic": "heic",
}
NAMES: Final = "JPEG, PNG, WebP, AVIF or HEIC"
_OTHERS: Final = (
    (b"GIF8", "a GIF"),
    (b"BM", "a BMP"),
    (b"II*\0", "a TIFF or raw photo"),
    (b"MM\0*", "a TIFF or raw photo"),
    (b"%PDF", "a PDF"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML file"),
    (b"8BPS", "a Photoshop file"),
    (b"PK\x03\x04", "a ZIP archive"),
)

_PNG_HEAD: Final = 24
_WEBP_HEAD: Final = 30
_START_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that no length follows


def check_size(width: int, height: int) -> None:
    """Raises GarmentError for a size in pixels that is never decoded."""
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE_PX:
        raise GarmentError(
            "image_too_large",
            f"The photo is {width} x {height} pixels; "
            f"{MAX_PIXELS} in all and {MAX_SIDE_PX} a side are allowed.",
        )
    if min(width, height) < MIN_SIDE_PX:
        raise GarmentError(
            "no_garment_found",
            f"The photo is {width} x {height} pixels: too small to show a garment.",
        )


class HeaderReader:
    """Fed a picture's bytes in order, it knows kind and size as soon as the header has told them.

    `content_type` and `size` (width, height in pixels as stored, before any EXIF turn) are None
    until then.
    """

    def __init__(self) -> None:
        """Nothing is known."""
        self.content_type: str | None = None
        self.size: tuple[int, int] | None = None
        self._kept = b""
        self._skip_bytes = 0

    def feed(self, data: bytes) -> None:
        """Read on. Raises GarmentError: not a picture that is taken, damaged, or of a size that
        can't be used."""
        if self.size is not None:
            return
        skipped = min(self._skip_bytes, len(data))
        self._skip_bytes -= skipped
        if self._skip_bytes:
            return
        self._kept += data[skipped:]
        if self.content_type is None and len(self._kept) >= LONGEST_MAGIC:
            if len(self._kept) < (boxes.brands_end(self._kept) or 0):
                return
            self.content_type = _content_type(self._kept)
        match self.content_type:
            case "image/png":
                self.size = _png(self._kept)
            case "image/webp":
                self.size = _webp(self._kept)
            case "image/jpeg":
                self.size = self._jpeg()
            case "image/avif" | "image/heic":
                self.size = self._boxed()
        if self.size is not None:
            self._kept = b""
            check_size(*self.size)

    def end(self) -> tuple[str, int, int]:
        """Content type, width and height, once all bytes were fed. Raises GarmentError when the
        header never came."""
        if self.content_type is None or self.size is None:
            raise _damaged() if self.content_type else _unknown(self._kept)
        return self.content_type, *self.size

    def _jpeg(self) -> tuple[int, int] | None:
        """From segment to segment until a frame begins; the bytes of a segment are passed over, not
        kept."""
        data, at = self._kept, 0
        while at + 4 <= len(data):
            if data[at] != 0xFF:
                raise _damaged()
            marker = data[at + 1]
            if marker == 0xFF or marker in _BARE:
                at += 1 if marker == 0xFF else 2
                continue
            if marker in _START_OF_FRAME:
                if at + 9 > len(data):
                    break
                height, width = struct.unpack_from(">HH", data, at + 5)
                return width, height
            length = int.from_bytes(data[at + 2 : at + 4], "big")
            if length < 2 or marker in {0xD9, 0xDA}:
                raise _damaged()
            at += 2 + length
        self._kept = data[at:]
        self._skip_bytes = max(0, at - len(data))
        return None

    def _boxed(self) -> tuple[int, int] | None:
        """From box to box until the one that describes the pictures; the others are passed over."""
        data, at = self._kept, 0
        while at + 8 <= len(data):
            length = int.from_bytes(data[at : at + 4], "big")
            if length == 1 and at + 16 <= len(data):
                length = int.from_bytes(data[at + 8 : at + 16], "big")
            elif length == 1:
                break
            if length < 8:
                raise _damaged()
            if data[at + 4 : at + 8] == b"meta":
                if length > boxes.MAX_META_BYTES:
                    raise _damaged()
                if at + length > len(data):
                    break
                size = boxes.size_in(data[at + 8 : at + length])
                if size is None:
                    raise _damaged()
                return size
            at += length
        self._kept = data[at:]
        self._skip_bytes = max(0, at - len(data))
        return None


def kind_of(data: bytes) -> str | None:
    """JPEG, PNG, WEBP, AVIF or HEIF by a picture's first bytes, LONGEST_MAGIC or its first box;
    None: something else.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    found = next((kind for magic, kind in MAGIC if data.startswith(magic)), None)
    return found or boxes.kind_of(data)


def unknown_text(data: bytes) -> str:
    """What to say of a file that is none of the pictures that are taken: its name, and what to
    do.
    """
    for magic, name in _OTHERS:
        if data.lstrip()[: len(magic)] == magic or data.startswith(magic):
            return f"The file is {name}. Export or save it as {NAMES}."
    return f"The file is not a {NAMES} picture."


def _content_type(data: bytes) -> str:
    kind = kind_of(data)
    if kind is None:
        raise _unknown(data)
    return CONTENT_TYPES[kind]


def _png(data: bytes) -> tuple[int, int] | None:
    if len(data) < _PNG_HEAD:
        return None
    if data[12:16] != b"IHDR":
        raise _damaged()
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _webp(data: bytes) -> tuple[int, int] | None:
    if len(data) < _WEBP_HEAD:
        return None
    chunk, body = data[12:16], data[20:]
    if chunk == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if chunk == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if chunk == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise _damaged()


def _unknown(data: bytes) -> GarmentError:
    return GarmentError("image_unreadable", unknown_text(data))


def _damaged() -> GarmentError:
    return GarmentError(
        "image_unreadable", f"The picture's header is damaged. Export or save it anew as {NAMES}."
    )
