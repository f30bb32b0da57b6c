"""Telling a pair apart: two pieces, or one that falls into two like halves."""

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.pieces import touching
from compositing.small.frames import Frame, frame
from compositing.small.overlap import along_seam, coarse, copied, far_of
from compositing.small.placed import MIN_AREA_PX, Points, box_of, filled, nothing, pieces

MIN_SIDE_PX = 12
MATE_SHARE = 0.45
"""The second piece is the other shoe when it is at least so large beside the first."""
ANGLES = 36
MIDDLE = (0.36, 0.64)
"""A cut leaves so much of the area on each side."""
HALF_LENGTH = (1.35, 3.6)
"""How many times longer than wide one shoe of a pair can look."""
TYPICAL, SHAPE_WEIGHT = 2.4, 1.5
ALIKE, CUTS = 0.78, 18
WAIST, STOUT = 0.94, 1.9
"""So many of the shortest cuts are tried; of a whole no longer than this over its width, which is
no single shoe from above, also every one along which it is so much shorter than on both sides:
between two shoes that touch all along, toes and heels leave a notch.
"""
MATCHING = 0.3
"""How far apart the logarithms of two mates' length to width may lie."""
CUT_WEIGHT = 0.35
FLOOR_SEEN, FLOOR_SPREAD, FLOOR_LIKE = 0.08, 3.0, 2.6
"""The share of the picture that must be floor, and how many spreads of it, at least so large, are
still floor.
"""
DEEPEST_SHADE = 0.35
"""How light a floor is in the shade of shoes, as a share of what it is beside them."""
GAP, GAP_LIKE = 0.07, 0.7
"""Between touching shoes, so near their seam, what is nearer than this share to the floor's colour
is floor.
"""
BOOT, TWO_SHAFTS = 2.0, 0.3
"""The foot of a boot in profile over its shaft; the share of rows that show two shafts of a pair.
"""
AGREE, KEPT = 0.02, 0.8
"""Mates agree within this share of their length; what differs is floor if so much of a shoe is left
without it.
"""
BALANCED, SURELY_ALIKE, SEAM, WORTH = 0.85, 0.86, 1.1, 0.71
"""Halves of about one size that are so alike, or touch along so little, are two shoes side by
side; else a shape and its copy that make the pair so well (`overlap.py`) are one shoe before the
other.
"""
BESIDE, IN_LINE = 0.45, 3.2
"""Shoes lie beside each other, so the cut runs along them; in a line only when the whole is so much
longer than wide.
"""


def unfloored(mask: Mask, colours: Floats) -> Mask:
    """Without what looks just like the floor beside the shoes and is joined to it; all where that
    can't be told.

    `colours`: L*a*b* of the cut-out's own pixels, outside the mask too.
    """
    far = _from_floor(mask, colours)
    if far is None:
        return mask
    like = (
        cv2.morphologyEx(
            (mask & (far < FLOOR_LIKE)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
        )
        > 0
    )
    joined = touching(np.asarray(like | ~mask), ~filled(mask))
    kept = (
        cv2.morphologyEx(
            (mask & ~joined).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)
        )
        > 0
    )
    return np.asarray(kept) if kept.sum() > KEPT * mask.sum() else mask


def _from_floor(mask: Mask, colours: Floats, deepest: float = 1.0) -> Floats | None:
    """How many spreads each pixel's colour is from the floor's, in a shade down to `deepest` of its
    light; None where the floor is not seen or looks like the shoes.
    """
    outside = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0
    if outside.mean() < FLOOR_SEEN:
        return None
    usual = np.median(colours[outside], axis=0)
    spread = np.maximum(1.48 * np.median(np.abs(colours[outside] - usual), axis=0), FLOOR_SPREAD)
    # A floor in shade is as much less coloured as it is darker. Shoes that look like that are not
    # told from it, so then it is floor in full light only.
    for shade in (deepest, 1.0):
        light = np.clip(colours[..., :1] / usual[0], shade, 1.0)
        far = np.sqrt((((colours - light * usual) / spread) ** 2).sum(-1))
        if float(np.median(far[mask])) >= 2 * FLOOR_LIKE:
            return np.asarray(far, np.float32)
    return None


