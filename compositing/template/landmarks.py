"""From a fitted shape to a template: named points, on the outline where background shows them."""

from dataclasses import replace

import numpy as np

from compositing.arrays import Floats
from compositing.template import upper
from compositing.template.fitting import Fitted
from compositing.template.frame import TURN
from compositing.template.legs import LegsShape
from compositing.template.model import Legs, LegsSide, Skirt, SkirtSide, Template, Upper, UpperSide
from compositing.template.neckline import LIKELY, LIKELY_OPEN, dip
from compositing.template.outline import Outline, outline_of
from compositing.template.shoulders import bare_side, shoulders
from compositing.template.silhouette import Array, Silhouette
from schemas.categories import GarmentCategory as G

NO_FARTHER = 0.45
"""A corner is looked for within this share of the way to one of another part."""
UNLIKE = 0.3
"""Shoulder tips that lie so unlike beside the fitted ones, over half the chest: one is none."""
FOLD_ASIDE, FOLD_NEAR, FOLD_LONG, FOLD, CAPPED = 0.1, 0.09, 1.6, 0.06, 0.85
"""Where the outline shows a cuff's inner corner, its outer one lies so far beside the armpit, over
half the chest, both so near to the outline, and the way between them is so much longer than
straight: the corner stands out by so much, or the cuff runs nearly so far to the armpit, as a
cap's does.
"""
OPEN_FRONTS = frozenset({G.CARDIGAN, G.BLAZER, G.VEST})
"""Their fronts open to a V."""


def template(found: Fitted, silhouette: Silhouette, alpha: Floats, category: G) -> Template:
    """The named points of what was fitted; `alpha`: of the cut-out itself."""
    nodes, turn = silhouette.back(found.nodes), float(found.numbers[TURN])
    outline = outline_of(alpha, turn)
    if isinstance(found.shape, upper.UpperShape):
        likely = LIKELY_OPEN if category in OPEN_FRONTS else LIKELY
        return _upper(found, nodes, silhouette, outline, likely)
    if isinstance(found.shape, LegsShape):
        return _legs(found, nodes, turn, outline)
    return _skirt(found, nodes, turn, outline)


def _upper(
    found: Fitted, nodes: Array, silhouette: Silhouette, outline: Outline, likely: float
) -> Upper:
    sleeved = len(nodes) > upper.ARMS
    chest = 0.5 * float(np.hypot(*(nodes[3] - nodes[upper.PER_SIDE + 3])))
    side = _sleeved_side if sleeved else _bare_side
    named = [_named(nodes, i, sleeved=sleeved) for i in (0, 1)]
    left, right = (side(one, s, chest, outline) for one, s in zip(named, (-1, 1), strict=True))
    if sleeved:
        left, right = _alike(left, right, named, chest, outline)
    necks, tips, pits = (
        silhouette.here(np.stack([getattr(left, name), getattr(right, name)]))
        for name in ("neck", "tip", "pit")
    )
    back = -float(found.numbers[upper.RISE]) * chest * silhouette.scale
    lowest = silhouette.back(dip(silhouette, necks, pits, back, likely))
    held = shoulders(silhouette, necks, tips, pits, sleeved=sleeved)
    iou = (
        found.iou
        if held != "one"
        else _one_sided_iou(found, silhouette, bare_side(silhouette, pits))
    )
    return Upper(left, right, lowest, held, float(found.numbers[TURN]), iou, found.strain)


def _one_sided_iou(found: Fitted, silhouette: Silhouette, bare: int) -> float:
    """The overlap of a garment whose upper edge runs from one shoulder to the other armpit."""
    nodes = found.nodes.copy()
    side = nodes[upper.PER_SIDE * bare : upper.PER_SIDE * (bare + 1)]
    side[: upper.SIDE_NODES.index("pit")] = side[upper.SIDE_NODES.index("pit")]
    ends = nodes[0], nodes[upper.PER_SIDE]
    share = 0.5 * (1 + np.array(upper.ACROSS))[:, None]
    nodes[upper.NECKLINE : upper.BOTTOM] = ends[0] + share * (ends[1] - ends[0])
    return max(silhouette.iou(found.shape.polygons(nodes)), found.iou)


