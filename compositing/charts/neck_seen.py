"""The front neckline as the learned segmenter has it: the lower edge of what it takes for the
inside of the back.

Its map is coarse but seldom wrong about where a neck opens. The curve of a family, from V to
square, that parts best what is inside from what is not is moved to the photo's edge near it.
"""

import itertools
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.charts.lines import Numbers
from compositing.charts.neck_curve import edges_along
from compositing.charts.neck_view import (
    REACH_PX,
    NeckView,
    across,
    cheapest,
    off_edge,
    sampled,
    view,
)
from compositing.cut.cutout import Cutout
from compositing.template.model import Upper

POINTS: Final = 49
SHAPES: Final = (1.0, 1.35, 2.0, 2.6)
WIDTHS: Final = (0.3, 0.4, 0.5, 0.6, 0.72, 0.86, 1.0, 1.16)
DEPTHS: Final = np.geomspace(0.14, 3.2, 32)
ASIDE: Final = (-0.24, -0.12, 0.0, 0.12, 0.24)
"""How far its middle lies beside the neck's. All in halves of the neck's width."""
LEAST: Final = 0.05
"""What is inside is at least so large, in squares of half the neck's width."""
ALIKE: Final = 0.6
"""And so much alike what lies above the curve (intersection over union)."""
MOST, NEAR, EDGES = 160, 0.06, 0.2
"""Of so many curves that are no less alike than the best one by this, the one is taken that is most
of an edge too, of which so much counts."""
SURE, NARROW, RIB, LEAST_NECK_PX = 0.75, 0.86, 0.08, 8.0
"""An opening that is so sure, with a rib of such a width beside it, and narrower than this between
the neck points, tells where these are."""
MOST_STANDS, LEAST_ASIDE, MOST_ASIDE = 0.95, 0.2, 0.3
"""What stands so high in the middle is a hood; an opening that lies less aside lies in the middle,
and none lies more aside."""
RISES, STANDS = 0.02, 0.35
"""So much cloth rises from them to it; what rises so much over it is a collar."""
DEEP, CLEAR, CLEAR_COLLAR = 1.5, 1.0, 0.82
ALIKE_DEEP, ALIKE_COLLAR = 0.83, 0.8
"""A deep one takes away much cloth if it is none: an edge shows it, or, where there is no collar or
the neck was seen from near, the map clearly."""
VERY_DEEP, CERTAIN = 2.5, 0.85
"""A deeper one is none where the map's insides are less certain in the mean: it would lay bare half
of a front."""
LEAST_EDGE: Final = 0.15
"""And not without any edge: on dark cloth the map goes on below a neckline."""
CERTAIN_ALONE, UNSURE, HIGHER, ALIKE_SURER, GUESSED, MORE_EDGE = 0.75, 0.25, 0.25, 0.8, 0.6, 0.5
"""Where the map is less sure than the first of a share of what is inside: what it is sure of may
end so much higher, be so much like a curve, and have below it a mean of no more, or so much more of
an edge. Then that is the opening."""
BAND, PARTED, PLENTY, ENDS = 12, 0.2, 10.0, 4
"""The line is moved across itself by at most so many px, to edges no stronger than (dE); each px of
what is inside that it gains is worth so much."""


@dataclass(frozen=True, slots=True)
class SeenLine:
    """`line`: (n, 2), left to right, px from the view's origin; None where no curve is like the
    map. `alike`: how like it is, 0..1. `inside`: the view's px that the map has inside."""

    line: Numbers | None
    alike: float
    inside: Mask

    def deeper(self, depth: float) -> bool:
        """Whether the line ends so much below its ends, over half the neck's width."""
        if self.line is None:
            return False
        fall = float(self.line[:, 1].max() - self.line[[0, -1], 1].mean())
        return fall > depth * REACH_PX

    def share_above(self, seen: NeckView, line: Numbers) -> float:
        """How much of the cloth above another line the map has inside."""
        cloth = _over(seen, line) & (seen.cloth > 0.5)
        return float((cloth & self.inside).sum() / max(cloth.sum(), 1))


def learned_line(cutout: Cutout, seen: NeckView, *, collared: bool) -> SeenLine | None:
    """None where the learned segmenter was not asked."""
    if cutout.inside is None:
        return None
    shown = seen.shown(cutout.inside, cutout.from_photo())
    return seen_line(seen, shown, collared=collared, trusted=cutout.seen_near or not collared)


def _sure(cutout: Cutout, template: Upper, *, collared: bool) -> tuple[NeckView, Numbers] | None:
    """The neck, and how far aside the opening that is surely seen there ends, in the view's
    pixels."""
    left, right = template.left.neck, template.right.neck
    if float(np.linalg.norm(right - left)) < LEAST_NECK_PX:
        return None
    seen = view(cutout.rgb, cutout.mask, left, right, collared=False)
    found = learned_line(cutout, seen, collared=collared)
    if found is None or found.line is None or found.alike < SURE:
        return None
    return seen, found.line[[0, -1], 0]


