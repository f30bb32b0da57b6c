"""The front neckline of a flat photo. What lies above it is the inside of the back: behind the
neck, not before it."""

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.charts.foreign import plain_inside, without_label
from compositing.charts.lines import Numbers
from compositing.charts.neck_curve import curve, like
from compositing.charts.neck_edge import held
from compositing.charts.neck_leaves import leaves
from compositing.charts.neck_seen import SeenLine, learned_line
from compositing.charts.neck_view import REACH_PX, NeckView, view
from compositing.cut.cutout import Cutout
from compositing.template.neckline import LIKELY
from schemas.categories import GarmentCategory as G

Above = Literal["", "hood", "straps"]
COLLARED = frozenset({G.SHIRT, G.POLO, G.JACKET, G.BLAZER, G.COAT})
OPEN_FRONTS = frozenset({G.CARDIGAN, G.VEST})
"""Their necklines may be as deep as the template has them."""
HOOD = 2.5
"""A hood reaches no farther to each side."""
STANDS_AT, STANDS, STANDING, STANDING_LEAST = 0.72, 0.3, 0.4, 0.35
"""Cloth beside the middle that rises so much above the neck points, over half the neck's width, is
a collar that stands; its front is so much lower, and at least such a share of its height stands."""
MIDDLE, STANDS_ALONE = 0.3, 0.38
"""Cloth that rises so much in the middle, so far to both sides, is a collar too."""
BESIDE = 1.45
"""Beside a neckline without a collar, what lies higher than its ends is the back's, too."""
CLOSED = 0.55, 0.3
"""How wide and deep the opening of a collar is taken to be where no edge shows it."""
HOODED_LOWEST = 0.6
"""Below a hood a jacket is closed, or nearly."""
DEEPER = 0.45
"""A likely line so much lower than the clear one says that the clear one is the back's own rim; a
rib's lower edge is less so."""
TOO_DEEP = 0.6
"""A collar's leaves that go on so much below the clear line were followed into the front."""
SURE = 0.7
"""A line that the learned segmenter sees, and that is so much alike its map, goes before a clear
edge."""
AGREE = 0.65
"""A clear edge that has so much of the same above it is that line, only better seen."""
HIGH_COLLAR = 0.6
"""A collar that stands is closed below this, over half the neck's width."""
UNSEEN_DEEP, INSIDE, UNSEEN = 0.7, 0.35, (0.86, 0.32)
"""What lies above a neckline so deep below its rim is inside in its map by such a share; else the
neckline is so wide and so deep."""
LEAST_PX = 8.0
"""A narrower neck is none."""


@dataclass(frozen=True, slots=True)
class Neckline:
    """`inside`: how much of each pixel is the back's inside (0..1, the cut-out's size); `rgb`: the
    photo with a plain inside where a hanger or the wall shows; `sure`: how clearly an edge of the
    photo shows the line, 0..1."""

    rgb: NDArray[np.uint8]
    inside: Floats
    sure: float


def neckline(
    cutout: Cutout, points: tuple[Numbers, Numbers, Numbers], category: G, *, above: Above
) -> Neckline | None:
    """None where the neck's width is nothing. `above`: what is there above the neck points.

    `points`: the neck's left and right, and where the neckline's lowest point is thought to be, in
    px of the cut-out.
    """
    left, right, dip = points
    if float(np.linalg.norm(right - left)) < LEAST_PX:
        return None
    rgb, mask, hooded = cutout.rgb, cutout.mask, above == "hood"
    collared = (category in COLLARED or category in OPEN_FRONTS) and not hooded
    colours = view(rgb, mask, left, right, collared=False)
    seen = view(rgb, mask, left, right, collared=True) if collared else colours
    if not collared:
        seen = without_label(seen)
    if hooded:
        seen = replace(seen, rim=np.maximum(seen.rim, 0))
    thought = float(seen.here(dip)[1]) / REACH_PX
    rise = _rise(seen)
    stands = not collared and rise > STANDS
    learned = None if hooded else learned_line(cutout, colours, collared=collared)
    if stands and learned is not None and learned.deeper(HIGH_COLLAR):
        learned = None  # a zip that stands a little open shows the back, and closes
    sure = collared and _sure(learned)  # a clear edge there is often a label's
    unasked = above or stands or sure
    clear = None if unasked else held(colours, thought, collared=category in COLLARED)
    near = cutout.seen_near
    if learned is not None and learned.line is not None and _believed(learned, clear, near=near):
        inside = _above(colours, learned.line, mask)
        return Neckline(plain_inside(rgb, colours, inside), inside, learned.alike)
    line, score, believed = _likely(seen, category, thought, rise if stands else 0.0, hooded)
    if clear is not None:
        deeper = float(line[:, 1].max() - clear[:, 1].max()) / REACH_PX
        leaved = category in COLLARED
        if not (believed and (0 < deeper < TOO_DEEP if leaved else deeper > DEEPER)):
            inside = _above(colours, clear, mask, least=0.0 if leaved else BESIDE)
            return Neckline(plain_inside(rgb, colours, inside), inside, 1.0)
    if learned is not None and not (stands or above or category in OPEN_FRONTS):
        deep = float(line[:, 1].max() - seen.rim_at(np.zeros(1))[0]) / REACH_PX
        if deep > UNSEEN_DEEP and learned.share_above(seen, line) < INSIDE:
            line, believed = like(seen, 2.0, *(CLOSED if collared else UNSEEN)), False
    inside = _above(seen, line, mask, wide=HOOD if hooded else 0.0)
    clearly = float(np.clip(score, 0, 1)) if believed else 0.0
    return Neckline(plain_inside(rgb, colours, inside), inside, clearly)