def _named(nodes: Array, i: int, *, sleeved: bool) -> dict[str, Array]:
    named = dict(zip(upper.SIDE_NODES, upper.side_of(nodes, i), strict=True))
    if sleeved:
        named |= zip(upper.SLEEVE_NODES, upper.arm_of(nodes, i), strict=True)
    return named


def _bare_side(named: dict[str, Array], s: int, chest: float, outline: Outline) -> UpperSide:
    tip = outline.corner(named["tip"], (s * 0.8, -0.6), 0.16 * chest)
    pit = outline.corner(named["pit"], (s * 0.9, -0.35), 0.2 * chest)
    hole = 0.5 * (tip + pit)
    return UpperSide(
        neck=_neck(named, s, chest, outline),
        tip=tip,
        pit=pit,
        waist=outline.beside(named["waist"], 0.2 * chest),
        hem=_hem_corner(named["hem"], s, 0.25 * chest, outline),
        elbow=hole,
        elbow_outer=tip,
        elbow_inner=pit,
        cuff=hole,
        cuff_outer=tip,
        cuff_inner=pit,
        sleeved=False,
        sleeve_px=0.0,
    )


def _sleeved_side(named: dict[str, Array], s: int, chest: float, outline: Outline) -> UpperSide:
    tip = outline.corner(named["tip"], _shoulder_normal(named, s, outline), 0.25 * chest, stay=0.1)
    pit = outline.apex(named["pit"], s, chest)
    along = named["cuff"] - named["elbow"]
    along = along / max(float(np.hypot(*along)), 1e-6)
    down = np.array([along @ outline.right, along @ outline.down])
    out = np.array([s * down[1], -s * down[0]])
    cuff_outer = outline.corner(named["cuff_outer"], tuple(down + out), 0.2 * chest)
    cuff_inner = _fold(cuff_outer, pit, s, chest, outline)
    if cuff_inner is None:
        cuff_inner = outline.corner(named["cuff_inner"], tuple(down - 0.5 * out), 0.12 * chest)
    apart = float(np.hypot(*(named["hem"] - named["cuff_inner"])))
    radius = min(max(NO_FARTHER * apart, 0.05 * chest), 0.25 * chest)
    hole, cuff, elbow = 0.5 * (tip + pit), 0.5 * (cuff_outer + cuff_inner), named["elbow"]
    px = float(np.hypot(*(elbow - hole)) + np.hypot(*(cuff - elbow)))
    return UpperSide(
        neck=_neck(named, s, chest, outline),
        tip=tip,
        pit=pit,
        waist=outline.beside(named["waist"], 0.2 * chest),
        hem=_hem_corner(named["hem"], s, radius, outline),
        elbow=elbow,
        elbow_outer=outline.nearest(named["elbow_outer"], 0.15 * chest),
        elbow_inner=outline.nearest(named["elbow_inner"], 0.15 * chest),
        cuff=cuff,
        cuff_outer=cuff_outer,
        cuff_inner=cuff_inner,
        sleeved=True,
        sleeve_px=px,
    )


def _fold(outer: Array, pit: Array, s: int, chest: float, outline: Outline) -> Array | None:
    """The cuff's inner corner: what of the outline from its outer corner to the armpit lies
    farthest off the straight way; None where no such outline is seen."""
    if s * float((outer - pit) @ outline.right) <= FOLD_ASIDE * chest:
        return None
    way = outline.way(outer, pit, FOLD_NEAR * chest)
    straight = pit - outer
    length = float(np.hypot(*straight))
    if len(way) < 2 or len(way) > FOLD_LONG * length:
        return None
    normal = np.array([-straight[1], straight[0]]) / max(length, 1e-6)
    off = (way - outer) @ (normal if normal @ outline.down > 0 else -normal)
    at = int(off.argmax())
    return np.asarray(way[at if off[at] > FOLD * chest else int(CAPPED * (len(way) - 1))])


