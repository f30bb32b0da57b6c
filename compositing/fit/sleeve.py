"""How a sleeve lies: along the arm from the shoulder over the elbow to its cuff, around it with some ease."""

import numpy as np

from compositing.cut.background import Mask
from compositing.fit.maps import RibMap
from compositing.garment.silhouette import Contour, Point, length
from compositing.garment.sleeve import RIBS, Sleeve
from compositing.mannequin import Mannequin

LONG_SLEEVE = 0.8
"""A sleeve that reaches farther down the arm than this share ends at the wrist."""
EASE = 1.10
WIDEST = 3.2
"""In bare arms."""
INWARD = 0.3
"""What is wider than the arm needs hangs outside of it, but for this share."""
STEPS, STEP_PX = 64, 4
COVER_PX = 2.5
SLANT = 0.6
"""How much of a cuff's slant in the photo stays: 0 cuts every cuff straight across the arm."""
SMOOTHINGS = (2, 5, 10, 20, 40, 80)


def fit_sleeve(  # noqa: PLR0913 (what a sleeve is laid along)
    sleeve: Sleeve, tip: Point, armpit: Point, side: int, body: Mannequin, width: float
) -> RibMap:
    """Ribs around the arm for the ribs of the photo. `width`: look pixels per photo pixel."""
    arm = body.sides[side]
    root = (arm.armpit + np.array([arm.armpit[0], body.top[int(arm.armpit[0])]])) / 2
    middle = _middle(root, arm.elbow, arm.wrist)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(middle, axis=0), axis=1))])
    full = float(along[-1])
    start_outer, start_inner = (_project(middle, along, point) for point in (tip, armpit))
    wanted = width * sleeve.length_px + (start_outer + start_inner) / 2
    end = full * 0.985 if wanted > LONG_SLEEVE * full else max(wanted, start_inner + 6 * body.scale)
    longer = (end - (start_outer + start_inner) / 2) / max(width * sleeve.length_px, 1)
    own_outer, own_inner = (longer * width * length(edge) for edge in (sleeve.outer, sleeve.inner))
    end_outer = (1 - SLANT) * end + SLANT * (start_outer + own_outer)
    end_inner = (1 - SLANT) * end + SLANT * (start_inner + own_inner)
    shares = np.linspace(0, 1, RIBS)
    ribs = width * np.linalg.norm(sleeve.outer - sleeve.inner, axis=1)
    outer, inner, away = np.zeros((RIBS, 2)), np.zeros((RIBS, 2)), np.zeros((RIBS, 2))
    for k, share in enumerate(shares):
        at = {-1: start_inner + share * (end_inner - start_inner), 1: start_outer + share * (end_outer - start_outer)}
        bare = float(np.interp((at[-1] + at[1]) / 2 / full, [0.25, 0.95], [arm.upper_arm_radius_px, arm.wrist_radius_px]))
        least = bare * EASE + 1.5 * body.scale
        extra = float(np.clip(ribs[k] - 2 * least, 0, (WIDEST - 2) * bare))
        for sign, reach in ((1, least + (1 - INWARD) * extra), (-1, least + INWARD * extra)):
            point, across = _at(middle, along, at[sign], side)
            if sign == 1:
                outer[k], away[k] = point + across * reach, across
            else:
                inner[k] = point - across * reach
    outer, inner = _from(outer, tip), _from(inner, armpit)
    for k in range(1, RIBS):
        bare = _reach(body.body, outer[k], away[k])
        outer[k] += away[k] * (bare + COVER_PX * body.scale if bare > 0 else 0)
    outer, inner = _even(outer), _even(inner)
    turned = area(outer, inner)
    look, photo = unfolded(outer, inner, turned), unfolded(sleeve.outer, sleeve.inner, turned)
    return RibMap(*look, *photo, step_px=max(2, round(STEP_PX * body.scale)))


