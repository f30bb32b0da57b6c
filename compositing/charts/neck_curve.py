"""The front neckline of a garment without a collar: the curve that is most of an edge.

Looked for among curves that begin on the cloth's upper rim at both sides of the neck: from V to
square, of all depths. What counts: how much of a curve follows an edge, whether the cloth above it
differs from that below all along in the same way (stripes and prints don't), and how likely such
a neckline is.
"""

import itertools
from functools import lru_cache
from typing import Final

import numpy as np

from compositing.charts.lines import Numbers
from compositing.charts.neck_view import REACH_PX, NeckView, along_edge, sampled

POINTS, FINE = 25, 49
SHAPES: Final = (1.0, 1.35, 2.0, 3.0)
WIDTHS: Final = (0.72, 0.79, 0.86, 0.93, 1.0, 1.16)
"""Where the line begins: a rib may lie outside it."""
DEPTHS: Final = np.geomspace(0.14, 4.2, 40)
SIDE_PX: Final = 2.5
"""Colours are compared so far on both sides of a curve."""
QUIET, CLEAR, FAINT, PLENTY = 1.2, 2.5, 1.5, 10.0
"""A change of colour (dE) is an edge above QUIET times the usual one around, and a full one by so
many times that more, between FAINT and PLENTY."""
WEAKEST, ONE_WAY = 0.6, 1.0
"""What the weakest quarter and a change in one way are worth, beside the edge's mean."""
HIGH, LOW, UNEXPECTED = 0.45, 0.2, 0.10
"""What a line costs that is e times as high or as deep as is likely, and as the template has it."""
OUTSIDE, NARROW = 0.12, 0.3
"""What beginning outside the neck points costs: a rib's outer edge does; and inside, by how far."""
BELIEVED: Final = 0.75
"""A curve of a lower score is not believed."""
DEEP, DEEP_HELD = 0.9, 0.1
"""A deeper one must be seen in each quarter, its flanks too: the border of two colours is none."""
BACK: Final = 0.5
"""The back's own rim is no lower than this."""
DEEPEST, NEARLY = (0.9, 2.4), (0.72, 0.88)
"""Higher up are the back's own rim and a hanger's bar: no deeper than this, a deeper line of such a
share of the best one's score is taken."""
RIB_FROM, RIB_TO, ALIKE = 0.06, 0.24, 0.82
"""A line so much above another, of such a share of its score, is a rib's upper edge."""
LIKE_SHAPE, LIKE_WIDTH = 1.0, 0.35
"""And so alike: a rib's two edges are next to each other among the shapes."""
BAND, STAYING = 6, 0.03


def curve(
    seen: NeckView, thought: float, likely: float, lowest: float = np.inf
) -> tuple[Numbers, float, bool]:
    """The line (n, 2), left to right, px from the view's origin; its score; whether it is believed.

    `thought`: its depth by the template, `likely`: that of such garments; no line goes lower than
    `lowest` below the neck points.
    """
    kinds = _kinds()
    points = _points(seen, _curves(), kinds)
    edges, quarters = edges_along(seen, points)
    never = points[..., 1].max(1) > lowest * REACH_PX
    never |= (kinds[:, 2] > DEEP) & (quarters < DEEP_HELD)
    score = np.where(never, -np.inf, edges - _doubts(kinds, thought, likely))
    best = _deepest(kinds, score)
    found, value = _upper_rim(kinds, score, best), float(score[best])
    if value < BELIEVED:
        deep = float(np.clip(thought, 0.45, 0.8)) if np.isinf(lowest) else likely
        return like(seen, 2.0, 0.86 if np.isinf(lowest) else 0.72, deep), value, False
    line = like(seen, *kinds[found])
    return along_edge(seen, line, band=BAND, staying=STAYING, plenty=PLENTY), value, True


def like(seen: NeckView, shape: float, wide: float, depth: float) -> Numbers:
    """A curve of this kind."""
    kind = np.array([[shape, wide, depth]])
    return np.asarray(_points(seen, _evenly(kind, FINE), kind)[0])


@lru_cache(maxsize=1)
def _kinds() -> Numbers:
    """Every curve's shape, width and depth (n, 3)."""
    return np.array(list(itertools.product(SHAPES, WIDTHS, DEPTHS)))


@lru_cache(maxsize=1)
def _curves() -> tuple[Numbers, Numbers]:
    return _evenly(_kinds(), POINTS)


