"""Files that are made to cost a decoder time or memory, or are not what they say: a picture or a
reason, within bounds.
"""

import io
import struct
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from compositing.decode import decode
from compositing.errors import GarmentError
from tests.unit.compositing.pictures import save, tee

SIDE_PX = 1024
PNG_HEAD_BYTES = 33
LIMIT_S = 5.0
LIMIT_BYTES = 64 * 1024 * 1024


def with_chunks(*chunks: tuple[bytes, bytes]) -> bytes:
    """A good PNG with these chunks behind its head."""
    data = save(tee(), "PNG")
    made = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return data[:PNG_HEAD_BYTES] + b"".join(made) + data[PNG_HEAD_BYTES:]


def text_bomb() -> bytes:
    """A compressed comment of 256 MiB in a quarter of a MiB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(256)) + packer.flush()
    return with_chunks((b"zTXt", b"Comment\0\0" + packed))


def profile_bomb() -> bytes:
    """A colour profile that unpacks to 128 MiB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1024 * 1024)) for _ in range(128)) + packer.flush()
    return with_chunks((b"iCCP", b"p\0\0" + packed))


def many_frames() -> bytes:
    """An animated PNG that says it has ten thousand frames."""
    return with_chunks((b"acTL", struct.pack(">II", 10_000, 0)))


def many_scans() -> bytes:
    """A progressive JPEG whose last scan is there a thousand times."""
    data = save(tee(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 1000 + data[-2:]


def turned_nine_ways() -> bytes:
    """A JPEG with an orientation that there is not."""
    exif = Image.Exif()
    exif[0x0112] = 9
    return save(tee(), "JPEG", exif=exif)


def as_kind(kind: str) -> bytes:
    """A picture of another format, whatever its name says."""
    out = io.BytesIO()
    Image.fromarray(tee()).save(out, kind)
    return out.getvalue()


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize(
    "make", [text_bomb, profile_bomb, many_frames, many_scans, turned_nine_ways]
)
def test_row_33_a_file_made_to_cost_much_is_a_picture_or_a_reason_within_bounds(
    make: Callable[[], bytes],
) -> None:
    data = make()
    tracemalloc.start()
    began_s = time.process_time()
    try:
        came_of_it: object = decode(data, SIDE_PX).rgb.shape
    except GarmentError as error:
        came_of_it = error.code
    finally:
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert came_of_it in {(640, 480, 3), "image_unreadable", "image_too_large"}
    assert time.process_time() - began_s < LIMIT_S
    assert peak_bytes < LIMIT_BYTES


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize("kind", ["TIFF", "GIF", "BMP", "EPS", "ICO", "TGA", "PPM", "PDF"])
def test_row_33_another_format_is_refused_by_its_first_bytes(kind: str) -> None:
    with pytest.raises(GarmentError, match="JPEG, PNG, WebP, AVIF or HEIC") as refused:
        decode(as_kind(kind), SIDE_PX)
    assert refused.value.code == "image_unreadable"


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize(
    "data",
    [b"SIMPLE  =                    T", b"8BPS\0\1", b"<svg/>", b"\0\0\0\x0cjP  \r\n", b"qoif"],
)
def test_row_33_formats_that_nobody_writes_here_are_refused_too(data: bytes) -> None:
    with pytest.raises(GarmentError) as refused:
        decode(data + bytes(200), SIDE_PX)
    assert refused.value.code == "image_unreadable"
