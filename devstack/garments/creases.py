"""Where cloth folds: below the arms, at elbows, cuffs, hems, hips and knees."""

import numpy as np

from devstack.garments.curves import XY, Line, at, walked
from devstack.garments.fields import Fold
from devstack.garments.shape import NamedPoints


def _unit(line: XY) -> XY:
    return np.asarray(line / (np.linalg.norm(line) + 1e-9))


def below_arm(rng: np.random.Generator, points: NamedPoints, side: int, depth: float) -> list[Fold]:
    """From the armpit into the chest, fanned out."""
    folds = []
    count = int(rng.integers(3, 6))
    for i in range(count):
        angle = 0.30 + 0.95 * (i + rng.uniform(-0.3, 0.3)) / count
        way = np.array([-side * np.cos(angle), np.sin(angle)])
        start = points["pit"] + way * rng.uniform(0.8, 2.5) + np.array([0, rng.uniform(-1.5, 1.5)])
        length = rng.uniform(7, 17) * (0.8 + 0.5 * (i / count))
        height = depth * rng.uniform(0.10, 0.30)
        folds.append(
            Fold(
                start,
                start + way * length,
                rng.uniform(0.7, 1.4),
                height,
                side * rng.uniform(-1, 2.2),
                spread=1.0,
            )
        )
    return folds


def drape(
    rng: np.random.Generator, hem: Line, top_y: float, depth: float, count: int
) -> list[Fold]:
    """Soft waves that rise from the hem."""
    folds = []
    for i in range(count):
        share = (i + 0.5 + rng.uniform(-0.38, 0.38)) / count
        foot = at(hem, share)
        reach = rng.uniform(0.35, 0.95) * (foot[1] - top_y)
        top = np.array([foot[0] * rng.uniform(0.78, 0.98) + rng.uniform(-2, 2), foot[1] - reach])
        foot = foot + np.array([0, 1.0])
        width, height = rng.uniform(1.2, 2.8), depth * rng.uniform(0.12, 0.32)
        folds.append(
            Fold(
                foot,
                top,
                width,
                height,
                rng.uniform(-1.2, 1.2),
                spread=-0.3,
                lean=rng.choice([0.65, 1.5]),
            )
        )
    return folds


def waist(rng: np.random.Generator, points: NamedPoints, side: int, depth: float) -> list[Fold]:
    """Short slanting folds at the side seam."""
    folds = []
    for _ in range(int(rng.integers(2, 5))):
        share = rng.uniform(0.25, 0.85)
        start = points["pit"] * (1 - share) + points["hem"] * share
        start = start * np.array([0.96, 1.0])
        way = _unit(np.array([-side, rng.uniform(-0.5, 0.9)]))
        height = depth * rng.uniform(0.08, 0.2)
        folds.append(
            Fold(
                start,
                start + way * rng.uniform(5, 13),
                rng.uniform(0.7, 1.3),
                height,
                rng.uniform(-1, 1),
            )
        )
    return folds


def chest(rng: np.random.Generator, points: NamedPoints, side: int, depth: float) -> list[Fold]:
    """From the shoulder's end towards the chest, and across below the neck."""
    tip = points["tip"]
    start = tip + np.array([-side * rng.uniform(1.5, 4.5), rng.uniform(2, 6)])
    way = _unit(np.array([-side * rng.uniform(0.25, 0.8), 1.0]))
    return [
        Fold(
            start,
            start + way * rng.uniform(10, 20),
            rng.uniform(1.3, 2.2),
            depth * rng.uniform(0.1, 0.2),
            side * 1.4,
        )
    ]