def _sure(learned: SeenLine | None) -> bool:
    return learned is not None and learned.line is not None and learned.alike > SURE


def _believed(learned: SeenLine, clear: Numbers | None, *, near: bool) -> bool:
    """Whether it goes before a clear edge, which may be the same line, better seen than from
    afar."""
    if clear is None or learned.line is None:
        return True
    return _sure(learned) and (near or not _agree(learned.line, clear))


def _agree(one: Numbers, other: Numbers) -> bool:
    """Whether two lines (n, 2) have much the same above them."""
    left, right = (np.array([line[end, 0] for line in (one, other)]) for end in (0, -1))
    columns = np.arange(left.min(), right.max() + 1)
    top = min(float(line[:, 1].min()) for line in (one, other))
    low = []
    for line in (one, other):
        order = np.argsort(line[:, 0], kind="stable")
        inside = (columns >= line[order[0], 0]) & (columns <= line[order[-1], 0])
        below = np.interp(columns, line[order, 0], line[order, 1]) - top
        low.append(np.where(inside, below, 0))
    shared, both = np.minimum(*low).sum(), np.maximum(*low).sum()
    return bool(shared > AGREE * both)


def _rise(seen: NeckView) -> float:
    """How far cloth stands above the neck points, over half the neck's width: beside the middle, or
    in it where it stands there alone, as a narrow collar does."""
    beside = -float(seen.rim_at(np.array([-STANDS_AT, STANDS_AT]) * REACH_PX).mean()) / REACH_PX
    columns = np.linspace(-1, 1, 9) * MIDDLE * REACH_PX
    middle = -float(np.median(seen.rim_at(columns))) / REACH_PX
    return max(beside, middle) if middle > STANDS_ALONE else beside


def _likely(
    seen: NeckView, category: G, thought: float, rise: float, hooded: bool
) -> tuple[Numbers, float, bool]:
    """The line, its score, and whether it is believed. `rise`: of a collar that stands, in halves
    of the neck's width, else 0."""
    if hooded:
        return curve(seen, CLOSED[1], CLOSED[1], HOODED_LOWEST)
    if category in COLLARED or category in OPEN_FRONTS:
        found = leaves(seen, thought if category in OPEN_FRONTS else 0.0)
        return found if found[2] else (like(seen, 2.0, *CLOSED), *found[1:])
    if rise:
        return curve(seen, STANDING, STANDING, -STANDING_LEAST * rise)
    return curve(seen, thought, LIKELY)


def _above(
    seen: NeckView, line: Numbers, mask: Mask, *, wide: float = 0.0, least: float = 0.0
) -> Floats:
    """What of the mask lies above the line, softly, at the mask's size; `wide`: also above the neck
    points so far to each side; `least`: above its ends it is at least so wide."""
    high = np.array([0.0, -9 * REACH_PX])
    ends = [line[-1:], line[:1]]
    if least:
        ends = [np.array([[side * least * REACH_PX, 0.0]]) for side in (1, -1)]
    frame = [ends[0], ends[0] + high, ends[1] + high, ends[1]]
    if wide:
        at = wide * REACH_PX * np.array([[1.0, 0.0]])
        frame = [at, at + high, high - at, -at]
    placed = seen.back(np.concatenate([line, *frame]))
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(placed * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return np.asarray(cv2.blur(drawn.astype(np.float32) / 255, (3, 3)), np.float32)
