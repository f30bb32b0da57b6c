"""Photos as phones, editors and shops write them: what browsers show is read, what lacks much is
refused.
"""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from compositing.decode import decode
from compositing.errors import GarmentError
from compositing.header import HeaderReader
from tests.unit.compositing.pictures import save, tee

SIDE_PX = 1024
TURN = (0x0112, 3, 1, struct.pack("<HH", 6, 0))
JPEG, PNG = save(tee(), "JPEG"), save(tee(), "PNG")
WHOLE = decode(JPEG, SIDE_PX).rgb.astype(int)
pillow_heif.register_heif_opener(thumbnails=False)


def progressive() -> bytes:
    out = io.BytesIO()
    Image.fromarray(tee()).save(out, "JPEG", quality=90, progressive=True)
    return out.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(name: bytes, body: bytes) -> bytes:
    return PNG[:33] + chunk(name, body) + PNG[33:]


def exif(*entries: tuple[int, int, int, bytes | None]) -> bytes:
    """A JPEG with these entries (tag, type, count, value); None points to a rational of -1/0."""
    end = 8 + 2 + 12 * len(entries) + 4
    body = b"".join(
        struct.pack("<HHI", tag, kind, count) + (value or struct.pack("<I", end))
        for tag, kind, count, value in entries
    )
    tiff = b"II*\0" + struct.pack("<IH", 8, len(entries)) + body + bytes(4)
    return b"Exif\0\0" + tiff + struct.pack("<ii", -1, 0)


def with_exif(blob: bytes) -> bytes:
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(blob) + 2) + blob + JPEG[2:]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (JPEG[:-2], "no end"),
        (JPEG[:-1], "half an end"),
        (JPEG[:-40], "the last blocks"),
        (JPEG + bytes(3000), "zeros after it"),
        (progressive()[:-2], "progressive, no end"),
        (progressive()[:-200], "progressive, a little"),
    ],
)
def test_a_jpeg_that_lacks_a_little_is_read(data: bytes, what: str) -> None:
    seen = decode(data, SIDE_PX).rgb.astype(int)
    assert seen.shape == WHOLE.shape, what
    upper = slice(0, len(WHOLE) - 32)
    assert np.abs(seen[upper] - WHOLE[upper]).mean() < 2


@pytest.mark.parametrize("share", [0.3, 0.6, 0.8])
def test_a_jpeg_that_lacks_much_is_damaged(share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (640, 480, 3), np.uint8)
    data = save(noise, "JPEG")
    with pytest.raises(GarmentError, match="damaged"):
        decode(data[: int(len(data) * share)], SIDE_PX)


def test_a_progressive_jpeg_of_which_only_coarse_scans_came_is_damaged() -> None:
    with pytest.raises(GarmentError, match="damaged"):
        decode(progressive()[:1500], SIDE_PX)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize(
    ("blob", "turned"),
    [
        (exif(TURN), True),
        (exif(TURN, (0x011A, 10, 1, None)), True),  # a rational of -1/0
        (exif(TURN, (0x829A, 10, 1, None)), True),  # an unsigned tag written as signed
        (b"Exif\0\0" + exif(TURN), True),  # twice over
        (exif(TURN, (0x010F, 2, 4000, struct.pack("<I", 60_000))), True),  # points past the end
        (exif((0x0112, 3, 2, struct.pack("<HH", 6, 6))), True),  # two values
        (exif((0x0112, 2, 4, b"six\0")), False),  # text
        (exif((0x0112, 3, 1, struct.pack("<HH", 99, 0))), False),
        (b"Exif\0\0", False),
        (b"Exif\0\0" + b"\xff" * 60, False),
    ],
)
def test_whatever_exif_says_a_photo_is_read_and_turned_where_it_says_how(
    blob: bytes, turned: bool
) -> None:
    height, width = decode(with_exif(blob), SIDE_PX).rgb.shape[:2]
    assert (width > height) == turned


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@pytest.mark.parametrize(
    "data",
    [
        with_chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"step " * 400_000)),
        with_chunk(b"tEXt", b"parameters\0" + b"step " * 400_000),
        with_chunk(b"iTXt", b"x\0\1\0\0\0" + zlib.compress(bytes(30_000_000))),
        with_chunk(b"iCCP", b"big\0\0" + zlib.compress(SRGB + bytes(20_000_000))),
        with_chunk(b"iCCP", b"none\0\0 no zlib"),
        with_chunk(b"eXIf", b"nonsense"),
        PNG[:33] + chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0" + PNG[33:],
        PNG[:-12],
        PNG + bytes(1000),
    ],
    ids=["ztxt", "text", "itxt", "iccp", "no iccp", "exif", "checksum", "no end", "more"],
)
def test_what_stands_beside_a_pngs_picture_is_passed_over(data: bytes) -> None:
    assert np.array_equal(decode(data, SIDE_PX).rgb, decode(PNG, SIDE_PX).rgb)


