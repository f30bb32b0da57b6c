"""Lines that garments are cut along: (n, 2) points in cm, x to the right, y down."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Line = NDArray[np.float64]
XY = NDArray[np.float64]
At = Sequence[float] | XY


def through(*points: At, steps: int = 14) -> Line:
    """A smooth line through points: cubic, with centripetal spacing (Yuksel, Schaefer and Keyser,
    2011).
    """
    knots = np.array([np.asarray(one, np.float64) for one in points])
    if len(knots) == 2:
        return straight(knots[0], knots[1])
    gaps = np.sqrt(np.linalg.norm(np.diff(knots, axis=0), axis=1) + 1e-9)[:, None]
    slopes = np.diff(knots, axis=0) / gaps
    inner = (slopes[:-1] * gaps[1:] + slopes[1:] * gaps[:-1]) / (gaps[:-1] + gaps[1:])
    tangents = np.vstack(
        [1.5 * slopes[:1] - 0.5 * inner[:1], inner, 1.5 * slopes[-1:] - 0.5 * inner[-1:]]
    )
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    start, end = knots[:-1, None], knots[1:, None]
    leave, arrive = tangents[:-1, None] * gaps[:, None], tangents[1:, None] * gaps[:, None]
    body = (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * leave
    body = body + (3 * t**2 - 2 * t**3) * end + (t**3 - t**2) * arrive
    return np.vstack([body.reshape(-1, 2), knots[-1:]])


def ring(*points: At, steps: int = 14) -> Line:
    """A smooth closed line through points."""
    count = len(points)
    around = through(*points[-3:], *points, *points[:3], steps=steps)
    return around[3 * steps : (3 + count) * steps]


def straight(start: At, end: At, count: int = 12) -> Line:
    """Evenly spaced points from start to end."""
    t = np.linspace(0, 1, count)[:, None]
    return np.asarray(np.asarray(start, np.float64) * (1 - t) + np.asarray(end, np.float64) * t)


def bowed(start: At, end: At, by_cm: float) -> Line:
    """From start to end with its middle moved to the left of the way by so many cm."""
    a, b = np.asarray(start, np.float64), np.asarray(end, np.float64)
    along = (b - a) / (np.linalg.norm(b - a) + 1e-9)
    return through(a, (a + b) / 2 + by_cm * np.array([along[1], -along[0]]), b)


def shifted(line: Line, x: float, y: float) -> Line:
    """A line or a point moved by so many cm."""
    return np.asarray(line + np.array([x, y]))


def joined(*lines: Line) -> Line:
    """One line after the other."""
    return np.vstack(lines)


def mirrored(line: Line) -> Line:
    """The other side's line, walked the other way round."""
    return np.asarray(line[::-1] * [-1.0, 1.0])


def flipped(line: Line, side: int) -> Line:
    """A line that is given for the right (side 1), on this side; walked the same way."""
    return np.asarray(line * [float(side), 1.0])


def walked(line: Line) -> NDArray[np.float64]:
    """How far along the line each point lies, in cm."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])


def at(line: Line, share: float | NDArray[np.float64]) -> Line:
    """Points at these shares of the line's length."""
    far = walked(line)
    where = np.asarray(share) * far[-1]
    return np.stack([np.interp(where, far, line[:, 0]), np.interp(where, far, line[:, 1])], -1)


def evenly(line: Line, count: int) -> Line:
    """So many points, evenly spaced."""
    return at(line, np.linspace(0, 1, count))


def part(line: Line, start: float, end: float, count: int = 24) -> Line:
    """What lies between two shares of the line's length."""
    return at(line, np.linspace(start, end, count))


def beside(line: Line, by_cm: float) -> Line:
    """The line moved by so many cm to the left of its way."""
    along = np.gradient(line, axis=0)
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    return np.asarray(line + by_cm * np.stack([along[:, 1], -along[:, 0]], -1))


def waved(line: Line, waves: float, by_cm: float, phase: float) -> Line:
    """The line with a soft wave across it that dies out at both ends."""
    share = np.linspace(0, 1, len(line))
    wave = np.sin(2 * np.pi * waves * share + phase) * np.sin(np.pi * share) ** 0.5 * by_cm
    along = np.gradient(line, axis=0)
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    return np.asarray(line + wave[:, None] * np.stack([along[:, 1], -along[:, 0]], -1))


def neckline(half_cm: float, depth_cm: float, power: float) -> Line:
    """From the left neck point down to the dip and up to the right one.

    Power 1: a V, 2: an ellipse, 4: nearly square.
    """
    angle = np.linspace(0, np.pi, 73)
    across, down = np.cos(angle), np.sin(angle)
    x = -half_cm * np.sign(across) * np.abs(across) ** (2 / power)
    return np.stack([x, depth_cm * np.abs(down) ** (2 / power)], -1)


def disc(middle: At, radius_cm: float, *, tall: float = 1.0) -> Line:
    """A circle, or an ellipse that is `tall` times as high as wide."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.asarray(middle, np.float64) + radius_cm * np.stack(
        [np.cos(angle), tall * np.sin(angle)], -1
    )
