"""An upper garment in its upright photo: landmarks, lengths, and the lines that its charts are made
of. Photo px."""

from dataclasses import dataclass, replace

import numpy as np

from compositing.arrays import Mask
from compositing.charts.lines import (
    Numbers,
    at_length,
    bridged,
    lengths,
    pinned,
    reach,
    robust,
    smooth,
    unit,
)
from compositing.template.model import Shoulders, Upper, UpperSide

SIDES = (-1, 1)
RIBS = 29
DEEP_ARMHOLE, USUAL_ARMHOLE, HANGING = 0.66, 0.54, 1.4
"""An armhole deeper than this share of the chest is none, where a sleeve hangs (down so much more
than out).

How deep it is taken to be then.
"""
BARE_AT = (0.75, 0.97)
"""Where a bare shoulder's neck point and tip are, of the way from axis to armpit."""
COVERED_AT = (0.4, 0.65)
"""Where the other one is covered, likewise."""
OVER, NEAR = 0.3, 0.15
"""Cloth that stands so high above the middle of the neck, over its width, may hang over neck and
shoulders; the upper edge is theirs where it is so near."""
SLACK = 0.4
"""How far a sleeve's edge may lie from the template's, in shares of its width."""
OUTER_HALF, SHORTEST = (0.5, 0.8), 8
"""Where a rib must show cloth, from its inner to its outer end; a sleeve keeps so many ribs."""
AT_CUFF = 4
"""So many of the last ribs end at the cloth's edge itself, not at a smoothed one."""
RUFFLE = 0.9
"""And a ruffle's, before a plain background."""
STRAPPED = 0.4
"""A neckline that lies so far below the upper edge, in armholes, shows that it hangs on straps."""
HALTER, STRAP = 0.42, 0.16
"""A shoulder that falls by so much of the armhole's depth is none: a halter ends beside the neck.
"""
STEEP, STEEP_FALL = 0.84, 0.1
"""Nor is one that falls so much over how far it goes aside, and by so much of the depth."""
HOOD, HOOD_WIDE = 0.95, 0.8
"""What stands so high above the neck points, over half the neck's width, and is so wide, over the
neck's width, is a hood."""
CLOSED = 0.45
"""So much of sleeves that hang lies against the body."""
LEAST_SEEN = 0.72
"""What is left of a trunk's half width beside a sleeve that lies over it, at least: the rest is
stretched."""
MARGIN_PX = 3.0
"""Photo px that a chart reaches beyond the outline, so that soft edges come along."""
BEND_SHARE = 1.15
"""The inner edge of a sleeve is straight over this many armholes of its length."""


