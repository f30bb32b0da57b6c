"""Photos as pictures of Pillow's: bounded before they are decoded, upright, in sRGB.

Needs no NumPy: the API checks uploads with it.
"""

import io
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, cast

from PIL import Image, ImageCms

from compositing.errors import GarmentError
from compositing.header import check_size, kind_of, unknown_text
from compositing.lenient import bare_png, ended_jpeg, is_progressive

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_PROFILE_BYTES: Final = 2 * 1024 * 1024
ORIENTATION: Final = 0x0112
UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the orientation that EXIF gives."""
MISSING_ROWS_PX: Final = 32
"""So much of a JPEG's lower edge may be cut off: what is missing there is grey."""


@dataclass(frozen=True, slots=True)
class OpenedPhoto:
    """`colours`: mode RGB. `alpha`: mode L and as large, None where the file had none."""

    colours: Image.Image
    alpha: Image.Image | None


def read(data: bytes, max_side_px: int) -> OpenedPhoto:
    """The first frame of a picture, scaled down to `max_side_px`. Raises GarmentError; never
    decodes what is too large."""
    if len(data) > MAX_BYTES:
        raise GarmentError(
            "image_too_large", f"The photo has {len(data)} bytes; {MAX_BYTES} are allowed."
        )
    kind = kind_of(data)
    if kind is None:
        raise GarmentError("image_unreadable", unknown_text(data))
    try:
        return _read(data, kind, max_side_px)
    except (GarmentError, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise GarmentError("image_too_large", "The photo has too many pixels.") from error
    except Exception as error:  # what libraries raise on bytes that nobody foresaw
        raise GarmentError(
            "image_unreadable", "The photo is damaged or not a picture that can be read."
        ) from error


def _read(data: bytes, kind: str, max_side_px: int) -> OpenedPhoto:
    if kind == "HEIF":
        import pillow_heif  # noqa: PLC0415 (most photos are not: its library is loaded with the first)

        pillow_heif.register_heif_opener(thumbnails=False)
    if kind == "PNG":
        data = bare_png(data)
    ended = ended_jpeg(data) if kind == "JPEG" else None
    if ended is not None:
        _check_little_is_missing(data)
    with Image.open(io.BytesIO(ended or data), formats=(kind,)) as image:
        check_size(image.width, image.height)
        if kind == "JPEG":
            image.draft(None, (max_side_px, max_side_px))
        image.load()
        return _pixels(image, max_side_px)


def _check_little_is_missing(data: bytes) -> None:
    """Raises OSError when more than the lower edge of a JPEG is cut off.

    Without its end, the decoder gives the rows that came; the others stay black to the last bit.
    """
    if is_progressive(data):
        return
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        check_size(image.width, image.height)
        with suppress(OSError):
            image.load()
        image.tile = []  # what was read is all there is
        lowest = max(1, image.height - MISSING_ROWS_PX)
        rows = image.crop((0, max(0, lowest - MISSING_ROWS_PX), image.width, lowest))
    if rows.getbbox() is None:
        raise OSError("much of the picture is cut off")


def _upright(image: Image.Image) -> Image.Image:
    """Turned as EXIF says; whatever else EXIF says, or how badly it is written, is passed over."""
    try:
        told = image.getexif().get(ORIENTATION)
    except Exception:  # a reader of whatever cameras and editors have written
        told = None
    if isinstance(told, tuple) and told:
        told = told[0]
    turn = UPRIGHT.get(told) if isinstance(told, int) else None
    return image if turn is None else image.transpose(turn)


def _pixels(image: Image.Image, max_side_px: int) -> OpenedPhoto:
    profile = image.info.get("icc_profile")
    upright = _upright(image)
    has_alpha = upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info
    if upright.mode.startswith("I") or upright.mode == "F":
        upright = _sixteen_to_eight(upright)
    alpha = upright.convert("RGBA").getchannel("A") if has_alpha else None
    colours = _to_srgb(upright, profile)
    largest = max(colours.size)
    if largest > max_side_px:
        size = tuple(max(1, round(side * max_side_px / largest)) for side in colours.size)
        colours = colours.resize((size[0], size[1]), Image.Resampling.BOX, reducing_gap=2.0)
        alpha = (
            alpha.resize((size[0], size[1]), Image.Resampling.BOX) if alpha is not None else None
        )
    return OpenedPhoto(colours, alpha)


def _sixteen_to_eight(image: Image.Image) -> Image.Image:
    values = image.convert("F")
    _, largest = cast("tuple[float, float]", values.getextrema())  # of one channel
    return (values.point(lambda value: value * (1 / 257)) if largest > 255 else values).convert("L")


def _to_srgb(image: Image.Image, profile: object) -> Image.Image:
    """Through the embedded profile; a profile that is too large, broken or of another kind is
    passed over."""
    flat = image if image.mode in {"RGB", "CMYK", "L"} else image.convert("RGBA").convert("RGB")
    if isinstance(profile, bytes) and 0 < len(profile) <= MAX_PROFILE_BYTES:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                flat, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return flat.convert("RGB")
