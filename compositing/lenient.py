"""Files that other programs show and a strict decoder refuses: made such that it reads them. What
would change what is seen stays an error.
"""

import zlib
from typing import Final

MAX_PROFILE_BYTES: Final = 1024 * 1024
"""Of a profile in a PNG, unpacked: the decoder takes no larger one."""
END_OF_IMAGE: Final = b"\xff\xd9"
START_OF_SCAN: Final = b"\xff\xda"
_SIGNATURE_BYTES: Final = 8
_CHUNK_BYTES: Final = 12  # length, name and checksum
_PROGRESSIVE: Final = (0xC2, 0xC6, 0xCA, 0xCE)
_KEPT: Final = frozenset({b"tRNS", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"})


def bare_png(data: bytes) -> bytes:
    """A PNG's picture and what says how it looks: without text, history, further frames and chunks
    whose checksum is wrong, of whatever size.
    """
    view, at = memoryview(data), _SIGNATURE_BYTES
    pieces = [view[:at]]
    while at + _CHUNK_BYTES <= len(data):
        length = int.from_bytes(view[at : at + 4], "big")
        name, end = bytes(view[at + 4 : at + 8]), at + length + _CHUNK_BYTES
        critical = not name[:1].islower()
        if critical or (name in _KEPT and _sound(name, view[at + 4 : end])):
            pieces.append(view[at:end])
        if name == b"IEND":
            break
        at = end
    return b"".join(pieces)


def _sound(name: bytes, chunk: memoryview) -> bool:
    body, checksum = chunk[4:-4], chunk[-4:]
    if zlib.crc32(chunk[:-4]) != int.from_bytes(checksum, "big"):
        return False
    return name != b"iCCP" or _unpacks(bytes(body).partition(b"\0")[2][1:])


def _unpacks(packed: bytes) -> bool:
    try:
        unpacking = zlib.decompressobj()
        unpacking.decompress(packed, MAX_PROFILE_BYTES)
    except zlib.error:
        return False
    return not unpacking.unconsumed_tail


def ended_jpeg(data: bytes) -> bytes | None:
    """A JPEG whose end was cut off, with an end; None when it has one, or lacks so much of a
    progressive picture that it is not sharp.
    """
    if data.rstrip(b"\0").endswith(END_OF_IMAGE):
        return None
    if is_progressive(data) and not _last_scan_refines(data):
        return None
    cut = data[:-1] if data.endswith(b"\xff") else data
    return cut + END_OF_IMAGE


def is_progressive(data: bytes) -> bool:
    """Whether a JPEG comes in scans, each of which refines the whole picture."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _PROGRESSIVE:
            return True
        if marker in (0xDA, 0xC0, 0xC1):
            return False
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def _last_scan_refines(data: bytes) -> bool:
    """Whether the last scan that began is one of full precision over all frequencies."""
    at = data.rfind(START_OF_SCAN)
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    told = data[at + 2 : at + 2 + length]
    if len(told) < 6:
        return False
    return told[-2] == 63 and told[-1] & 0x0F == 0