@dataclass(frozen=True, slots=True)
class Ribs:
    """A sleeve as ribs from armhole to cuff: outer and inner ends (n, 2); closed: no background
    parts it from the body."""

    outer: Numbers
    inner: Numbers
    closed: Mask
    along: Numbers  # (2,) direction at the cuff
    lowest: float

    @property
    def slender(self) -> float:
        """0 of a short and wide sleeve, which has no elbow, 1 of one that reaches the forearm."""
        wide = float(np.linalg.norm(self.inner[0] - self.outer[0]))
        return float(np.clip(self._bent / max(wide, 1.0) - 1.2, 0, 1))

    @property
    def length(self) -> float:
        """From the tip to the cuff as a tape would be held: past the elbow's middle where there is
        one, not round a puff."""
        short = float(np.linalg.norm(self.outer[-1] - self.outer[0]))
        return self.slender * self._bent + (1 - self.slender) * short

    @property
    def _bent(self) -> float:
        middle = (self.outer + self.inner) / 2
        elbow, cuff = middle[RIBS // 2], middle[-1]
        return float(np.linalg.norm(elbow - self.outer[0]) + np.linalg.norm(cuff - elbow))


@dataclass(frozen=True, slots=True)
class UpperPhoto:
    """What an upright photo shows. Sides are -1 and 1; `top`: the first row of cloth by column."""

    mask: Mask
    template: Upper
    axis: float
    top: Numbers
    neck: dict[int, Numbers]
    tip: dict[int, Numbers]
    pit: dict[int, Numbers]
    ribs: dict[int, Ribs]
    shoulder: dict[int, Numbers]  # (12, 2) the upper edge from neck to tip
    studio: bool = False  # before a plain background

    @property
    def shoulders(self) -> Shoulders:
        """How it hangs. Off the shoulders, but on straps, is on straps."""
        dip = float(self.template.dip[1]) - self.neck_y
        if self.template.shoulders == "off" and dip > STRAPPED * (self.pit_y - self.neck_y):
            return "straps"
        return self.template.shoulders

    @property
    def draped(self) -> bool:
        """Whether it hangs from a hanger: no background parts its sleeves from a body that is no
        wider than the shoulders."""
        if self.studio or not self.ribs:
            return False
        closed = float(np.mean([ribs.closed.mean() for ribs in self.ribs.values()]))
        across = float(self.tip[1][0] - self.tip[-1][0])
        return closed > CLOSED and self.chest < across

    @property
    def hooded(self) -> bool:
        """Whether a hood lies above the neck: higher than a collar and as wide as the neck."""
        if not self.ribs:
            return False
        half = 0.5 * self.neck_width
        middle = 0.5 * float(self.neck[-1][0] + self.neck[1][0])
        near = self.top[max(int(middle - 0.3 * half), 0) : int(middle + 0.3 * half) + 1]
        rise = self.neck_y - float(np.median(near)) if len(near) else 0.0
        row = self.mask[int(np.clip(self.neck_y - 0.5 * rise, 0, len(self.mask) - 1))]
        wide = row[max(int(middle - 2 * half), 0) : int(middle + 2 * half)].sum()
        return rise > HOOD * half and float(wide) > HOOD_WIDE * self.neck_width

    @property
    def halter(self) -> bool:
        """Whether it holds round the neck: what falls away beside it is no shoulder."""
        if self.template.shoulders == "straps":
            return False
        return all(_falls(self.template.side(s), self.template.shoulders) for s in SIDES)

    @property
    def bare(self) -> int:
        """The side of a bare shoulder, where the other one is covered; else 0."""
        if self.template.shoulders != "one":
            return 0
        return -1 if self.neck[-1][1] > self.neck[1][1] else 1

    @property
    def neck_y(self) -> float:
        """Mean row of the neck points; that of the one shoulder."""
        if self.bare:
            return float(self.neck[-self.bare][1])
        return float(self.neck[-1][1] + self.neck[1][1]) / 2

    @property
    def pit_y(self) -> float:
        """Mean row of the armpits."""
        return float(self.pit[-1][1] + self.pit[1][1]) / 2

    @property
    def hem_y(self) -> float:
        """Mean row of the hem's corners."""
        return float(self.template.left.hem[1] + self.template.right.hem[1]) / 2

    @property
    def chest(self) -> float:
        """From armpit to armpit."""
        return max(float(self.pit[1][0] - self.pit[-1][0]), 1.0)

    @property
    def neck_width(self) -> float:
        """From neck point to neck point; twice as far as the one shoulder's lies from the axis."""
        if self.bare:
            return max(2 * abs(float(self.neck[-self.bare][0]) - self.axis), 1.0)
        return max(float(self.neck[1][0] - self.neck[-1][0]), 1.0)

    @property
    def shoulder_px(self) -> float:
        """Mean length of the shoulder lines."""
        if self.bare:
            return float(lengths(self.shoulder[-self.bare])[-1])
        return float(np.mean([lengths(line)[-1] for line in self.shoulder.values()]))

    @property
    def sleeve_px(self) -> float:
        """Mean length of the sleeves there are, along their outer edge; 0 without."""
        return float(np.mean([ribs.length for ribs in self.ribs.values()])) if self.ribs else 0.0

    def half(self, s: int, name: str) -> float:
        """How far the template's point lies from the axis."""
        return abs(float(getattr(self.template.side(s), name)[0]) - self.axis)


def in_photo(mask: Mask, template: Upper, *, studio: bool) -> UpperPhoto:
    """Read an upright photo. `mask`: not empty."""
    left, right = template.left, template.right
    axis = float(left.neck[0] + right.neck[0] + left.pit[0] + right.pit[0]) / 4
    top = bridged(np.where(mask.any(0), mask.argmax(0), np.nan), 0.0)
    most = _overhang(top, left.neck, right.neck)
    neck = {s: _on_top(top, template.side(s).neck, most) for s in SIDES}
    tip = {s: _tip(top, template.side(s), template.shoulders) for s in SIDES}
    pit = {s: _pit(mask, template.side(s), axis, s) for s in SIDES}
    _even_pits(pit)
    _raise_pits(mask, pit, neck, template, axis)
    if template.shoulders == "one":
        _bare_shoulder(top, neck, tip, pit, axis)
    ribs = {
        s: sleeve_ribs(mask, template.side(s), tip[s], pit[s], studio=studio)
        for s in SIDES
        if template.side(s).sleeved
    }
    shoulder = {s: _shoulder(top, neck[s], tip[s], most) for s in SIDES}
    return UpperPhoto(mask, template, axis, top, neck, tip, pit, ribs, shoulder, studio)


def _overhang(top: Numbers, left: Numbers, right: Numbers) -> float:
    """How far the cloth's upper edge may lie from neck and shoulders: where cloth stands above the
    middle of the neck it may hang over them."""
    wide = abs(float(right[0] - left[0]))
    columns = np.linspace(0.65 * left[0] + 0.35 * right[0], 0.35 * left[0] + 0.65 * right[0], 9)
    middle = float(np.median(top[np.clip(columns, 0, len(top) - 1).astype(int)]))
    return NEAR * wide if 0.5 * float(left[1] + right[1]) - middle > OVER * wide else np.inf


def _on_top(top: Numbers, point: Numbers, most: float = np.inf) -> Numbers:
    """The point moved up or down to the cloth's upper edge, if that is near."""
    edge = top[int(np.clip(point[0], 0, len(top) - 1))]
    return np.array([point[0], edge if abs(edge - point[1]) <= most else point[1]])


def _tip(top: Numbers, side: UpperSide, shoulders: Shoulders) -> Numbers:
    """The shoulder's tip: of a sleeved garment on the upper edge above the template's, else where
    the template has it."""
    snapped = _on_top(top, side.tip)
    depth = abs(float(side.pit[1] - side.neck[1]))
    if _falls(side, shoulders):
        return np.asarray(side.neck + STRAP * (side.tip - side.neck), float)
    if side.sleeved or abs(snapped[1] - side.tip[1]) < 0.25 * depth:
        return snapped
    return np.asarray(side.tip, float)


def _falls(side: UpperSide, shoulders: Shoulders) -> bool:
    """Whether a halter falls away from the neck: too much for a shoulder."""
    depth = abs(float(side.pit[1] - side.neck[1]))
    aside, fall = abs(float(side.tip[0] - side.neck[0])), float(side.tip[1] - side.neck[1])
    steep = shoulders != "straps" and fall > max(STEEP * aside, STEEP_FALL * depth)
    return not side.sleeved and (fall > HALTER * depth or steep)


def _pit(mask: Mask, side: UpperSide, axis: float, s: int) -> Numbers:
    """The armpit; without a sleeve on the outline."""
    point = np.array(side.pit, float)
    if side.sleeved:
        return point
    wide = abs(point[0] - axis)
    found = reach(
        mask, np.array([[axis, point[1]]]), np.array([[float(s), 0.0]]), np.array([1.6 * wide])
    )[0]
    point[0] = axis + s * (found if np.isfinite(found) and found > 0.5 * wide else wide)
    return point


def _even_pits(pit: dict[int, Numbers]) -> None:
    """Armpits of very different height are drawn half-way to their mean, in place."""
    middle = 0.5 * (pit[-1][1] + pit[1][1])
    if abs(pit[-1][1] - pit[1][1]) > 0.12 * abs(pit[-1][0] - pit[1][0]):
        for s in SIDES:
            pit[s][1] = 0.5 * (pit[s][1] + middle)


def _bare_shoulder(
    top: Numbers,
    neck: dict[int, Numbers],
    tip: dict[int, Numbers],
    pit: dict[int, Numbers],
    axis: float,
) -> None:
    """The upper edge runs to the armpit of a bare shoulder: its neck point and tip, in place."""
    rim, rows = {}, {}
    for s in SIDES:
        share = np.concatenate([BARE_AT, np.linspace(*COVERED_AT, 9)])
        x = axis + s * share * abs(float(pit[s][0]) - axis)
        rim[s] = np.column_stack([x, top[np.clip(x, 0, len(top) - 1).astype(int)]])
        rows[s] = float(np.median(rim[s][len(BARE_AT) :, 1]))
    s = -1 if rows[-1] > rows[1] else 1
    neck[s], tip[s] = rim[s][: len(BARE_AT)]
    tip[s][1] = min(float(tip[s][1]), float(pit[s][1]) - 1.0)


def _raise_pits(
    mask: Mask,
    pit: dict[int, Numbers],
    neck: dict[int, Numbers],
    template: Upper,
    axis: float,
) -> None:
    """Armpits that are too low, mended in place: where a hanging sleeve parts from the body, or on
    a halter's side."""
    chest = float(pit[1][0] - pit[-1][0])
    for s in SIDES:
        side, depth = template.side(s), float(pit[s][1] - neck[s][1])
        if side.sleeved:
            way = side.cuff - (side.tip + pit[s]) / 2
            hangs = float(way[1]) > HANGING * abs(float(way[0]))
            if hangs and depth > DEEP_ARMHOLE * chest:
                pit[s][1] = neck[s][1] + USUAL_ARMHOLE * chest
        elif depth > DEEP_ARMHOLE * chest:
            raised = side.pit + np.array([0.0, USUAL_ARMHOLE * chest - depth])
            pit[s] = _pit(mask, replace(side, pit=raised), axis, s)


def _shoulder(top: Numbers, neck: Numbers, tip: Numbers, most: float) -> Numbers:
    x = np.linspace(neck[0], tip[0], 12)
    y = top[np.clip(x, 0, len(top) - 1).astype(int)]
    straight = np.linspace(neck[1], tip[1], 12)
    allowed = 0.25 * np.linalg.norm(tip - neck) + 2
    y = np.where(y < straight - most, straight, np.clip(y, straight - allowed, straight + allowed))
    line = np.column_stack([x, y])
    line[-1] = tip
    return pinned(line, 0.8)


# ---------------------------------------------------------------- sleeves


def sleeve_ribs(mask: Mask, side: UpperSide, tip: Numbers, pit: Numbers, *, studio: bool) -> Ribs:
    """A sleeve between armhole and cuff: ribs from the inner line to the outer one, both divided by
    length.

    They are drawn out, or in, to where cloth ends; where no background parts the sleeve from the
    body the template's
    line holds.
    """
    t = np.linspace(0, 1, RIBS)
    outer, inner = (
        _divided(line, t)
        for line in (
            (tip, side.elbow_outer, side.cuff_outer),
            (pit, side.elbow_inner, side.cuff_inner),
        )
    )
    outer, inner = _to_cuff(mask, outer, inner)
    way, wide = unit(outer - inner), np.maximum(np.linalg.norm(outer - inner, axis=1), 1e-6)
    start = (outer + inner) / 2
    loose = np.clip(t * 4, 0, 1)  # at the armhole both ends stay
    slack = RUFFLE if studio else SLACK
    found = reach(mask, start, way, (0.5 + slack) * wide + 3)
    off = np.where(np.isfinite(found) & (found > 0.15 * wide), found - 0.5 * wide, np.nan)
    off = bridged(off, 0.0)
    even = robust(np.clip(off, -SLACK * wide, SLACK * wide), 3) * loose
    if studio:  # ruffles and tiers stand out: a clean outline says so
        even = np.maximum(even, _crests(np.clip(off, -SLACK * wide, slack * wide)) * loose)
    outer = outer + way * even[:, None]
    found = reach(mask, start, -way, (0.5 + 0.6 * SLACK) * wide + 3)
    closed = np.isinf(found)
    off = np.where(closed | (found < 0.15 * wide), 0.0, found - 0.5 * wide)
    off = np.clip(off, -SLACK * wide, 0.6 * SLACK * wide)
    even = robust(off, 3)
    even[-AT_CUFF:] = np.minimum(even, off)[-AT_CUFF:]  # no background inside the cuff's corner
    inner = inner - way * (even * loose)[:, None]
    along = unit((outer[-1] + inner[-1]) - (outer[-4] + inner[-4]))
    lowest = float(max(outer[-1][1], inner[-1][1]))
    return Ribs(pinned(outer, 1.0), pinned(inner, 1.0), np.asarray(closed), along, lowest)


def _to_cuff(mask: Mask, outer: Numbers, inner: Numbers) -> tuple[Numbers, Numbers]:
    """The ribs up to where cloth ends on the sleeve's outer half."""
    share = np.linspace(*OUTER_HALF, 5)[None, :, None]
    points = inner[:, None] + share * (outer - inner)[:, None]
    x, y = np.moveaxis(np.round(points).astype(int), -1, 0)
    there = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    cloth = there & mask[np.clip(y, 0, mask.shape[0] - 1), np.clip(x, 0, mask.shape[1] - 1)]
    bare = cloth.mean(1) <= 0.5
    ends = np.nonzero(bare[SHORTEST:-1] & bare[SHORTEST + 1 :])[0]
    if not len(ends):
        return outer, inner
    at = np.linspace(0, SHORTEST + int(ends[0]) - 1, RIBS)
    rows = np.arange(RIBS)
    cut = [
        np.column_stack([np.interp(at, rows, line[:, k]) for k in (0, 1)])
        for line in (outer, inner)
    ]
    return cut[0], cut[1]


def _crests(values: Numbers) -> Numbers:
    """The line over a row of numbers' crests."""
    around = np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5)
    return smooth(around.max(1), 0.8)