def sleeve(rng: np.random.Generator, points: NamedPoints, side: int, depth: float) -> list[Fold]:
    """A long sleeve's folds: below the armhole, in the crook of the elbow, above the cuff, and
    long ones between.
    """
    outer, inner = points["elbow_outer"], points["elbow_inner"]
    down = _unit(points["cuff"] - points["elbow"])
    folds = _from_pit(rng, points, depth)
    for i in range(int(rng.integers(4, 7))):
        shift = rng.uniform(-6.5, 6.5)
        start = inner + down * shift + (outer - inner) * rng.uniform(-0.02, 0.25)
        end = (
            inner
            + down * (shift * 0.3 + rng.uniform(-3, 3))
            + (outer - inner) * rng.uniform(0.55, 1.05)
        )
        if i % 2:
            start, end = (
                outer + down * shift - (outer - inner) * 0.02,
                outer + down * 0.4 * shift - (outer - inner) * 0.6,
            )
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(0.6, 1.1),
                depth * rng.uniform(0.14, 0.32),
                rng.uniform(-1.4, 1.4),
            )
        )
    folds += _above_cuff(rng, points, depth)
    for a, b in (("pit", "elbow"), ("elbow", "cuff"), ("tip", "elbow")):
        start = points[a] * 0.75 + points[b] * 0.25
        end = points[a] * 0.1 + points[b] * 0.9
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(1.0, 1.7),
                depth * rng.uniform(0.08, 0.2),
                rng.uniform(-2, 2),
            )
        )
    return folds


def _from_pit(rng: np.random.Generator, points: NamedPoints, depth: float) -> list[Fold]:
    folds = []
    for _ in range(int(rng.integers(2, 4))):
        aim = points["elbow"] + (points["elbow_outer"] - points["elbow"]) * rng.uniform(-0.3, 1.0)
        start = points["pit"] + (points["elbow"] - points["pit"]) * rng.uniform(0.02, 0.22)
        height = depth * rng.uniform(0.12, 0.28)
        folds.append(
            Fold(
                start,
                start + (aim - start) * rng.uniform(0.5, 0.9),
                rng.uniform(0.7, 1.3),
                height,
                1.0,
            )
        )
    return folds


def _above_cuff(rng: np.random.Generator, points: NamedPoints, depth: float) -> list[Fold]:
    folds = []
    outer, inner = points["cuff_outer"], points["cuff_inner"]
    up = _unit(points["elbow"] - points["cuff"])
    for i in range(int(rng.integers(3, 6))):
        away = 4.5 + 2.3 * i + rng.uniform(-0.6, 0.6)
        a, b = (inner, outer) if rng.random() < 0.5 else (outer, inner)
        start = a + up * away + (b - a) * rng.uniform(-0.1, 0.1)
        end = a + up * (away + rng.uniform(-1.5, 2.5)) + (b - a) * rng.uniform(0.5, 0.95)
        height = depth * rng.uniform(0.12, 0.26) * (1 - 0.1 * i)
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(0.5, 0.9),
                height,
                rng.choice([-1, 1]) * rng.uniform(0.3, 1.2),
            )
        )
    return folds


def short_sleeve(rng: np.random.Generator, points: NamedPoints, depth: float) -> list[Fold]:
    """A short sleeve's: fanned out from the armpit, and one along its upper edge."""
    folds = _from_pit(rng, points, depth)
    for _ in range(int(rng.integers(1, 4))):
        start = points["cuff_inner"] + (points["cuff_outer"] - points["cuff_inner"]) * rng.uniform(
            0.2, 0.85
        )
        end = points["pit"] + (points["tip"] - points["pit"]) * rng.uniform(0.25, 0.8)
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(0.9, 1.6),
                depth * rng.uniform(0.08, 0.2),
                rng.uniform(-1, 1),
                spread=-0.2,
            )
        )
    return folds