def narrowed(cutout: Cutout, template: Upper) -> Upper:
    """The template with its neck points moved in to where the neck is seen to open, of a garment
    without a collar: they may lie out on the shoulders."""
    found = _sure(cutout, template, collared=False)
    if found is None:
        return template
    seen, ends = found
    half = float(np.abs(ends).max()) / REACH_PX + RIB
    if half > NARROW or not _rises(seen, half):
        return template
    return _with_necks(template, seen, -half, half)


def centred(cutout: Cutout, template: Upper) -> Upper:
    """The template with the neck points of a garment with a collar moved aside, as far apart as
    they are, so that its opening lies in their middle: else one leaf would stand before the neck,
    the other beside it."""
    found = _sure(cutout, template, collared=True)
    if found is None:
        return template
    seen, ends = found
    hood = -float(np.median(seen.rim_at(np.linspace(-0.3, 0.3, 9) * REACH_PX))) / REACH_PX
    middle = float(np.clip(ends.mean() / REACH_PX, -MOST_ASIDE, MOST_ASIDE))
    if hood > MOST_STANDS or abs(middle) < LEAST_ASIDE:
        return template
    return _with_necks(template, seen, middle - 1, middle + 1)


def _with_necks(template: Upper, seen: NeckView, left: float, right: float) -> Upper:
    """With neck points so far beside the middle, in halves of the neck's width."""
    at = seen.back(np.array([[left, 0.0], [right, 0.0]]) * REACH_PX)
    return replace(
        template,
        left=replace(template.left, neck=at[0]),
        right=replace(template.right, neck=at[1]),
    )


def _rises(seen: NeckView, half: float) -> bool:
    """Whether cloth rises from the neck points to an opening of this half width, as shoulders do,
    and no collar stands there."""
    slope, collar = (
        -float(np.mean(seen.rim_at(np.concatenate([-at, at]) * REACH_PX))) / REACH_PX
        for at in (0.5 * (half + 1) * np.ones(1), np.linspace(0, half, 9))
    )
    return RISES < slope and collar < STANDS


def seen_line(seen: NeckView, inside: Floats, *, collared: bool, trusted: bool) -> SeenLine:
    """`inside`: the map (0..1) in the view's px. `collared`: it opens between leaves. `trusted`:
    a clear map of a deep opening needs no edge."""
    found = _best_line(seen, inside, collared=collared, trusted=trusted)
    hesitates = found.line is not None and (inside[found.inside] < CERTAIN_ALONE).mean() > UNSURE
    if collared or not hesitates:
        return found
    certain = np.where(inside > CERTAIN_ALONE, inside, 0).astype(np.float32)
    surer = _best_line(seen, certain, collared=collared, trusted=trusted)
    return surer if _goes_before(seen, surer, found, inside) else found


def _goes_before(seen: NeckView, surer: SeenLine, found: SeenLine, inside: Floats) -> bool:
    """Whether the line around what the map is sure of is the neckline, and what it has below that
    is a guess: it is much like what is sure, and the map hesitates all along below it, or the photo
    has an edge there."""
    if surer.line is None or found.line is None or surer.alike < ALIKE_SURER:
        return False
    ends = [float(one[:, 1].max()) for one in (surer.line, found.line)]
    if ends[1] - ends[0] < HIGHER * REACH_PX:
        return False
    between = _over(seen, found.line) & ~_over(seen, surer.line) & (seen.cloth > 0.5)
    edges, _ = edges_along(seen, np.stack([surer.line, found.line]))
    return bool(inside[between].mean() < GUESSED or edges[0] > edges[1] + MORE_EDGE)


def _over(seen: NeckView, line: Numbers) -> Mask:
    """The view's px above a line."""
    high = np.array([0.0, -float(seen.origin[1]) - float(line[:, 1].max())])
    around = np.concatenate([line, line[-1:] + high, line[:1] + high]) + seen.origin
    drawn = np.zeros(seen.cloth.shape, np.uint8)
    cv2.fillPoly(drawn, [np.round(around).astype(np.int32)], 1)
    return drawn > 0


def _best_line(seen: NeckView, inside: Floats, *, collared: bool, trusted: bool) -> SeenLine:
    """The curve that is most like the map, moved to the photo's edge."""
    cloth = seen.cloth > 0.5
    shown = cloth & (inside > 0.5)
    there = _filled(shown, cloth)
    size = float(there.sum())
    if size < LEAST * REACH_PX**2:
        return SeenLine(None, 0.0, there)
    kinds, rows = _kinds(), _rows(seen)
    alike = _alike(there, cloth, rows)
    best = float(alike.max())
    if best < ALIKE:
        return SeenLine(None, best, there)
    near = np.argsort(-alike, kind="stable")[:MOST]
    near = near[alike[near] > best - NEAR]
    lines = np.stack([_line(seen, kinds[one]) for one in near])
    edges, _ = edges_along(seen, lines)
    chosen = int((alike[near] + EDGES * edges).argmax())
    taken = near[chosen]
    if kinds[taken, 2] > VERY_DEEP and float(inside[there].mean()) < CERTAIN:
        return SeenLine(None, best, there)
    if kinds[taken, 2] > DEEP and edges[chosen] < (CLEAR_COLLAR if collared else CLEAR):
        like = _alike(np.asarray(cloth & shown), cloth, rows[taken : taken + 1])
        if not trusted or float(like[0]) < (ALIKE_COLLAR if collared else ALIKE_DEEP):
            return SeenLine(None, best, there)
    line = _settled(seen, lines[chosen], inside)
    deep = float(line[:, 1].max()) > DEEP * REACH_PX and not collared
    if deep and float(edges_along(seen, line[None])[0][0]) < LEAST_EDGE:
        return SeenLine(None, best, there)
    return SeenLine(line, best, there)


