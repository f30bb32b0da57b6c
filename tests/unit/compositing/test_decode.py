"""Photos of every kind become upright sRGB pixels, or a reason."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from compositing.decode import decode
from compositing.errors import GarmentError
from compositing.reading import MAX_BYTES
from tests.unit.compositing.pictures import save, tee

SIDE_PX = 1024


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and has hardly any data."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_formats_are_read(kind: str) -> None:
    photo = decode(save(tee(), kind), SIDE_PX)
    assert photo.rgb.shape == (640, 480, 3)
    assert np.abs(photo.rgb[300, 240].astype(int) - [40, 90, 160]).max() < 12


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    if mode == "I;16":
        pixels = tee()[..., 0].astype(np.uint16) * 257
        data = save(pixels)
    else:
        out = io.BytesIO()
        Image.fromarray(tee()).convert(mode).save(out, "JPEG" if mode == "CMYK" else "PNG")
        data = out.getvalue()
    photo = decode(data, SIDE_PX)
    assert photo.rgb.shape == (640, 480, 3)
    assert photo.rgb[10, 10].min() > 200
    assert (photo.alpha is not None) == (mode in {"LA", "RGBA"})


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = decode(save(tee(), "JPEG", exif=exif), SIDE_PX)
    assert photo.rgb.shape == (480, 640, 3)


def test_a_broken_colour_profile_is_passed_over() -> None:
    photo = decode(save(tee(), "PNG", icc_profile=b"not a profile"), SIDE_PX)
    assert photo.rgb.shape == (640, 480, 3)


def test_an_animation_gives_its_first_frame() -> None:
    out = io.BytesIO()
    frames = [Image.fromarray(tee()), Image.fromarray(255 - tee())]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    assert decode(out.getvalue(), SIDE_PX).rgb[10, 10].min() > 200


def test_large_photos_are_scaled_down() -> None:
    large = np.full((3000, 2000, 3), 200, np.uint8)
    assert max(decode(save(large, "JPEG"), SIDE_PX).rgb.shape) <= SIDE_PX


@pytest.mark.hostile(row=33)
@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "image_unreadable"),
        (b"this is a text file", "image_unreadable"),
        (b"GIF89a" + b"\0" * 100, "image_unreadable"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "image_unreadable"),
        (save(tee(), "PNG")[:3000], "image_unreadable"),
        (save(tee(), "JPEG")[:200], "image_unreadable"),
        (b"\xff\xd8\xff" + b"\0" * 500, "image_unreadable"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image_unreadable"),
        (png_header(30_000, 30_000), "image_too_large"),
        (png_header(1, 30_000), "image_too_large"),
        (png_header(2**31 - 1, 2**31 - 1), "image_too_large"),
        (png_header(1, 1), "no_garment_found"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * (MAX_BYTES + 1), "image_too_large"),
    ],
    ids=[
        "empty", "text", "gif", "eps", "cut png", "cut jpeg", "false jpeg", "false webp", "bomb",
        "thin",
        "huge", "pixel", "heavy",
    ],
)  # fmt: skip
def test_what_can_not_be_used_has_a_reason(data: bytes, code: str) -> None:
    with pytest.raises(GarmentError) as caught:
        decode(data, SIDE_PX)
    assert caught.value.code == code