def without_gap(pair: list[Mask], mask: Mask, colours: Floats) -> list[Mask]:
    """Touching shoes without the floor that is seen between them."""
    far = _from_floor(mask, colours, DEEPEST_SHADE)
    grown = [cv2.dilate(one.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 for one in pair]
    seam = grown[0] & grown[-1]
    if len(pair) < 2 or far is None or not seam.any():
        return pair
    reach = 2 * round(GAP * frame(pair[0]).length) + 1
    band = cv2.dilate(seam.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    floor = touching(
        np.asarray(band & (far < GAP_LIKE * float(np.median(far[mask])))), np.asarray(seam | ~mask)
    )
    result = [
        np.asarray(
            cv2.morphologyEx(
                (one & ~floor).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)
            )
            > 0
        )
        for one in pair
    ]
    return [
        pieces(one, 0.0)[0] if one.sum() > KEPT * old.sum() else old
        for one, old in zip(result, pair, strict=True)
    ]


def told_apart(mask: Mask, rgb: NDArray[np.uint8], *, boots: bool = False) -> list[Mask]:
    """One or two shoes, the one further left first. Raises GarmentError no_garment_found."""
    clean = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    found = [filled(piece) for piece in pieces(np.asarray(clean), MATE_SHARE)[:2]]
    if not found or found[0].sum() < MIN_AREA_PX or min(_sides(found[0])) < MIN_SIDE_PX:
        raise nothing()
    found = [one for one in found if min(_sides(one)) >= MIN_SIDE_PX]
    if len(found) == 1:
        found = _parts(found[0], rgb, boots=boots)
    return sorted(found, key=lambda one: float(np.nonzero(one)[1].mean()))


def _parts(mask: Mask, rgb: NDArray[np.uint8], *, boots: bool) -> list[Mask]:
    """A pair in one piece: two like halves, or a shoe and what is seen of its mate."""
    if _boot(mask):
        return [mask]
    halves, copy = _halves(mask), copied(mask, boots=boots)
    if halves is not None:
        areas = sorted(float(half.sum()) for half in halves)
        seam = (cv2.dilate(halves[0].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & halves[1]
        short = float(seam.sum()) < SEAM * float(np.sqrt(mask.sum() / 2))
        if areas[0] > BALANCED * areas[1] and (short or likeness(*halves) > SURELY_ALIKE):
            return halves
    if copy is not None and copy.worth > WORTH:
        return along_seam(mask, copy.shape, far_of(copy, mask), rgb)
    if halves is not None:
        near, far = sorted(halves, key=lambda half: -float(np.nonzero(half)[0].max()))
        return along_seam(mask, near, far, rgb)
    return [mask]


def _boot(mask: Mask) -> bool:
    """Whether it is one boot in profile: upright, its foot much longer than its one shaft is wide;
    the shafts of a pair are wider, or two.
    """
    rows = np.nonzero(mask.any(1))[0]
    upright = mask[rows[0] : rows[-1] + 1]
    widths = upright.sum(1)
    tall = len(widths)
    foot, shaft = np.percentile(widths[-tall // 4 :], 90), np.median(widths[: tall // 2])
    runs = np.diff(upright.astype(np.int8), axis=1, prepend=0).clip(0).sum(1)
    one_shaft = float((runs[: tall // 2] > 1).mean()) < TWO_SHAFTS
    return bool(foot > BOOT * shaft and tall > 0.8 * foot and one_shaft)


def _sides(mask: Mask) -> tuple[float, float]:
    left, top, right, bottom = box_of(mask)
    return right - left + 1, bottom - top + 1


def likeness(first: Mask, second: Mask) -> float:
    """The better overlap of two shapes laid on each other along their axes, as they are, turned or
    mirrored.
    """
    one, two = _upright(first), _upright(second)
    turned = (two, two[::-1], two[:, ::-1], two[::-1, ::-1])
    return max(float((one & other).sum() / max((one | other).sum(), 1)) for other in turned)


def _upright(mask: Mask) -> Mask:
    """Laid along its axis on a sheet of fixed area."""
    own = frame(mask)
    unit = float(np.sqrt(mask.sum())) / 32
    turn = np.vstack([own.across, own.along]) / unit
    move = np.array([64, 64]) - turn @ own.centre
    laid = cv2.warpAffine(mask.astype(np.float32), np.column_stack([turn, move]), (128, 128))
    return np.asarray(laid > 0.5)


def _halves(mask: Mask) -> list[Mask] | None:
    """The short cut that leaves two like halves of a shoe's shape; None where there is none."""
    small, scale = coarse(mask)
    best, least = None, np.inf
    whole = _long(small)
    for normal, offset, cost in _cuts(small):
        halves = _parted(small, normal, offset)
        if halves is None:
            continue
        frames = [frame(half) for half in halves]
        shapes = [own.length / own.width for own in frames]
        beside = all(abs(float(own.along @ normal)) < BESIDE for own in frames)
        likely = all(HALF_LENGTH[0] <= shape <= HALF_LENGTH[1] for shape in shapes)
        if (
            not (beside or whole > IN_LINE)
            or not likely
            or abs(np.log(shapes[0] / shapes[1])) > MATCHING
        ):
            continue
        alike = likeness(*halves)
        odd = float(np.mean(np.log(np.array(shapes) / TYPICAL) ** 2))
        worth = CUT_WEIGHT * cost + SHAPE_WEIGHT * odd - alike
        if alike >= ALIKE and worth < least:
            best, least = (normal, (offset + 0.5) / scale - 0.5), worth
    return None if best is None else _parted(mask, *best)


def _long(mask: Mask) -> float:
    own = frame(mask)
    return own.length / own.width


def _cuts(mask: Mask) -> list[tuple[Points, float, float]]:
    """Straight cuts near the middle that may part a pair: normal, offset along it, and length in
    shares of half a shoe's size; shortest first.
    """
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]).astype(np.float64)
    unit = float(np.sqrt(len(points) / 2))
    found: list[tuple[Points, float, float]] = []
    waisted: list[bool] = []
    for angle in np.arange(ANGLES) * np.pi / ANGLES:
        normal = np.array([np.cos(angle), np.sin(angle)])
        height = points @ normal
        first = float(height.min())
        chords = np.bincount((height - first).astype(int))
        below = np.cumsum(chords) / len(points)
        within = np.nonzero((below >= MIDDLE[0]) & (below <= MIDDLE[1]))[0]
        if not len(within):
            continue
        smooth = np.convolve(chords, np.ones(3) / 3, "same")
        # of cuts about as short, the one nearest the middle
        at = int(within[np.argmin(smooth[within] / unit + 2 * np.abs(below[within] - 0.5))])
        found.append(
            (normal, first + at + 0.5, float(smooth[at]) / unit + abs(float(below[at]) - 0.5))
        )
        sides = min(float(smooth[: at + 1].max()), float(smooth[at:].max()))
        waisted.append(float(smooth[at]) < WAIST * sides)
    stout = _long(mask) < STOUT
    ranked = sorted(zip(found, waisted, strict=True), key=lambda one: one[0][2])
    return [cut for place, (cut, waist) in enumerate(ranked) if place < CUTS or (waist and stout)]


def _parted(mask: Mask, normal: Points, offset: float) -> list[Mask] | None:
    """Both sides of a cut, grown from their cores so that the seam follows the outline's waists."""
    rows, columns = np.mgrid[0 : mask.shape[0], 0 : mask.shape[1]]
    side = columns * normal[0] + rows * normal[1] >= offset
    halves = []
    for half in (mask & ~side, mask & side):
        parts = pieces(half, 0.0)
        if not parts or parts[0].sum() < 0.25 * mask.sum():
            return None
        halves.append(parts[0])
    return halves


def cleared(halves: list[Mask], whole: Mask) -> list[Floats]:
    """How much of each pixel belongs to each shoe: its own and its soft edge, none of its mate."""
    result = []
    for half in halves:
        close = cv2.dilate(half.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        grown = cv2.dilate(half.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        others = whole & ~close
        for other in halves:
            others |= other if other is not half else False
        own = (grown & ~others).astype(np.float32)
        result.append(np.asarray(cv2.GaussianBlur(own, (0, 0), 0.7), np.float32))
    return result


def agreed(first: Mask, second: Mask, toes: tuple[Points, Points]) -> tuple[Mask, Mask]:
    """A pair's outlines without what only one of the two has, as they mirror each other: bits of
    floor.
    """
    masks = [first, second]
    for _ in range(2):
        frames = [frame(mask) for mask in masks]
        others = [
            _mirrored(
                masks[1 - index], frames[1 - index], toes[1 - index], frames[index], toes[index]
            )
            for index in (0, 1)
        ]
        shared = [np.asarray(mask & other) for mask, other in zip(masks, others, strict=True)]
        if any(new.sum() < KEPT * old.sum() for new, old in zip(shared, masks, strict=True)):
            return first, second
        smooth = [
            cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0
            for mask in shared
        ]
        masks = [
            pieces(np.asarray(mask), 0.0)[0] if mask.any() else old
            for mask, old in zip(smooth, masks, strict=True)
        ]
    return masks[0], masks[1]


def _mirrored(mask: Mask, own: Frame, toe: Points, other: Frame, other_toe: Points) -> Mask:
    """A shoe's mask mirrored and laid on its mate, a little larger."""
    scale = other.length / own.length
    turn = scale * (np.outer(other_toe, toe) - np.outer(_left(other_toe), _left(toe)))
    laid = cv2.warpAffine(
        mask.astype(np.uint8),
        np.column_stack([turn, other.centre - turn @ own.centre]),
        mask.shape[::-1],
    )
    reach = 2 * max(1, round(AGREE * other.length)) + 1
    return np.asarray(
        cv2.dilate(laid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
    )


def _left(along: Points) -> Points:
    return np.array([along[1], -along[0]])
