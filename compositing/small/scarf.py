"""A scarf round the neck: once round, its ends hanging before the chest."""

from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.cutout import Cutout
from compositing.mannequin import HEAD, Mannequin
from compositing.small.frames import Frame, frame
from compositing.small.legs import cm_px
from compositing.small.placed import (
    FloatBox,
    Placed,
    Points,
    Stacking,
    WorkingOutline,
    box_of,
    filled,
    largest_pieces,
    pieces,
    silhouette,
)

STRIP: Final = 1.5
"""A scarf that is laid out is so much longer than wide; one that is draped already keeps its shape.
"""
RECTANGULAR: Final = 0.72
FLAT_CM, GATHERED_CM = 30.0, 12.0
"""The width of a scarf that is laid out, and of one that is worn."""
HANG_CM: Final = (30.0, 78.0)
LOOP_CM, LOOP_DROP_CM, LOOP_ROOM_CM = 11.5, 6.5, 3.6
SIDE_DROP_CM, FRONT_DROP_CM = 0.8, 1.2
"""How far below the chin the loop's upper edge is beside and before the neck."""
DRAPED_CM: Final = 30.0
DRAPED: Final = (22.0, 40.0)
HOLE, NECK_ROOM, HOLE_CM, LOOP_SHARE = 0.02, 1.05, 0.5, 0.6
"""A loop's hole is so large in shares of the squared width; it is so much wider than the neck; its
middle is so far below the chin; what is above it is made lower to this share.
"""


def place_scarf(cutout: Cutout, body: Mannequin) -> list[Placed]:
    """Ends first, the loop over them; the head is before all of it. Raises GarmentError
    no_garment_found.
    """
    outline = silhouette(cutout.alpha)
    mask = largest_pieces(outline.mask, 0.2)[0]
    own = frame(mask)
    chin = box_of(body.labels == HEAD)[3]
    laid = own.length > STRIP * own.width and mask.sum() > RECTANGULAR * own.length * own.width
    if not laid or _loop_hole(mask) is not None:
        return _draped(outline, mask, body)
    total = float(np.clip((own.length / own.width * FLAT_CM - 50) / 2, *HANG_CM))
    ends = [_end(side, total, own, body, chin) for side in (-1, 1)]
    return [
        Placed(
            name,
            outline.to_photo(photo),
            look,
            None if name == "scarf loop" else outline.share(_within(mask)),
        )
        for name, photo, look in [*ends, _loop(own, body, chin)]
    ]


def _loop_hole(mask: Mask) -> FloatBox | None:
    """Of the loop's hole."""
    left, _, right, _ = box_of(mask)
    holes = pieces(filled(mask) & ~mask, 0.5)
    large = bool(holes) and holes[0].sum() > HOLE * (right - left + 1) ** 2
    return box_of(holes[0]) if large else None


def _draped(outline: WorkingOutline, mask: Mask, body: Mannequin) -> list[Placed]:
    """As it is; the neck in its loop's hole, if it has one, and what is above behind the neck."""
    chin, unit = box_of(body.labels == HEAD)[3], cm_px(body)
    left, top, right, bottom = box_of(mask)
    wide = right - left + 1
    hole = _loop_hole(mask)
    split, scale, place = top, DRAPED_CM * unit / wide, chin - 3 * unit
    if hole is not None:
        scale = NECK_ROOM * body.neck_width_px / (hole[2] - hole[0] + 1)
        scale = float(np.clip(scale, DRAPED[0] * unit / wide, DRAPED[1] * unit / wide))
        split = (hole[1] + hole[3]) / 2
        place = chin + HOLE_CM * unit
    x = np.linspace(left - 2, right + 2, 9)

    def piece(name: str, first: float, last: float, order: Stacking) -> Placed:
        down, aside = np.meshgrid(np.linspace(first, last, 12), x, indexing="ij")
        across = body.centre_x + (aside - (left + right) / 2) * scale
        rise = (down - split) * scale * (LOOP_SHARE if name == "scarf back" else 1.0)
        look = np.stack([across, place + rise], -1)
        photo = outline.to_photo(np.stack([aside, down], -1))
        share = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
        return Placed(name, photo, look, outline.share(share), order=order)

    if hole is None:
        return [piece("scarf", top - 2, bottom + 2, "before")]
    return [
        piece("scarf back", top - 2, split, "behind"),
        piece("scarf", split, bottom + 2, "before"),
    ]


def _within(mask: Mask) -> Floats:
    return np.ones(mask.shape, np.float32)


def _end(
    side: int, hang_cm: float, own: Frame, body: Mannequin, chin: float
) -> tuple[str, Points, Points]:
    """One half of the strip, its fringe hanging down."""
    along = own.along
    unit = cm_px(body)
    v = np.linspace(0, 1.02, 24)[:, None]
    u = np.linspace(-1.02, 1.02, 7)[None]
    s = side * own.length * (0.5 - 0.34 * (1 - v))
    photo = (
        own.centre
        + s[..., None] * along
        + (u * own.width / 2)[..., None] * np.array([-along[1], along[0]])
    )
    top = chin + (LOOP_DROP_CM - 1) * unit
    middle = (
        body.centre_x + side * unit * (4.2 + 2.6 * v**0.7) + (1 if side > 0 else 0) * -1.0 * unit
    )
    wide = GATHERED_CM / 2 * unit * (0.82 + 0.18 * v)
    look = np.stack(
        [middle + u * wide * -side, top + v * (hang_cm + (4 if side > 0 else 0)) * unit + 0 * u], -1
    )
    return f"scarf {'left' if side < 0 else 'right'} end", photo, look


def _loop(own: Frame, body: Mannequin, chin: float) -> tuple[str, Points, Points]:
    """Round the neck: a band that sags before it and rises beside it."""
    unit = cm_px(body)
    u = np.linspace(-1, 1, 25)[None]
    v = np.linspace(0, 1, 9)[:, None]
    along = own.along
    s = u * own.length * min(0.30, 0.75 * own.width / own.length * 2.2)
    photo = (
        own.centre
        + s[..., None] * along
        + ((v - 0.5) * own.width * 0.96)[..., None] * np.array([-along[1], along[0]])
    )
    half = body.neck_width_px / 2 + LOOP_ROOM_CM * unit
    angle = u * np.pi / 2 * 0.97
    front = np.cos(angle)
    x = body.centre_x + half * (0.9 + 0.22 * np.sin(np.pi * (0.12 + 0.76 * v))) * np.sin(angle)
    top = chin + unit * (SIDE_DROP_CM * (1 - front) + FRONT_DROP_CM * front)
    y = top + v * LOOP_CM * unit * (0.5 + 0.5 * front)
    return "scarf loop", photo, np.stack([x, y], -1)
