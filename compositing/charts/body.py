"""What charts need of a mannequin: widths and girths by row, and the line over shoulder and arm
with its true lengths.

All px are the look's at a width of 1024.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from compositing.charts.lines import Numbers, bridged, smooth, unit
from compositing.mannequin import ArmLine as Facts
from compositing.mannequin import Mannequin, load

WIDTH_PX = 1024
CLOTH_PX = 3.0
"""Between skin and the cloth's outline."""
STEP_PX = 14.0


@dataclass(frozen=True, slots=True)
class ArmOutline:
    """The outline from neck to wrist: points (n, 2), and the true length from the neck to each."""

    side: int
    line: Numbers
    length: Numbers
    tip_length: float  # where the shoulder's tip is
    bare: Facts  # the arm's own widths and girths, by the length from the tip

    def at(self, along: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Points, outward normals and directions at true lengths from the neck; beyond the wrist
        straight on."""
        last = self.length[-1]
        point = self._point(along)
        ahead, behind = (
            np.clip(along + STEP_PX, 0, last),
            np.clip(along - STEP_PX, 0, last - STEP_PX),
        )
        way = unit(self._point(ahead) - self._point(behind))
        point = point + way * np.maximum(along - last, 0)[:, None]
        return point, np.stack([way[:, 1] * self.side, -way[:, 0] * self.side], -1), way

    def bare_at(self, along: Numbers) -> tuple[Numbers, Numbers]:
        """Half width and half girth of the bare arm at true lengths from the neck."""
        past = along - self.tip_length
        half_width, half_girth = self.bare.half_width, self.bare.half_girth
        return np.interp(past, self.bare.length, half_width), np.interp(
            past, self.bare.length, half_girth
        )

    def beside(self, centre_x: float, offset_px: float) -> float:
        """True length at which the line is `offset_px` beside the centre."""
        reached = np.abs(self.line[:, 0] - centre_x) >= offset_px
        return float(self.length[int(np.argmax(reached)) if reached.any() else -1])

    def nearest(self, point: Numbers) -> float:
        """True length of the line's point next to this one."""
        return float(self.length[np.linalg.norm(self.line - point, axis=1).argmin()])

    def _point(self, along: Numbers) -> Numbers:
        return np.stack([np.interp(along, self.length, self.line[:, k]) for k in (0, 1)], -1)


@dataclass(frozen=True, slots=True)
class Body:
    """One mannequin, as garments are fitted to it."""

    mannequin: Mannequin
    px_per_cm: float
    half: Numbers  # (rows,) half width of torso, then of hips and what hangs from them
    quarter_girth: Numbers  # (rows,) of the same
    arms: dict[int, ArmOutline]
    arm_y: int

    @property
    def centre_x(self) -> float:
        """The body's axis."""
        return self.mannequin.centre_x

    @property
    def ankle_y(self) -> float:
        """The row of the ankles."""
        return float(np.mean([self.mannequin.sides[s].ankle[1] for s in (-1, 1)]))

    @property
    def arm_px(self) -> float:
        """From the neck's side to the wrist, along shoulder and arm."""
        reach = self.mannequin.neck_width_px * 0.62
        return float(
            np.mean(
                [arm.length[-1] - arm.beside(self.centre_x, reach) for arm in self.arms.values()]
            )
        )

    def half_at(self, rows: Numbers) -> Numbers:
        """Half widths at look rows."""
        return np.interp(rows, np.arange(len(self.half)), self.half)

    def quarter_girth_at(self, rows: Numbers) -> Numbers:
        """A quarter of the girth at look rows: what half of a flat garment's width has to span."""
        return np.interp(rows, np.arange(len(self.quarter_girth)), self.quarter_girth)


@lru_cache(maxsize=2)
def body_of(kind: str) -> Body:
    """MALE or FEMALE. Read-only: it is shared."""
    mannequin = load(kind, WIDTH_PX)
    arm_y = int(max(mannequin.sides[s].armpit[1] for s in (-1, 1)))
    half = bridged(np.asarray((mannequin.core_right - mannequin.core_left) / 2, float), 1.0)
    half[: arm_y + 6] = half[arm_y + 6]
    half[mannequin.hip_y :] = np.minimum.accumulate(np.maximum(half[mannequin.hip_y :], 1))
    half = smooth(half, 6)
    outline = _outline(mannequin)
    arms = {s: _arm_line(mannequin, outline, s) for s in (-1, 1)}
    return Body(
        mannequin,
        mannequin.facts.px_per_m / 100,
        half,
        _quarter_girth(mannequin, half),
        arms,
        arm_y,
    )


def _quarter_girth(mannequin: Mannequin, half: Numbers) -> Numbers:
    """By row. Above the armpits as at them; below the crotch what would hang round both legs, as at
    the crotch."""
    torso = mannequin.facts.torso
    ratio = bridged(np.asarray(torso.half_girth / 2 / np.maximum(torso.half_width, 1), float), 1.2)
    arm_y = int(max(mannequin.sides[s].armpit[1] for s in (-1, 1)))
    ratio[: arm_y + 6] = ratio[arm_y + 6]
    return smooth(ratio, 6) * half


def _outline(mannequin: Mannequin) -> Numbers:
    found, _ = cv2.findContours(
        (mannequin.labels > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    return np.asarray(max(found, key=cv2.contourArea)[:, 0], float)


def _arm_line(mannequin: Mannequin, outline: Numbers, s: int) -> ArmOutline:
    side = mannequin.sides[s]
    column = int(mannequin.centre_x + s * mannequin.neck_width_px * 0.5)
    neck = np.array([column, float(mannequin.top[column])])
    along = unit(side.wrist - side.elbow)
    normal = np.array([-along[1], along[0]])
    normal *= np.sign(normal[0] * s)
    first = int(np.linalg.norm(outline - neck, axis=1).argmin())
    last = int(
        np.linalg.norm(outline - (side.wrist + normal * side.wrist_radius_px), axis=1).argmin()
    )
    count = len(outline)
    one = np.take(
        outline, np.arange(first, first + (last - first) % count + 1), axis=0, mode="wrap"
    )
    other = np.take(
        outline, np.arange(last, last + (first - last) % count + 1), axis=0, mode="wrap"
    )[::-1]
    line = smooth(one if len(one) < len(other) else other, 4)
    steps = np.linalg.norm(np.diff(line, axis=0), axis=1)
    bare = mannequin.facts.arms[s]
    slanted = np.gradient(bare.length) / np.maximum(
        np.hypot(np.gradient(bare.x), np.gradient(bare.y)), 1e-6
    )
    # What leans out of the picture is longer than it looks
    steps = steps * np.interp(line[1:, 1], bare.y, slanted)
    length = np.concatenate([[0.0], np.cumsum(steps)])
    tip = float(length[np.linalg.norm(line - mannequin.facts.shoulder_tip[s], axis=1).argmin()])
    return ArmOutline(s, line, length, tip, bare)
