"""A cut-out as a PNG file and back, without loss: what is cached is exactly what was cut out."""

import io
import math
from collections.abc import Mapping

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from compositing.cut.cutout import Cutout

MODES = frozenset({"plain", "messy", "alpha"})
MAX_SIDE_PX = 1024
COMPRESSION = 2


def pack(cutout: Cutout) -> bytes:
    """RGBA, straight alpha; how it was cut out and where from stands in text fields."""
    info = PngInfo()
    info.add_text("mode", cutout.mode)
    info.add_text("doubt", repr(float(cutout.doubt)))
    info.add_text("origin", "{} {}".format(*cutout.origin))
    info.add_text("photo", "{} {}".format(*cutout.photo_size))
    out = io.BytesIO()
    pixels = np.dstack([cutout.rgb, (cutout.alpha * 255 + 0.5).astype(np.uint8)])
    Image.fromarray(pixels).save(out, "PNG", pnginfo=info, compress_level=COMPRESSION)
    return out.getvalue()


def unpack(data: bytes) -> Cutout:
    """Raises ValueError for anything that `pack` did not make."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            mode = str(image.info.get("mode", ""))
            if image.mode != "RGBA" or max(image.size) > MAX_SIDE_PX or mode not in MODES:
                raise ValueError("not a packed cut-out")
            pixels = np.asarray(image, np.uint8)
            doubt, origin, size = (
                _doubt(image.info),
                _pair(image.info, "origin"),
                _pair(image.info, "photo"),
            )
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError("not a packed cut-out") from error
    alpha = np.asarray(pixels[..., 3] / np.float32(255), np.float32)
    return Cutout(np.ascontiguousarray(pixels[..., :3]), alpha, mode, doubt, origin, size)


def _doubt(info: Mapping[str | tuple[int, int], object]) -> float:
    value = float(str(info.get("doubt", "")))
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise ValueError("not a packed cut-out")
    return value


def _pair(info: Mapping[str | tuple[int, int], object], name: str) -> tuple[int, int]:
    one, other = str(info.get(name, "")).split(" ")
    if not (one.isdecimal() and other.isdecimal() and max(len(one), len(other)) < 6):
        raise ValueError("not a packed cut-out")
    return int(one), int(other)