def _divided(corners: tuple[Numbers, Numbers, Numbers], share: Numbers) -> Numbers:
    """Points at these shares of a bent line's length, the bend rounded."""
    line = np.asarray(corners, float)
    return pinned(at_length(line, share * lengths(line)[-1]), 1.5)


# ---------------------------------------------------------------- the trunk's edges


def trunk_edges(photo: UpperPhoto, rows: Numbers) -> tuple[dict[int, Numbers], dict[int, Numbers]]:
    """Half widths below the armpits by side and row: the trunk's own, and what is in sight."""
    edge, seen = {}, {}
    for s in SIDES:
        edge[s], seen[s] = _trunk_edge(photo, rows, s)
    return edge, seen


def _trunk_edge(photo: UpperPhoto, rows: Numbers, s: int) -> tuple[Numbers, Numbers]:
    side = photo.template.side(s)
    waist_y = float(side.waist[1])
    at = [photo.pit_y, waist_y, max(float(side.hem[1]), waist_y + 1)]
    armpit = abs(float(photo.pit[s][0]) - photo.axis)
    expected = np.interp(rows, at, [armpit, photo.half(s, "waist"), photo.half(s, "hem")])
    cuff_y = photo.ribs[s].lowest if s in photo.ribs else -1.0
    near = rows < cuff_y + 0.05 * (photo.hem_y - photo.pit_y)
    starts = np.column_stack(
        [photo.axis + s * 0.4 * expected, np.minimum(rows, photo.mask.shape[0] - 1)]
    )
    most = (0.6 + np.where(near, 0.16, 0.45)) * expected + 3
    found = reach(photo.mask, starts, np.tile([float(s), 0.0], (len(rows), 1)), most)
    parted = np.isfinite(found) & (found >= 0.08 * expected)
    edge = np.where(parted, 0.4 * expected + np.where(np.isfinite(found), found, 0), expected)
    edge[0] = armpit
    edge = firm(robust(edge, 4))
    edge[0] = armpit
    return edge, _beside_sleeve(photo, rows, s, edge)