def leg(rng: np.random.Generator, points: NamedPoints, side: int, depth: float) -> list[Fold]:
    """A leg's: out of the crotch, at the knee, stacked above the hem, and a long one down its
    front.
    """
    folds = []
    crotch, hip = points["crotch"], points["hip"]
    for i in range(int(rng.integers(3, 6))):
        start = crotch + np.array([side * rng.uniform(0.4, 2), rng.uniform(-4, 3) + i])
        end = hip * rng.uniform(0.35, 0.8) + crotch * 0.3 + np.array([0, rng.uniform(-1, 5)])
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(0.7, 1.3),
                depth * rng.uniform(0.12, 0.26),
                side * rng.uniform(0, 1.6),
            )
        )
    outer, inner = points["knee_outer"], points["knee_inner"]
    for _ in range(int(rng.integers(3, 6))):
        shift = np.array([0, rng.uniform(-8, 8)])
        a, b = (inner, outer) if rng.random() < 0.6 else (outer, inner)
        end = a + (b - a) * rng.uniform(0.45, 0.9) + shift * 0.4
        folds.append(
            Fold(
                a + shift,
                end,
                rng.uniform(0.7, 1.3),
                depth * rng.uniform(0.08, 0.22),
                rng.uniform(-1.4, 1.4),
            )
        )
    folds += _stacked(rng, points, depth)
    for _ in range(2):
        start = hip * 0.6 + crotch * 0.4 + np.array([rng.uniform(-3, 3), rng.uniform(0, 14)])
        end = points["hem"] * 0.75 + points["knee_outer"] * 0.125 + points["knee_inner"] * 0.125
        folds.append(
            Fold(
                start,
                end,
                rng.uniform(1.2, 2.2),
                depth * rng.uniform(0.08, 0.16),
                rng.uniform(-2, 2),
            )
        )
    return folds


def _stacked(rng: np.random.Generator, points: NamedPoints, depth: float) -> list[Fold]:
    folds = []
    outer, inner = points["hem_outer"], points["hem_inner"]
    for i in range(int(rng.integers(2, 5))):
        up = np.array([0, -(4.0 + 3.2 * i + rng.uniform(-0.8, 0.8))])
        a, b = (inner, outer) if (i + int(rng.integers(0, 2))) % 2 else (outer, inner)
        end = a + (b - a) * rng.uniform(0.5, 0.95) + up + np.array([0, rng.uniform(-2, 2)])
        height = depth * rng.uniform(0.08, 0.22)
        folds.append(
            Fold(
                a + up,
                end,
                rng.uniform(0.6, 1.0),
                height,
                rng.choice([-1, 1]) * rng.uniform(0.3, 1.2),
            )
        )
    return folds


def flared(rng: np.random.Generator, top: Line, hem: Line, depth: float, count: int) -> list[Fold]:
    """A skirt's cones: narrow at the waist, wide at the hem."""
    folds = []
    width = walked(hem)[-1] / count
    for i in range(count):
        share = float(np.clip((i + 0.5 + rng.uniform(-0.3, 0.3)) / count, 0.02, 0.98))
        foot, head = at(hem, share), at(top, share)
        start = foot + (foot - head) * 0.03
        end = foot + (head - foot) * rng.uniform(0.6, 0.99)
        across = width * rng.uniform(0.22, 0.4)
        lean = float(rng.choice([0.6, 1.0, 1.6]))
        height = depth * rng.uniform(0.35, 0.6) * min(1.0, across / 2.2)
        folds.append(
            Fold(start, end, across, height, rng.uniform(-1, 1), spread=-1.0, lean=lean, fade=0.9)
        )
    return folds


def gathered(
    rng: np.random.Generator, line: Line, down: float, depth: float, pitch: float
) -> list[Fold]:
    """Many short folds below a seam into which more cloth is sewn than it is long.

    `down` < 0: above it.
    """
    folds = []
    count = max(3, int(walked(line)[-1] / pitch))
    for i in range(count):
        start = at(line, float(np.clip((i + rng.uniform(0.1, 0.9)) / count, 0, 1)))
        end = start + np.array([rng.uniform(-0.8, 0.8), down * rng.uniform(0.4, 1.1)])
        folds.append(
            Fold(
                start,
                end,
                pitch * rng.uniform(0.22, 0.36),
                depth * rng.uniform(0.08, 0.18),
                0.2,
                spread=0.8,
            )
        )
    return folds