def _alike(
    left: UpperSide, right: UpperSide, named: list[dict[str, Array]], chest: float, outline: Outline
) -> tuple[UpperSide, UpperSide]:
    """Shoulder tips as far from the fitted shape's, which are alike, on both sides: on a shoulder
    that is round a corner is where noise has it. Of very unlike ones the nearer holds."""
    frame = np.stack([outline.right, outline.down])
    mirror = np.array([-1.0, 1.0])
    offs = [frame @ (one.tip - fit["tip"]) for one, fit in zip((left, right), named, strict=True)]
    offs[0] = offs[0] * mirror
    if float(np.hypot(*(offs[0] - offs[1]))) > UNLIKE * chest:
        off = min(offs, key=lambda one: float(np.hypot(*one)))
    else:
        off = 0.5 * (offs[0] + offs[1])
    sides = []
    for one, fit, flip in zip((left, right), named, (mirror, np.ones(2)), strict=True):
        tip = outline.nearest(fit["tip"] + frame.T @ (off * flip), 0.12 * chest)
        hole = 0.5 * (tip + one.pit)
        px = float(np.hypot(*(one.elbow - hole)) + np.hypot(*(one.cuff - one.elbow)))
        sides.append(replace(one, tip=tip, sleeve_px=px))
    return sides[0], sides[1]


def _shoulder_normal(named: dict[str, Array], s: int, outline: Outline) -> tuple[float, float]:
    """Halfway between the ways that shoulder line and sleeve face: (right, down) of the garment."""
    ways = [named["tip"] - named["neck"], named["elbow_outer"] - named["tip"]]
    way = np.sum([one / max(float(np.hypot(*one)), 1e-6) for one in ways], axis=0)
    aside, down = s * float(way @ outline.right), float(way @ outline.down)
    return s * down, -aside


def _neck(named: dict[str, Array], s: int, chest: float, outline: Outline) -> Array:
    return outline.nearest(named["neck"], 0.2 * chest)


def _hem_corner(hem: Array, s: int, radius: float, outline: Outline) -> Array:
    return outline.corner(hem, (s * 0.7, 0.7), radius)


def _legs(found: Fitted, nodes: Array, turn: float, outline: Outline) -> Legs:
    hips = 0.5 * float(np.hypot(*(nodes[1] - nodes[9])))
    crotch = outline.corner(0.5 * (nodes[17] + nodes[18]), (0.0, -1.0), 0.4 * hips, hollow=True)
    apart = float(np.hypot(*(nodes[6] - nodes[14])))
    radius = min(max(NO_FARTHER * apart, 0.06 * hips), 0.25 * hips)
    sides = []
    for i, s in ((0, -1), (1, 1)):
        waist, hip, top, knee_outer, hem_outer, _, hem_inner, knee_inner = nodes[8 * i : 8 * i + 8]
        hem_outer = outline.corner(hem_outer, (s * 0.7, 0.7), 0.25 * hips)
        hem_inner = outline.corner(hem_inner, (-s * 0.7, 0.7), radius)
        sides.append(
            LegsSide(
                waist=outline.corner(waist, (s * 0.6, -0.8), 0.25 * hips),
                hip=outline.beside(hip, 0.2 * hips),
                top_outer=outline.beside(top, 0.2 * hips),
                crotch=crotch,
                knee_outer=outline.beside(knee_outer, 0.2 * hips),
                knee_inner=outline.beside(knee_inner, 0.2 * hips),
                hem_outer=hem_outer,
                hem_inner=hem_inner,
                hem=0.5 * (hem_outer + hem_inner),
            )
        )
    return Legs(sides[0], sides[1], turn, found.iou, found.strain)


def _skirt(found: Fitted, nodes: Array, turn: float, outline: Outline) -> Skirt:
    hips = 0.5 * float(np.hypot(*(nodes[1] - nodes[5])))
    sides = []
    for i, s in ((0, -1), (1, 1)):
        waist, hip, _, hem = nodes[4 * i : 4 * i + 4]
        at_waist = outline.corner(waist, (s * 0.7, -0.7), 0.25 * hips)
        at_hem = outline.corner(hem, (s * 0.7, 0.7), 0.25 * hips)
        sides.append(SkirtSide(at_waist, outline.beside(hip, 0.2 * hips), at_hem))
    return Skirt(
        sides[0], sides[1], outline.nearest(nodes[10], 0.2 * hips), turn, found.iou, found.strain
    )