def _beside_sleeve(photo: UpperPhoto, rows: Numbers, s: int, edge: Numbers) -> Numbers:
    """The edge drawn in to where a sleeve lies over the trunk: what is under it the photo does not
    show."""
    if s not in photo.ribs:
        return edge
    inner = photo.ribs[s].inner
    order = np.argsort(inner[:, 1])
    covers = (rows > inner[:, 1].min() + 2) & (rows < inner[:, 1].max())
    beside = np.abs(np.interp(rows, inner[order, 1], inner[order, 0]) - photo.axis) - 1.0
    fade = np.clip((rows - rows[0]) / max(0.06 * (rows[-1] - rows[0]), 1), 0, 1)  # the armpit stays
    drawn = np.where(covers, np.clip(beside, LEAST_SEEN * edge, edge), edge)
    return smooth(edge + (drawn - edge) * fade, 1.0)


def free_px(mask: Mask, points: Numbers, s: int) -> Numbers:
    """How far a chart may reach sideways beyond these points of its edge without meeting other
    cloth, at most MARGIN_PX."""
    ways = np.tile([float(s), 0.0], (len(points), 1))
    # Where cloth ends
    past = reach(mask, points - ways * 2, ways, np.full(len(points), 2 + 2 * MARGIN_PX))
    past = np.where(np.isfinite(past), past - 2, np.inf)
    out = np.isfinite(past)
    starts = points + ways * np.where(out, past + 0.5, 0)[:, None]
    gap = reach(~mask, starts, ways, np.full(len(points), 3 * MARGIN_PX))
    free = np.where(
        np.isinf(gap), MARGIN_PX, np.maximum(past, 0) + 0.45 * np.where(np.isfinite(gap), gap, 0)
    )
    return np.where(out, np.clip(free, 0, MARGIN_PX), 0.0)