def unfolded(outer: Contour, inner: Contour, turned: float) -> tuple[Contour, Contour]:
    """Ribs that do not cross: both edges smoothed until none do, or as few as can be had so.

    `turned`: the sign of the limb's area, going along the outer and back along the inner edge. A limb of the other sign
    had its cuff's corners taken for each other: its ribs go in even steps from the armhole to the turned cuff.
    """
    if area(outer, inner) * turned < 0:
        share = np.linspace(0, 1, len(outer))[:, None]
        return outer[0] + share * (inner[-1] - outer[0]), inner[0] + share * (outer[-1] - inner[0])
    best = outer, inner
    for rounds in SMOOTHINGS:
        tried = _even(outer, rounds), _even(inner, rounds)
        if _crossings(*tried, turned) < _crossings(*best, turned):
            best = tried
        if not _crossings(*best, turned):
            break
    return best


def area(outer: Contour, inner: Contour) -> float:
    """Twice the signed area between the two edges."""
    x, y = np.concatenate([outer, inner[::-1]]).T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def _turn(one: Point, two: Point, three: Point) -> float:
    """Twice the signed area of a triangle."""
    return float((two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0]))


def _crossings(outer: Contour, inner: Contour, turned: float) -> int:
    """How many of the triangles between neighbouring ribs turn the other way than the limb as a whole."""
    return sum(
        (_turn(outer[k], inner[k], outer[k + 1]) * turned >= 0) + (_turn(inner[k], inner[k + 1], outer[k + 1]) * turned >= 0)
        for k in range(len(outer) - 1)
    )


def _middle(root: Point, elbow: Point, wrist: Point) -> Contour:
    """The arm's middle line with a rounded elbow."""
    t = np.linspace(0, 1, STEPS)[:, None]
    bend = elbow + 0.25 * (elbow - (root + wrist) / 2)
    curve = (1 - t) ** 2 * root + 2 * t * (1 - t) * bend + t**2 * wrist
    return np.asarray(curve)


def _project(middle: Contour, along: np.ndarray, point: Point) -> float:
    index = int(np.linalg.norm(middle - point, axis=1).argmin())
    heading = middle[min(index + 1, len(middle) - 1)] - middle[max(index - 1, 0)]
    return float(along[index] + (point - middle[index]) @ heading / (np.linalg.norm(heading) + 1e-9))


def _at(middle: Contour, along: np.ndarray, distance: float, side: int) -> tuple[Point, Point]:
    """A point of the middle line and the direction away from the body there."""
    point = np.array([np.interp(distance, along, middle[:, axis]) for axis in (0, 1)])
    index = int(np.clip(np.searchsorted(along, distance), 2, len(middle) - 3))
    heading = middle[index + 2] - middle[index - 2]
    heading = heading / np.linalg.norm(heading)
    beyond = distance - float(np.clip(distance, 0, along[-1]))
    across = np.array([-heading[1], heading[0]])
    return point + heading * beyond, across * (1.0 if across[0] * side > 0 else -1.0)


def _from(edge: Contour, start: Point) -> Contour:
    """The edge moved so that it starts where the armhole ends, the shift fading along it."""
    fade = np.clip(1 - np.linspace(0, 1, len(edge)) / 0.45, 0, 1)
    fade = fade * fade * (3 - 2 * fade)
    return np.asarray(edge + fade[:, None] * (start - edge[0]))


def _even(edge: Contour, rounds: int = 3) -> Contour:
    """Without kinks: the mean with the neighbours, ends kept."""
    result = edge.copy()
    for _ in range(rounds):
        result[1:-1] = (result[:-2] + 2 * result[1:-1] + result[2:]) / 4
    return result


def _reach(mask: Mask, start: Point, direction: Point) -> float:
    """How far the mask goes from a point in a direction, in pixels."""
    steps = np.arange(0, 0.2 * mask.shape[0], 1.0)
    xs = np.clip(start[0] + direction[0] * steps, 0, mask.shape[1] - 1).astype(int)
    ys = np.clip(start[1] + direction[1] * steps, 0, mask.shape[0] - 1).astype(int)
    outside = np.nonzero(~mask[ys, xs])[0]
    return float(outside[0]) if len(outside) else float(steps[-1])
