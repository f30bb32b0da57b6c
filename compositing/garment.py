"""A garment as it is read from its photo: the cut-out and the template that was fitted to it. It
can be kept as a file."""

import base64
import binascii
import dataclasses
import io
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from compositing.cut.cutout import INSIDE_PX, INSIDE_STEPS, Cutout
from compositing.judge.measures import Measures
from compositing.template.model import (
    Legs,
    LegsSide,
    Skirt,
    SkirtSide,
    Suit,
    Template,
    Upper,
    UpperSide,
)

MAX_SIDE_PX = 2048
FARTHEST_PX = 8 * MAX_SIDE_PX
"""A square that is farther off, or larger, lies about no neck."""
COMPRESSION = 2
MODES = frozenset({"plain", "messy", "alpha"})
FIELD = "garment"
"""The PNG's text field that holds everything but pixels."""
MAX_TEXT_BYTES = 32 * 1024
_KINDS: dict[str, tuple[type, type]] = {
    "upper": (Upper, UpperSide),
    "legs": (Legs, LegsSide),
    "skirt": (Skirt, SkirtSide),
}


@dataclass(frozen=True, slots=True)
class Garment:
    """`template`, `measures`: None for shoes and accessories, which have none."""

    cutout: Cutout
    template: Template | None
    measures: Measures | None = None


def pack(garment: Garment) -> bytes:
    """A PNG: RGBA, straight alpha; the rest as JSON in a text field. Without loss."""
    cutout = garment.cutout
    facts = {
        "mode": cutout.mode,
        "doubt": cutout.doubt,
        "unlike": cutout.unlike,
        "origin": cutout.origin,
        "photo_size": cutout.photo_size,
        "inside": _map_written(cutout.inside),
        "inside_at": cutout.inside_at,
    }
    measures = None if garment.measures is None else dataclasses.asdict(garment.measures)
    info = PngInfo()
    info.add_text(
        FIELD,
        json.dumps({"cutout": facts, "template": _written(garment.template), "measures": measures}),
    )
    out = io.BytesIO()
    pixels = np.dstack([cutout.rgb, (cutout.alpha * 255 + 0.5).astype(np.uint8)])
    Image.fromarray(pixels).save(out, "PNG", pnginfo=info, compress_level=COMPRESSION)
    return out.getvalue()


def unpack(data: bytes) -> Garment:
    """Raises ValueError for anything that `pack` did not make."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            text = str(image.info.get(FIELD, ""))
            if (
                image.mode != "RGBA"
                or max(image.size) > MAX_SIDE_PX
                or not 0 < len(text) <= MAX_TEXT_BYTES
            ):
                raise ValueError("not a packed garment")
            pixels = np.asarray(image, np.uint8)
        facts = json.loads(text)
        template = _read(facts["template"])
        measures = None if facts["measures"] is None else Measures(**facts["measures"])
        return Garment(_cutout(pixels, facts["cutout"]), template, measures)
    except (
        OSError,
        SyntaxError,
        EOFError,
        KeyError,
        TypeError,
        AttributeError,
        Image.DecompressionBombError,
    ) as error:
        raise ValueError("not a packed garment") from error


def _cutout(pixels: NDArray[np.uint8], facts: dict[str, Any]) -> Cutout:
    alpha = np.asarray(pixels[..., 3] / np.float32(255), np.float32)
    (left, top), (width, height) = facts["origin"], facts["photo_size"]
    doubt, unlike, mode = float(facts["doubt"]), float(facts["unlike"]), str(facts["mode"])
    if (
        not all(0 <= share <= 1 for share in (doubt, unlike))
        or mode not in MODES
        or min(left, top, width, height) < 0
    ):
        raise ValueError("not a packed garment")
    return Cutout(
        rgb=np.ascontiguousarray(pixels[..., :3]),
        alpha=alpha,
        mode=mode,
        doubt=doubt,
        unlike=unlike,
        origin=(int(left), int(top)),
        photo_size=(int(width), int(height)),
        inside=_map_read(facts["inside"]),
        inside_at=_square_read(facts["inside_at"]),
    )


def _square_read(numbers: object) -> tuple[int, int, int] | None:
    if numbers is None:
        return None
    match numbers:
        case [int(x), int(y), int(side)] if max(abs(x), abs(y), side) <= FARTHEST_PX and side > 0:
            return x, y, side
    raise ValueError("not a packed garment")


def _map_written(inside: NDArray[np.uint8] | None) -> str | None:
    """Four bits a px, of both rows of a pair; compressed, in ASCII."""
    if inside is None:
        return None
    levels = (inside // INSIDE_STEPS).astype(np.uint8)
    pairs = levels[::2] << 4 | levels[1::2]
    return base64.b64encode(zlib.compress(pairs.tobytes())).decode()


def _map_read(text: object) -> NDArray[np.uint8] | None:
    """Raises ValueError for anything that `_map_written` did not make."""
    if text is None:
        return None
    size = INSIDE_PX * INSIDE_PX // 2
    try:
        packed = base64.b64decode(str(text), validate=True)
        data = zlib.decompressobj().decompress(packed, size + 1)
    except (zlib.error, binascii.Error) as error:
        raise ValueError("not a packed garment") from error
    if len(data) != size:
        raise ValueError("not a packed garment")
    pairs = np.frombuffer(data, np.uint8).reshape(INSIDE_PX // 2, INSIDE_PX)
    levels = np.stack([pairs >> 4, pairs & 15], 1).reshape(INSIDE_PX, INSIDE_PX)
    return np.asarray(levels * INSIDE_STEPS, np.uint8)


def _written(template: Template | None) -> object:
    if template is None:
        return None
    if isinstance(template, Suit):
        whole = {name: getattr(template, name) for name in ("turn_rad", "iou", "strain")}
        both = {"upper": _written(template.upper), "legs": _written(template.legs)}
        return {"kind": "suit", **whole, **both}
    kind = next(name for name, (whole, _) in _KINDS.items() if isinstance(template, whole))
    return {
        "kind": kind,
        **json.loads(json.dumps(dataclasses.asdict(template), default=np.ndarray.tolist)),
    }


def _read(facts: object) -> Template | None:
    if facts is None:
        return None
    if not isinstance(facts, dict):
        raise TypeError("a template is an object")
    kind = facts.pop("kind")
    if kind == "suit":
        upper, legs = _read(facts.pop("upper")), _read(facts.pop("legs"))
        if not isinstance(upper, Upper) or not isinstance(legs, Legs):
            raise TypeError("a suit is an upper garment with legs")
        return Suit(upper, legs, **facts)
    whole, side = _KINDS[kind]
    for name in ("left", "right"):
        facts[name] = side(**{key: _value(value) for key, value in facts[name].items()})
    template: Template = whole(**{key: _value(value) for key, value in facts.items()})
    return template


def _value(value: object) -> object:
    return np.array(value, np.float64) if isinstance(value, list) else value
