"""A picture's kind and size are known from its first bytes, in whatever pieces they come."""

import io
import os
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from compositing.errors import GarmentError
from compositing.header import HeaderReader
from tests.unit.compositing.pictures import save, tee
from tests.unit.compositing.test_decode import png_header


def read(data: bytes, step: int = 4096) -> tuple[str, int, int]:
    reader = HeaderReader()
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    return reader.end()


@pytest.mark.parametrize("step", [1, 7, 4096, 10**6])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": Image.Exif().tobytes() or b"Exif\0\0MM\0*\0\0\0\x08\0\0"}),
    ],
)  # fmt: skip
def test_each_format_tells_its_kind_and_size(
    kind: str, options: dict[str, object], step: int
) -> None:
    assert read(save(tee(), kind, **options), step) == (f"image/{kind.lower()}", 480, 640)


@pytest.mark.hostile(row=33)
def test_a_frame_behind_megabytes_of_segments_is_found_and_the_segments_are_not_kept() -> None:
    photo = save(tee(), "JPEG")
    segment = b"\xff\xe1" + struct.pack(">H", 65_535) + os.urandom(65_533)
    data = photo[:2] + segment * 60 + photo[2:]
    reader, most = HeaderReader(), 0
    for at in range(0, len(data), 8192):
        reader.feed(data[at : at + 8192])
        most = max(most, len(reader._kept))
    assert reader.end() == ("image/jpeg", 480, 640)
    assert most < 8192


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_unreadable"), (b"\xff\xd8\xff", "image_unreadable"),
        (b"GIF89a" + b"x" * 40, "image_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image_unreadable"),
        (b"%!PS-Adobe-3.0 EPSF" * 3, "image_unreadable"),
        (b"\xff\xd8\xff\xe0\x00\x01" + b"x" * 40, "image_unreadable"),
        (b"\xff\xd8\xff\xda" + b"\0" * 40, "image_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "image_unreadable"),
        (b"RIFF\0\0\0\0WEBPxxxx" + b"x" * 40, "image_unreadable"),
        (png_header(50_000, 50_000), "image_too_large"),
        (png_header(1, 2**31 - 1), "image_too_large"),
        (png_header(20, 20), "no_garment_found"), (png_header(0, 0), "no_garment_found"),
    ],
)  # fmt: skip
def test_what_is_no_usable_picture_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(GarmentError) as refused:
        read(data)
    assert refused.value.code == code


@settings(max_examples=200)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b""]),
)
def test_no_bytes_whatever_do_more_than_be_refused(tail: bytes, magic: bytes) -> None:
    try:
        _, width, height = read(magic + tail, 16)
    except GarmentError:
        return
    assert min(width, height) > 0


def test_what_the_reader_takes_the_decoder_takes() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = save(tee(), kind)
        assert read(data)[1:] == Image.open(io.BytesIO(data)).size
