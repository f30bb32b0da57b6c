"""Photos as pixels: bounded before they are decoded, upright, in sRGB."""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from compositing.errors import GarmentError
from compositing.header import check_size, kind_of

MAX_BYTES: Final = 25 * 1024 * 1024
MAX_PROFILE_BYTES: Final = 2 * 1024 * 1024
FORMATS: Final = ("JPEG", "PNG", "WEBP")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Photo:
    """`rgb`: (height, width, 3) sRGB bytes. `alpha`: (height, width) bytes, None where the file had
    none."""

    rgb: Pixels
    alpha: Pixels | None


def decode(data: bytes, max_side_px: int) -> Photo:
    """The first frame of a picture, scaled down to `max_side_px`. Raises GarmentError; never
    decodes what is too large."""
    if len(data) > MAX_BYTES:
        raise GarmentError(
            "image_too_large", f"The photo has {len(data)} bytes; {MAX_BYTES} are allowed."
        )
    kind = kind_of(data)
    if kind is None:
        raise GarmentError("image_unreadable", "The object is not a JPEG, PNG or WebP picture.")
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            check_size(image.width, image.height)
            if kind == "JPEG":
                image.draft(None, (max_side_px, max_side_px))
            image.load()
            return _pixels(image, max_side_px)
    except GarmentError:
        raise
    except Image.DecompressionBombError as error:
        raise GarmentError("image_too_large", "The photo has too many pixels.") from error
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        TypeError,
        OverflowError,
    ) as error:
        raise GarmentError(
            "image_unreadable", "The photo is damaged or not a picture that can be read."
        ) from error


def _pixels(image: Image.Image, max_side_px: int) -> Photo:
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
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
    return Photo(
        np.asarray(colours, np.uint8), np.asarray(alpha, np.uint8) if alpha is not None else None
    )


def _sixteen_to_eight(image: Image.Image) -> Image.Image:
    values = np.asarray(image, np.float64)
    return Image.fromarray(
        np.clip(values / 257 if values.max(initial=0) > 255 else values, 0, 255).astype(np.uint8)
    )


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