def _evenly(kinds: Numbers, count: int) -> tuple[Numbers, Numbers]:
    """Evenly along every curve: where it is between its ends (-1..1), and how far below them."""
    t = np.sin(np.linspace(-1, 1, 121) * np.pi / 2)
    x, y = kinds[:, 1:2] * t, kinds[:, 2:] * (1 - np.abs(t) ** kinds[:, :1])
    steps = np.hypot(np.diff(x, axis=1), np.diff(y, axis=1))
    total = np.concatenate([np.zeros((len(kinds), 1)), np.cumsum(steps, axis=1)], axis=1)
    share = np.linspace(0, 1, count)
    at = np.stack([np.interp(share * one[-1], one, t) for one in total])
    return at, kinds[:, 2:] * (1 - np.abs(at) ** kinds[:, :1])


def _points(seen: NeckView, curves: tuple[Numbers, Numbers], kinds: Numbers) -> Numbers:
    """The curves' points from the origin (n, count, 2): both ends lie on the rim."""
    at, fall = curves
    wide = kinds[:, 1:2] * REACH_PX
    left, right = (seen.rim_at(s * wide) for s in (-1, 1))
    level = 0.5 * (left + right) + 0.5 * at * (right - left)
    return np.stack([wide * at, level + fall * REACH_PX], -1)


def edges_along(seen: NeckView, points: Numbers) -> tuple[Numbers, Numbers]:
    """How much of an edge each line (n, count, 2) is, and how much its weakest quarter is seen."""
    way = np.gradient(points, axis=1)
    normal = np.stack([-way[..., 1], way[..., 0]], -1)
    normal *= SIDE_PX / np.maximum(np.linalg.norm(way, axis=-1, keepdims=True), 1e-6)
    above, below = (sampled(seen.colours, seen, points + s * normal) for s in (-1, 1))
    there = sampled(seen.cloth, seen, points + 2 * normal) > 0.5
    there &= sampled(seen.cloth, seen, points - 2 * normal) > 0.5
    change = ((above - below) * there[..., None])[:, 2:-2]
    size = np.linalg.norm(change, axis=-1)
    usual = sampled(seen.usual, seen, points)[:, 2:-2]
    full = np.clip(CLEAR * usual, FAINT, PLENTY)
    strong = np.clip((size - QUIET * usual) / full, 0, 1)
    quarters = np.stack([part.mean(1) for part in np.array_split(strong, 4, axis=1)]).min(0)
    high = QUIET * usual + full
    even = change * (np.minimum(size, high) / np.maximum(size, 1e-6))[..., None]
    common = np.linalg.norm(even.mean(1), axis=-1)
    size = np.linalg.norm(even, axis=-1).mean(1)
    sure = np.clip(common / np.maximum(usual.mean(1), FAINT), 0, 1)
    alike = common / np.maximum(size, 1e-6) * sure
    return np.asarray(strong.mean(1) + WEAKEST * quarters + ONE_WAY * alike), quarters


def _doubts(kinds: Numbers, thought: float, likely: float) -> Numbers:
    far = np.log(kinds[:, 2] / likely)
    unexpected = np.abs(np.log(kinds[:, 2] / np.clip(thought, 0.2, 4.2)))
    beside = np.where(kinds[:, 1] > 1, OUTSIDE, NARROW * (1 - kinds[:, 1]))
    return np.asarray(np.where(far < 0, -HIGH * far, LOW * far) + UNEXPECTED * unexpected + beside)


def _deepest(kinds: Numbers, score: Numbers) -> int:
    """The best curve, or a deeper one that is nearly as good."""
    best = int(score.argmax())
    depth, least = kinds[:, 2], float(score[best])
    if depth[best] > BACK:
        return best
    deeper = (depth > depth[best]) & (score > BELIEVED)
    deeper &= ((depth < DEEPEST[0]) & (score > NEARLY[0] * least)) | (
        (depth < DEEPEST[1]) & (score > NEARLY[1] * least)
    )
    return int(np.where(deeper, score, -np.inf).argmax()) if deeper.any() else best


def _upper_rim(kinds: Numbers, score: Numbers, best: int) -> int:
    """A rib shows two lines: the upper one is the neckline."""
    above = kinds[best, 2] - kinds[:, 2]
    most = np.where(kinds[best, 0] < 1.2, 2, 1) * RIB_TO
    rib = (above > RIB_FROM) & (above < most) & (score > ALIKE * score[best])
    rib &= np.abs(kinds[:, 0] - kinds[best, 0]) <= LIKE_SHAPE
    rib &= np.abs(kinds[:, 1] - kinds[best, 1]) < LIKE_WIDTH
    return int(np.where(rib, score, -np.inf).argmax()) if rib.any() else best
