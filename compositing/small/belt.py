"""A belt round the waist, its buckle in the middle."""

from typing import Final

import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.mannequin import Mannequin
from compositing.small.frames import Frame, frame
from compositing.small.legs import cm_px
from compositing.small.placed import (
    Placed,
    Points,
    WorkingOutline,
    box_of,
    filled,
    largest_pieces,
    nothing,
    pieces,
    silhouette,
)

BELT_CM: Final = 3.6
STRAIGHT: Final = 4.5
"""A belt that is laid straight is so much longer than wide."""
RING_HOLE, RING_SIDE = 0.12, 0.06
DIP_CM: Final = 1.1
"""The front hangs lower than the sides."""
BELOW_WAIST: Final = 0.35
ROOM: Final = 1.03
ENDS: Final = 0.12


def place_belt(cutout: Cutout, body: Mannequin) -> list[Placed]:
    """Laid straight or closed to a ring. Raises GarmentError no_garment_found for one that is
    rolled up.
    """
    outline = silhouette(cutout.alpha)
    mask = largest_pieces(outline.mask, 0.3)[0]
    own = frame(filled(mask))
    if own.length > STRAIGHT * own.width:
        return _straight(cutout, outline, mask, own, body)
    hole = filled(mask) & ~mask
    if hole.sum() > RING_HOLE * filled(mask).sum():
        return _ring(outline, mask, body)
    raise nothing()


def _waist(body: Mannequin) -> tuple[float, float, float]:
    """Row, middle and half the width of the waist where a belt sits."""
    row = int(body.waist_y + BELOW_WAIST * (body.hip_y - body.waist_y))
    left, right = float(body.core_left[row]), float(body.core_right[row])
    return float(row), (left + right) / 2, (right - left + 1) / 2 * ROOM


def _wrapped(u: Points, v: Points, tall_px: float, body: Mannequin) -> Points:
    """`u`: -1..1 round the front half of the waist; `v`: -0.5..0.5 down the belt."""
    row, middle, half = _waist(body)
    bent = np.sin(np.clip(u, -1, 1) * np.pi / 2)
    y = row + DIP_CM * cm_px(body) * np.cos(np.clip(u, -1, 1) * np.pi / 2) + v * tall_px
    return np.stack([middle + half * bent, y], -1)


def _straight(
    cutout: Cutout, outline: WorkingOutline, mask: Mask, own: Frame, body: Mannequin
) -> list[Placed]:
    """The buckle's end over the strap's, each going round one side; a buckle in the middle stays
    there.
    """
    along = own.along if own.along[0] >= 0 else -own.along
    across = np.array([-along[1], along[0]])
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]) - own.centre
    position, aside = points @ along, points @ across
    first, length = float(position.min()), float(np.ptp(position)) + 1
    strap = _strap_width(position, aside)
    tall = BELT_CM * cm_px(body)
    half = _waist(body)[2] * np.pi / 2 * strap / tall  # of the belt, in the photo
    buckle = _buckle(cutout, outline, (position - first) / length, aside, strap)
    thick = float(np.ptp(aside)) / strap * 1.1
    v = np.linspace(-0.5, 0.5, 5)[:, None] * thick

    def piece(name: str, start: float, to: float, u0: float, u1: float) -> Placed:
        u = np.linspace(u0, u1, 21)[None]
        s = start + (to - start) * (u - u0) / (u1 - u0)
        at = own.centre + s[..., None] * along + (v * strap)[..., None] * across
        return Placed(
            name,
            outline.to_photo(at),
            _wrapped(u + 0 * v, v + 0 * u, tall, body),
            outline.share(_all(mask)),
        )

    last = first + length
    if 0.3 < buckle < 0.7:
        middle = first + buckle * length
        reach = min(half, buckle * length, (1 - buckle) * length)
        return [piece("belt", middle - reach, middle + reach, -1, 1)]
    before = min(0.06 * length, 0.9 * strap)
    lead = before / half
    reach = min(half, 0.52 * length)
    if buckle <= 0.5:  # the tail comes from the left and ends under the buckle
        far = piece("belt strap", last - 0.25 * length - reach, last - 0.25 * length, -1, 0.0)
        return [far, piece("belt buckle", first, first + before + reach, -lead, 1)]
    far = piece("belt strap", first + 0.25 * length, first + 0.25 * length + reach, 0.0, 1)
    return [far, piece("belt buckle", last - before - reach, last, -1, lead)]


def _all(mask: Mask) -> Floats:
    return np.ones(mask.shape, np.float32)


def _strap_width(position: Points, aside: Points) -> float:
    place = np.clip(
        ((position - position.min()) / max(np.ptp(position), 1) * 40).astype(int), 0, 39
    )
    wide = [float(np.ptp(aside[place == step])) + 1 for step in range(40) if (place == step).any()]
    return max(float(np.median(wide)), 1.0)


def _buckle(
    cutout: Cutout, outline: WorkingOutline, share: Points, aside: Points, strap: float
) -> float:
    """Where the buckle is along the belt, 0..1: where it is widest, else where its colour is unlike
    the strap's.
    """
    place = np.clip((share * 40).astype(int), 0, 39)
    wide = np.array(
        [
            float(np.ptp(aside[place == step])) + 1 if (place == step).any() else strap
            for step in range(40)
        ]
    )
    if wide.max() > 1.18 * strap:
        return float((wide.argmax() + 0.5) / 40)
    rows, columns = np.nonzero(pieces(outline.mask, 0.3)[0])
    at = outline.to_photo(np.column_stack([columns, rows]).astype(np.float64)).round().astype(int)
    height, width = cutout.alpha.shape
    colours = lab(cutout.rgb)[np.clip(at[:, 1], 0, height - 1), np.clip(at[:, 0], 0, width - 1)]
    usual = np.median(colours, axis=0)
    far = [
        float(np.linalg.norm(colours[end] - usual, axis=1).mean()) if end.any() else 0.0
        for end in (share < ENDS, share > 1 - ENDS)
    ]
    return 0.0 if far[0] >= far[1] else 1.0


def _ring(outline: WorkingOutline, mask: Mask, body: Mannequin) -> list[Placed]:
    """The lower arc of a closed belt before the body; the upper, which shows its inside, is behind
    it.
    """
    left, top, right, bottom = box_of(mask)
    aside = RING_SIDE * (right - left)
    columns = np.linspace(left + aside, right - aside, 31)
    rows = np.arange(mask.shape[0])
    solid = filled(mask)
    lower = []
    for column in columns:
        own, whole = mask[:, round(column)], solid[:, round(column)]
        last = int(rows[whole].max()) if whole.any() else int((top + bottom) / 2)
        gaps = rows[: last + 1][~own[: last + 1]]
        lower.append((int(gaps[-1]) + 1 if len(gaps) else 0, last))
    edges = np.array(lower, np.float64)
    strap = max(float(np.median(edges[10:21, 1] - edges[10:21, 0])) + 1, 1.0)
    tall = BELT_CM * cm_px(body)
    middle = edges.mean(1)
    u = np.linspace(-1, 1, 31)[None]
    v = np.linspace(-0.5, 0.5, 5)[:, None] * 1.5
    photo = np.stack([columns[None] + 0 * v, middle[None] + v * strap], -1)
    row, centre, half = _waist(body)
    look = np.stack(
        [
            centre + half * u + 0 * v,
            row + DIP_CM * cm_px(body) * np.sqrt(1 - 0.98 * u**2) + v * tall,
        ],
        -1,
    )
    return [Placed("belt", outline.to_photo(photo), look, None)]