def _settled(seen: NeckView, line: Numbers, inside: Floats) -> Numbers:
    """A line moved across itself, point by point, to an edge near it that parts what the map has
    inside from what it has not."""
    moved = across(line, BAND, ends_stay=False)
    likely = np.where(sampled(seen.cloth, seen, moved) > 0.5, sampled(inside, seen, moved), 0.5)
    gained = np.cumsum(2 * likely - 1, axis=1)
    gained -= gained[:, BAND : BAND + 1]
    cost = off_edge(seen, moved, PLENTY) - PARTED * gained
    for end in (slice(ENDS), slice(-ENDS, None)):  # its ends go inwards alone: straps stay
        cost[end, BAND + 1 :] = np.inf
    return cheapest(moved, cost)


def _alike(there: Mask, cloth: Mask, rows: Numbers) -> Numbers:
    """How like what lies above each row by column (n, columns) is to a mask: intersection over
    union."""
    held = _above(there.astype(np.float32), rows).sum(1)
    whole = _above(cloth.astype(np.float32), rows).sum(1)
    return np.asarray(held / np.maximum(there.sum() + whole - held, 1.0))


def _filled(inside: Mask, cloth: Mask) -> Mask:
    """With what lies above it: a hanger, a label, the wall."""
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(inside.astype(np.uint8))
    large = boxes[:, cv2.CC_STAT_AREA] >= 0.5 * LEAST * REACH_PX**2
    large[0] = False
    kept = large[pieces] if count > 1 else np.zeros_like(inside)
    below = np.cumsum(kept[::-1], axis=0)[::-1] > 0
    return np.asarray(below & cloth)


@lru_cache(maxsize=1)
def _kinds() -> Numbers:
    """Every curve's shape, width, depth, and how far aside it lies (n, 4)."""
    return np.array(list(itertools.product(SHAPES, WIDTHS, DEPTHS, ASIDE)))


def _fall(kinds: Numbers, u: Numbers) -> Numbers:
    """How far below its ends' level a curve lies, in halves of the neck's width."""
    return np.asarray(kinds[:, 2:3] * (1 - np.clip(np.abs(u), 0, 1) ** kinds[:, :1]))


def _level(seen: NeckView, kinds: Numbers, u: Numbers) -> Numbers:
    """The level of the curves' ends on the rim, px from the origin."""
    left, right = (seen.rim_at((kinds[:, 3:] + s * kinds[:, 1:2]) * REACH_PX) for s in (-1, 1))
    return np.asarray(0.5 * (left + right) + 0.5 * np.clip(u, -1, 1) * (right - left))


def _rows(seen: NeckView) -> Numbers:
    """The row of each curve in each column of the view (n, columns); -1 outside of it."""
    u, fall = _falls(seen.cloth.shape[1], float(seen.origin[0]))
    rows = _level(seen, _kinds(), u) + fall + seen.origin[1]
    return np.where(np.abs(u) < 1, np.clip(np.round(rows), 0, len(seen.cloth) - 1), -1)


@lru_cache(maxsize=1)
def _falls(columns: int, middle: float) -> tuple[Numbers, Numbers]:
    """Where each curve is in each column of a view (-1..1 between its ends), and how far below its
    ends' level, px (n, columns)."""
    kinds = _kinds()
    x = (np.arange(columns) - middle) / REACH_PX
    u = (x[None] - kinds[:, 3:]) / kinds[:, 1:2]
    return u, _fall(kinds, u) * REACH_PX


def _above(picture: Floats, rows: Numbers) -> Numbers:
    """The picture's sum above each curve's row, by column (n, columns)."""
    total = np.concatenate([np.zeros((1, picture.shape[1]), np.float32), picture.cumsum(0)])
    return np.asarray(total[rows.astype(np.intp) + 1, np.arange(picture.shape[1])[None]])


def _line(seen: NeckView, kind: Numbers) -> Numbers:
    u = np.sin(np.linspace(-1, 1, 241) * np.pi / 2)[None]
    one = kind[None]
    y = (_level(seen, one, u) + _fall(one, u) * REACH_PX)[0]
    x = (kind[3] + kind[1] * u[0]) * REACH_PX
    along = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
    share = np.linspace(0, along[-1], POINTS)
    return np.column_stack([np.interp(share, along, x), np.interp(share, along, y)])
