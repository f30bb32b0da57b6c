"""A cut-out as a PNG file and back, without loss: what is cached is exactly what was cut out."""

import io

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from compositing.cut.cutout import Cutout

MODES = frozenset({"plain", "messy", "alpha"})
MAX_SIDE_PX = 1024
COMPRESSION = 2


def pack(cutout: Cutout) -> bytes:
    """RGBA, straight alpha; how it was cut out stands in the text field `mode`."""
    info = PngInfo()
    info.add_text("mode", cutout.mode)
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
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError("not a packed cut-out") from error
    return Cutout(np.ascontiguousarray(pixels[..., :3]), np.asarray(pixels[..., 3] / np.float32(255), np.float32), mode)
