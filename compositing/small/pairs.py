"""Telling a pair apart: two pieces, or one that falls into two like halves."""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats, Mask
from compositing.small.placed import MIN_AREA_PX, Points, filled, nothing, pieces

MATE_SHARE = 0.45
"""The second piece is the other shoe when it is at least so large beside the first."""
ANGLES = 36
MIDDLE = (0.36, 0.64)
"""A cut leaves so much of the area on each side."""
HALF_LENGTH = (1.35, 3.6)
"""How many times longer than wide one shoe of a pair can look."""
TYPICAL, SHAPE_WEIGHT = 2.4, 1.5
ALIKE, CUTS = 0.78, 18
MATCHING = 0.3
"""How far apart the logarithms of two mates' length to width may lie."""
CUT_WEIGHT = 0.35
BESIDE, IN_LINE = 0.45, 3.2
"""Shoes lie beside each other, so the cut runs along them; in a line only when the whole is so much longer than wide."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The long axis of a shape. `along`: unit vector; `across` is a quarter turn from it. Lengths in pixels."""

    centre: Points
    along: Points
    across: Points
    length: float
    width: float


def told_apart(mask: Mask) -> list[Mask]:
    """One or two shoes, the one further left first. Raises GarmentError no_garment_found."""
    clean = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    found = [filled(piece) for piece in pieces(np.asarray(clean), MATE_SHARE)[:2]]
    if not found or found[0].sum() < MIN_AREA_PX:
        raise nothing()
    if len(found) == 1:
        found = _halves(found[0]) or found
    return sorted(found, key=lambda one: float(np.nonzero(one)[1].mean()))


def frame(mask: Mask) -> Frame:
    """By the second moments of the area; the length and width are those of the outline along it."""
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]).astype(np.float64)
    centre = points.mean(0)
    _, axes = np.linalg.eigh(np.cov((points - centre).T) + 1e-6 * np.eye(2))
    along = axes[:, 1] if axes[1, 1] >= 0 else -axes[:, 1]
    across = np.array([-along[1], along[0]])
    length, width = (float(np.ptp((points - centre) @ axis)) + 1 for axis in (along, across))
    return Frame(centre, along, across, length, width)


def likeness(first: Mask, second: Mask) -> float:
    """The better overlap of two shapes laid on each other along their axes, as they are, turned or mirrored."""
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
    """The cut that leaves two like halves of a shoe's shape and is short; None where there is none."""
    best, least = None, np.inf
    whole = _long(mask)
    for normal, offset, cost in _cuts(mask):
        halves = _parted(mask, normal, offset)
        if halves is None:
            continue
        frames = [frame(half) for half in halves]
        shapes = [own.length / own.width for own in frames]
        beside = all(abs(float(own.along @ normal)) < BESIDE for own in frames)
        likely = all(HALF_LENGTH[0] <= shape <= HALF_LENGTH[1] for shape in shapes)
        if not (beside or whole > IN_LINE) or not likely or abs(np.log(shapes[0] / shapes[1])) > MATCHING:
            continue
        alike = likeness(*halves)
        odd = float(np.mean(np.log(np.array(shapes) / TYPICAL) ** 2))
        worth = CUT_WEIGHT * cost + SHAPE_WEIGHT * odd - alike
        if alike >= ALIKE and worth < least:
            best, least = halves, worth
    return best


def _long(mask: Mask) -> float:
    own = frame(mask)
    return own.length / own.width


def _cuts(mask: Mask) -> list[tuple[Points, float, float]]:
    """Straight cuts near the middle: normal, offset along it, and length in shares of half a shoe's size; shortest first."""
    rows, columns = np.nonzero(mask)
    points = np.column_stack([columns, rows]).astype(np.float64)
    unit = float(np.sqrt(len(points) / 2))
    found: list[tuple[Points, float, float]] = []
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
        found.append((normal, first + at + 0.5, float(smooth[at]) / unit + abs(float(below[at]) - 0.5)))
    return sorted(found, key=lambda cut: cut[2])[:CUTS]


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
    for index, half in enumerate(halves):
        grown = cv2.dilate(half.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        others = np.zeros_like(whole)
        for number, other in enumerate(halves):
            others |= other if number != index else False
        result.append(np.asarray(grown & ~others, np.float32))
    return result