def firm(edge: Numbers) -> Numbers:
    """Half widths from top to hem that don't run in where the hem's corner is rounded or hangs
    higher."""
    a, b = int(0.6 * len(edge)), int(0.86 * len(edge))
    k = np.arange(len(edge))
    straight = edge[b] + (edge[b] - edge[a]) / max(b - a, 1) * (k - b)
    return np.where(k > b, np.maximum(edge, straight), edge)


def hem_below(photo: UpperPhoto, columns: Numbers, edge: dict[int, Numbers]) -> Numbers:
    """How far below the hem's row the cloth ends, by column (-1..1)."""
    length = photo.hem_y - photo.pit_y
    x = photo.axis + columns * np.where(columns < 0, edge[-1][-1], edge[1][-1])
    x = np.clip(x, photo.axis - 0.97 * edge[-1][-1], photo.axis + 0.97 * edge[1][-1])
    y = photo.pit_y + 0.8 * length
    starts = np.column_stack([x, np.full(len(x), y)])
    found = reach(
        photo.mask, starts, np.tile([0.0, 1.0], (len(x), 1)), np.full(len(x), 0.36 * length + 6)
    )
    below = np.where(np.isfinite(found) & (found > 0.1 * length), y + found - photo.hem_y, np.nan)
    return robust(np.clip(bridged(below, 0.0), -0.18 * length, 0.14 * length), 3)


def armhole_bulge(photo: UpperPhoto, s: int, count: int) -> Numbers:
    """How far a sleeveless armhole's outline lies outside the line from tip to armpit, in its
    `count` points."""
    line = photo.tip[s] + np.linspace(0, 1, count)[:, None] * (photo.pit[s] - photo.tip[s])
    wide = np.maximum(np.abs(line[:, 0] - photo.axis), 4.0)
    rows = np.clip(line[:, 1] + 1, 0, photo.mask.shape[0] - 1)
    starts = np.column_stack([photo.axis + s * 0.4 * wide, rows])
    found = reach(photo.mask, starts, np.tile([float(s), 0.0], (count, 1)), 1.1 * wide + 4)
    bulge = np.where(np.isfinite(found) & (found > 0), 0.4 * wide + found - wide, np.nan)
    bulge = np.clip(bridged(bulge, 0.0), -0.45 * wide, 0.35 * wide)
    bulge = smooth(bulge, 1.0)
    bulge[0] = bulge[-1] = 0.0
    return bulge