def test_a_profile_of_usual_size_is_kept() -> None:
    out = io.BytesIO()
    Image.fromarray(tee()).save(out, "PNG", icc_profile=SRGB)
    assert b"iCCP" in out.getvalue()
    assert decode(out.getvalue(), SIDE_PX).rgb.shape == (640, 480, 3)


@pytest.mark.parametrize(("kind", "content_type"), [("AVIF", "image/avif"), ("HEIF", "image/heic")])
def test_photos_of_newer_phones_are_read(kind: str, content_type: str) -> None:
    data = save(tee(), kind)
    reader = HeaderReader()
    for at in range(0, len(data), 7):
        reader.feed(data[at : at + 7])
    assert reader.end() == (content_type, 480, 640)
    seen = decode(data, SIDE_PX).rgb
    assert seen.shape == (640, 480, 3)
    assert np.abs(seen[300, 240].astype(int) - [40, 90, 160]).max() < 16
    with pytest.raises(GarmentError, match="damaged"):
        decode(data[: len(data) // 2], SIDE_PX)


def test_an_animation_is_its_first_frame() -> None:
    out, first = io.BytesIO(), Image.fromarray(tee())
    first.save(out, "WEBP", save_all=True, append_images=[Image.new("RGB", first.size, "red")])
    assert decode(out.getvalue(), SIDE_PX).rgb[10, 10].min() > 200
    out = io.BytesIO()
    first.save(out, "PNG", save_all=True, append_images=[Image.new("RGB", first.size, "red")])
    assert decode(out.getvalue(), SIDE_PX).rgb[10, 10].min() > 200
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[Image.new("RGB", first.size, "red")])
    assert decode(out.getvalue(), SIDE_PX).rgb[10, 10].min() > 200


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (save(tee(), "GIF"), "a GIF"),
        (save(tee(), "BMP"), "a BMP"),
        (save(tee(), "TIFF"), "a TIFF"),
        (b"%PDF-1.7\n" + bytes(90), "a PDF"),
        (b"\xff\x0a" + bytes(90), "JPEG XL"),
        (b"  <svg xmlns='x'/>" + bytes(90), "an SVG"),
    ],
)
def test_other_files_are_refused_by_name_with_what_to_export(data: bytes, named: str) -> None:
    with pytest.raises(GarmentError, match=f"{named}.*Export or save it as JPEG, PNG, WebP"):
        decode(data, SIDE_PX)
    reader = HeaderReader()
    with pytest.raises(GarmentError, match=named):
        reader.feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\0\0\0\x20ftypheic\0\0\0\0mif1heic" + bytes(400),
        b"\0\0\0\x20ftypmsf1\0\0\0\0msf1hevc" + bytes(400),
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\xff\xff\xff\xffmeta" + bytes(400),
        b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + b"\0\0\0\x10meta" + bytes(8),
    ],
)
def test_boxes_that_lead_nowhere_are_damaged(data: bytes) -> None:
    with pytest.raises(GarmentError, match="damaged"):
        HeaderReader().feed(data)
    with pytest.raises(GarmentError, match="damaged"):
        decode(data, SIDE_PX)
