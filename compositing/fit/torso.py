"""How a garment's body sits: on the shoulders, outside the chest, over the hips.

The map keeps rows in order and widens each row by one factor, so that stripes stay even; near the shoulders it follows
the mannequin's shoulder line.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from compositing.cut.background import Floats
from compositing.fit.maps import Points
from compositing.garment.silhouette import Point
from compositing.garment.upper import UpperLandmarks
from compositing.mannequin import Mannequin
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

OUTER = {GarmentCategory.JACKET: 1.10, GarmentCategory.COAT: 1.12, GarmentCategory.BLAZER: 1.08, GarmentCategory.HOODIE: 1.06}
"""Outer garments are wider than what they are worn over."""
LENGTH = 0.92
"""A flat garment is wider than the silhouette it hangs on, so its length shrinks a little less than its width."""
CLOTH_PX = 3
EASE = 1.04
DEEP_ARMHOLE_PX = 34
"""An armhole hangs at most so far below the armpit (at 1024 pixels' width)."""
NECK_BASE = 1.28
"""Where the shoulder begins, in half widths of the neck: nearer to it the outline climbs up the neck."""
MAX_WIDEN = 1.5
WELL_ABOVE, MOST_LARGER = 1.04, 1.3
HALTER = 0.85
"""A chest narrower than this share of what is below it does not set the scale."""
WAIST_SHIFT = 0.18
OFF_SHOULDER = 0.42
"""What is worn off the shoulders ends so far up from the armpit to the shoulder."""


@dataclass(frozen=True, slots=True)
class TorsoMap:
    """See the module. Columns of the look and of the photo count from the axes."""

    body: Mannequin
    found: UpperLandmarks
    width: float  # look pixels per photo pixel at the armpits
    ys: Points  # rows of the look ...
    rows: Points  # ... and what they show of the photo, at the axis
    widen: Floats  # per row of the look: how much wider than `width`
    line: Floats  # per column of the look: the shoulder line
    armpit_y: float
    top_to: Points  # columns from the axis at the shoulder line: look
    top_frm: Points  # and photo
    step_px: int = 8

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Everything from collar to hem."""
        reach = self.width * float(self.widen.max()) * float(max(self.found.axis_x, self.photo_width - self.found.axis_x))
        top = float(np.nanmin(self.line)) - self.width * float(self.found.shoulder_line.min()) - 30 * self.body.scale
        return self.body.centre_x - reach, top, self.body.centre_x + reach, float(self.ys[-1]) + 20 * self.body.scale

    @property
    def photo_width(self) -> float:
        """In pixels."""
        return float(len(self.found.shoulder_line))

    @property
    def stretch(self) -> float:
        """Wider is more."""
        return self.width * float(np.median(self.widen))

    def photo(self, points: Points) -> Points:
        """See the class."""
        x, y = points[:, 0], points[:, 1]
        column = np.clip(x, 0, len(self.line) - 1)
        line = np.interp(column, np.arange(len(self.line)), self.line)
        widen = np.interp(y, np.arange(len(self.widen)), self.widen)
        aside = x - self.body.centre_x
        straight = aside / (self.width * widen)
        reach = np.abs(aside)
        end_to, end_frm = self.top_to[-1], self.top_frm[-1]
        bent = np.sign(aside) * np.where(
            reach <= end_to, np.interp(reach, self.top_to, self.top_frm), end_frm + (reach - end_to) / self.width
        )
        zone = np.maximum(self.armpit_y - line, 1)
        share = np.clip((self.armpit_y - y) / zone, 0, 1)
        share = share * share * (3 - 2 * share)
        across = straight * (1 - share) + bent * share
        base = self._row(y)
        wanted = np.interp(self.found.axis_x + bent, np.arange(len(self.found.shoulder_line)), self.found.shoulder_line)
        shift = wanted - self._row(line)
        slope = float(np.min(np.diff(self.rows) / np.diff(self.ys)))
        deep = np.maximum(zone, 1.7 * np.abs(shift) / slope)
        fade = np.clip((y - line) / deep, 0, 1)
        return np.column_stack([self.found.axis_x + across, base + shift * (1 - fade * fade * (3 - 2 * fade))])

    def _row(self, y: Points) -> Points:
        inside = np.interp(y, self.ys, self.rows)
        first = (self.rows[1] - self.rows[0]) / (self.ys[1] - self.ys[0])
        last = (self.rows[-1] - self.rows[-2]) / (self.ys[-1] - self.ys[-2])
        before, after = np.minimum(y - self.ys[0], 0), np.maximum(y - self.ys[-1], 0)
        return np.asarray(inside + before * first + after * last)


def fit_torso(category: GarmentCategory, found: UpperLandmarks, body: Mannequin) -> tuple[TorsoMap, dict[int, Point]]:
    """The map of the garment's body, and where each shoulder's tip comes to lie.

    Cloth keeps its proportions: what had to be widened along its whole length is lengthened too.
    """
    width = _width(category, found, body)
    torso, tips = _torso(category, found, body, width)
    rows = slice(int(torso.ys[0]), int(max(torso.ys[0] + 8, min(torso.ys[-1], body.hip_y))))
    widened = float(np.clip(np.median(torso.widen[rows]), 1, MOST_LARGER))
    return _torso(category, found, body, width * widened) if widened > WELL_ABOVE else (torso, tips)


def _torso(
    category: GarmentCategory, found: UpperLandmarks, body: Mannequin, width: float
) -> tuple[TorsoMap, dict[int, Point]]:
    full = CATEGORIES[category].region is BodyRegion.FULL
    height = width * (1.0 if full else LENGTH)
    tip_x = {side: body.sides[side].armpit[0] + side * 2 * body.scale for side in (-1, 1)}
    natural = max(body.sides[side].armpit[1] for side in (-1, 1)) + 2 * body.scale
    edge_px = float(np.mean([abs(x - body.centre_x) for x in tip_x.values()]))
    neck_to, tip_to, neck_frm, tip_frm = _across(found, body, width, edge_px)
    line = _line(found, body, neck_to, tip_to, natural)
    tip_y = float(np.mean([line[int(body.centre_x + side * tip_to)] for side in (-1, 1)]))
    shoulder_y = float(np.mean([found.shoulder[side][1] for side in (-1, 1)]))
    armpit_y = float(np.clip(tip_y + height * (found.armpit_y - shoulder_y), natural, natural + DEEP_ARMHOLE_PX * body.scale))
    ys, rows = _rows(found, body, armpit_y, height)
    knots_to, knots_frm = np.array([0, neck_to, tip_to]), np.array([0, neck_frm, tip_frm])
    torso = TorsoMap(
        body, found, width, ys, rows, _widen(found, body, width, ys, rows, full=full), line, armpit_y, knots_to, knots_frm
    )
    tips = {side: np.array([body.centre_x + side * tip_to, line[int(body.centre_x + side * tip_to)]]) for side in (-1, 1)}
    return torso, tips


def _width(category: GarmentCategory, found: UpperLandmarks, body: Mannequin) -> float:
    """By the chest; with sleeves, where the shoulders are narrower than the chest is wide, by the shoulders."""
    chest_px = body.sides[1].armpit[0] - body.sides[-1].armpit[0]
    row = int(np.clip(found.armpit_y + 0.03 * found.hem_y, 0, len(found.half) - 1))
    below = found.half[row : max(row + 1, int(row + 0.45 * (found.hem_y - row)))]
    own = max(2 * float(found.half[row]), HALTER * 2 * float(np.median(below)))
    across = (
        float(np.clip(own, 8, 1.15 * abs(found.armpit[1][0] - found.armpit[-1][0]) + 8)) if _sleeved(found) else max(own, 8)
    )
    by_chest = EASE * OUTER.get(category, 1.0) * chest_px / across
    if not _sleeved(found):
        return float(by_chest)
    tips = max(float(found.shoulder[1][0] - found.shoulder[-1][0]), 8.0)
    return float(np.clip(EASE * chest_px / tips, by_chest, 1.25 * by_chest))


def _sleeved(found: UpperLandmarks) -> bool:
    return found.sleeve[-1] is not None or found.sleeve[1] is not None


def _across(found: UpperLandmarks, body: Mannequin, width: float, edge_px: float) -> tuple[float, float, float, float]:
    """How far from the axis neck and tip are: in the look, in the photo."""
    neck_frm = float(np.mean([abs(found.neck[side][0] - found.axis_x) for side in (-1, 1)]))
    tip_frm = max(float(np.mean([abs(found.shoulder[side][0] - found.axis_x) for side in (-1, 1)])), neck_frm + 3)
    sleeved = _sleeved(found)
    if found.off_shoulder:
        return width * tip_frm * neck_frm / tip_frm, width * tip_frm, neck_frm, tip_frm
    neck_to = float(np.clip(width * neck_frm, body.neck_width_px / 2 * NECK_BASE, 0.86 * edge_px))
    tip_to = edge_px if sleeved else min(neck_to + width * (tip_frm - neck_frm), 1.05 * edge_px)
    return neck_to, max(tip_to, neck_to + 4 * body.scale), neck_frm, tip_frm


def _line(found: UpperLandmarks, body: Mannequin, neck_to: float, tip_to: float, natural: float) -> Floats:
    """Per column of the look, where the garment's shoulder line lies: a cloth's thickness above the mannequin's."""
    columns = np.arange(len(body.top))
    aside = np.clip(np.abs(columns - body.centre_x), neck_to, tip_to)
    line = np.zeros(len(columns), np.float32)
    for side in (-1, 1):
        at = np.clip(body.centre_x + side * aside, 0, len(columns) - 1).astype(int)
        here = (columns - body.centre_x) * side >= 0
        line[here] = body.top[at[here]] - CLOTH_PX * body.scale
    if found.off_shoulder:
        tips = float(np.mean([body.top[int(body.sides[side].armpit[0])] for side in (-1, 1)]))
        line[:] = natural + OFF_SHOULDER * (tips - natural)
    return np.asarray(cv2.GaussianBlur(line[None], (0, 0), 5 * body.scale, borderType=cv2.BORDER_REPLICATE)[0], np.float32)


def _rows(found: UpperLandmarks, body: Mannequin, armpit_y: float, height: float) -> tuple[Points, Points]:
    """Armpit to armpit, waist to waist where the garment has one, the hem where it falls, but not through the floor."""
    ys, rows = [armpit_y], [found.armpit_y]
    floor_y = float(np.mean([body.sides[side].ankle[1] for side in (-1, 1)])) + 10 * body.scale
    if found.waist_y is not None and found.waist_y > found.armpit_y + 4:
        own = armpit_y + height * (found.waist_y - found.armpit_y)
        reach = WAIST_SHIFT * (own - armpit_y)
        ys.append(float(np.clip(body.waist_y, own - reach, own + reach)))
        rows.append(found.waist_y)
    hem_y = min(ys[-1] + height * (found.hem_y - rows[-1]), floor_y)
    ys.append(max(hem_y, ys[-1] + 4))
    rows.append(max(found.hem_y, rows[-1] + 2))
    return np.array(ys), np.array(rows)


def _widen(  # noqa: PLR0913 (what a side seam is made of)
    found: UpperLandmarks, body: Mannequin, width: float, ys: Points, rows: Points, *, full: bool
) -> Floats:
    """Per row of the look, how much wider than by `width` the cloth must be to stay outside the body."""
    height = len(body.core_left)
    y = np.arange(height)
    row = np.interp(y, ys, rows)
    half = np.interp(row, np.arange(len(found.half)), found.half) * width
    bare = np.nan_to_num((body.core_right - body.core_left) / 2)
    if full:
        bare = np.where(y > body.hip_y, np.minimum(bare, bare[body.hip_y]), bare)
    need = np.clip((bare + CLOTH_PX * body.scale) / np.maximum(half, 1), 1.0, MAX_WIDEN)
    armpits = [abs(body.sides[side].armpit[0] - body.centre_x) / abs(found.armpit[side][0] - found.axis_x) for side in (-1, 1)]
    at = int(np.clip(ys[0], 0, height - 1))
    need[at] = np.clip(max(need[at], max(armpits) / width), 1.0, MAX_WIDEN)
    need[y < ys[0]] = need[at]
    need[y > ys[-1]] = need[int(np.clip(ys[-1], 0, height - 1))]
    size = 2 * int(10 * body.scale) + 1
    wide = cv2.dilate(need.astype(np.float32)[:, None], np.ones((size, 1), np.uint8))
    return np.asarray(cv2.blur(cv2.blur(wide, (1, size)), (1, size))[:, 0], np.float32)
