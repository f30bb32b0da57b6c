"""AVIF and HEIC: which of them a file is and how large, from the boxes (ISO/IEC 14496-12) at its
beginning.
"""

import struct
from collections.abc import Iterator
from typing import Final

MAX_BRANDS_BYTES: Final = 512
MAX_META_BYTES: Final = 1024 * 1024
_AVIF: Final = frozenset({b"avif", b"avis"})
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_HEAD: Final = 8


def brands_end(data: bytes) -> int | None:
    """Where the first box ends, if it says what the file is; None for other files. From 8 bytes
    on.
    """
    if data[4:8] != b"ftyp":
        return None
    return min(max(int.from_bytes(data[:4], "big"), 16), MAX_BRANDS_BYTES)


def kind_of(data: bytes) -> str | None:
    """AVIF or HEIF by the brands in the first box; None: something else."""
    end = brands_end(data)
    if end is None:
        return None
    brands = {data[at : at + 4] for at in range(_HEAD, min(end, len(data)) - 3, 4) if at != 12}
    if brands & _AVIF:
        return "AVIF"
    return "HEIF" if brands & _HEIC else None


def size_in(meta: bytes) -> tuple[int, int] | None:
    """The largest picture that the inside of a `meta` box speaks of: width, height. The picture
    that is shown is as large as that or a turn of it; its tiles and thumbnails are smaller.
    """
    sizes = [
        struct.unpack_from(">II", body, 4)
        for properties in _inside(meta[4:], b"iprp")
        for container in _inside(properties, b"ipco")
        for body in _inside(container, b"ispe")
        if len(body) >= 12
    ]
    return max(sizes, key=lambda size: size[0] * size[1], default=None)


def _inside(data: bytes, kind: bytes) -> Iterator[bytes]:
    at = 0
    while at + _HEAD <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < _HEAD:
            return
        if data[at + 4 : at + _HEAD] == kind:
            yield data[at + _HEAD : at + length]
        at += length
