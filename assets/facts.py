"""What a cloth that is laid round the body measures, by row and along the arms; see README.md."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull, QhullError

from assets.body import MannequinMesh
from assets.mesh import PARTS, MeshArray
from assets.render import DISTANCE_M, Camera, Geometry

ROW_STEP_PX = 4
ARM_POINTS = 25
TIP_LEAN_DEGREES = 20.0
"""The shoulder's tip is where the skin is met from the joint, going up and so much outwards."""
_SIDES = {"l": 1, "r": -1}
MannequinFacts = dict[str, object]


def _numbers(side: str, *names: str) -> list[int]:
    return [PARTS.index(f"{name}_{side}") for name in names]


@dataclass(frozen=True, slots=True)
class _Cut:
    """Some faces of the body, for many plane cuts."""

    triangles: MeshArray

    @classmethod
    def of(cls, body: MannequinMesh, parts: list[int]) -> "_Cut":
        faces = np.asarray(body.mesh.faces)
        return cls(np.asarray(body.mesh.vertices)[faces[np.isin(body.labels[faces], parts).all(1)]])

    def section(self, origin: MeshArray, normal: MeshArray) -> MeshArray:
        """Points where the plane cuts edges, (n, 3)."""
        height = (self.triangles - origin) @ normal
        crossing = (height.min(1) < 0) & (height.max(1) > 0)
        corners, height = self.triangles[crossing], height[crossing]
        places = []
        for i in range(3):
            a, b = height[:, i], height[:, (i + 1) % 3]
            cut = a * b < 0
            share = (a[cut] / (a[cut] - b[cut]))[:, None]
            places.append(corners[cut, i] + share * (corners[cut, (i + 1) % 3] - corners[cut, i]))
        return np.vstack(places)


def _half_girth(section: MeshArray, normal: MeshArray) -> float:
    """Half the perimeter of the convex hull of a plane section, in metres; 0 where there is
    none.
    """
    first = np.cross(normal, [0.3, 0.1, 1.0])
    first /= np.linalg.norm(first)
    flat = np.column_stack([section @ first, section @ np.cross(normal, first)])
    try:
        hull = ConvexHull(flat)
    except (QhullError, ValueError):
        return 0.0
    return float(hull.area) / 2


def facts(body: MannequinMesh, camera: Camera, seen: Geometry) -> MannequinFacts:
    """The facts of the JSON beside the joints. Pixels of `camera`, lengths at the body's depth
    plane.
    """
    joints = body.joints
    plane_z = float(joints["joint-l-shoulder"][2] + joints["joint-l-upper-leg"][2]) / 2
    px_per_m = camera.height_px / 2 / ((DISTANCE_M - plane_z) * camera.half_tan)
    arms = [n for side in _SIDES for n in _numbers(side, "upper_arm", "forearm", "hand")]
    trunk = [n for n in range(1, len(PARTS)) if n not in arms and n != PARTS.index("head")]
    tips = {side: _tip(body, side) for side in _SIDES}
    neck_y, base = _neck_base(camera, seen, int(camera.project(tips["l"])[0]))
    rows = _Rows(camera, plane_z, px_per_m)
    crotch = _crotch(seen, camera)
    cut, mask = _Cut.of(body, trunk), np.isin(seen.labels, trunk)
    throat = rows.measure(cut, mask, neck_y - round(0.015 * px_per_m))
    torso = [row for y in range(neck_y, crotch, ROW_STEP_PX) if (row := rows.measure(cut, mask, y))]
    legs = {}
    for side in _SIDES:
        parts = _numbers(side, "thigh", "calf", "foot")
        cut, mask = _Cut.of(body, parts), np.isin(seen.labels, parts)
        last = int(camera.project(joints[f"joint-{side}-ankle"])[1])
        legs[side] = [
            row for y in range(crotch, last, ROW_STEP_PX) if (row := rows.measure(cut, mask, y))
        ]
    return {
        "px_per_m": round(px_per_m, 3),
        "plane_z_m": round(plane_z, 4),
        "torso": torso,
        "legs": legs,
        "arms": {side: _arm(body, side, tips[side], camera, px_per_m) for side in _SIDES},
        "shoulder_tip": {
            side: [round(v, 2) for v in camera.project(tips[side])[:2]] for side in _SIDES
        },
        "shoulder_line": {
            side: round(
                float(np.linalg.norm(tips[side] - base * [_SIDES[side], 1, 1])) * px_per_m, 2
            )
            for side in _SIDES
        },
        "neck_base": {
            side: [round(v, 2) for v in camera.project(base * [_SIDES[side], 1, 1])[:2]]
            for side in _SIDES
        },
        "neck": [neck_y, throat[2], throat[3]] if throat else [],
    }


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of the picture as horizontal planes through the body."""

    camera: Camera
    plane_z: float
    px_per_m: float

    def measure(self, cut: _Cut, mask: np.ndarray, row: int) -> list[float] | None:
        """[row, centre, half width, half girth], or None where nothing is."""
        columns = np.nonzero(mask[row])[0]
        if not len(columns):
            return None
        first, last = float(columns[0]), float(columns[-1] + 1)
        up = np.array([0.0, 1.0, 0.0])
        level = self.camera.eye_y_m + (self.camera.height_px / 2 - row - 0.5) / self.px_per_m
        girth = _half_girth(cut.section(np.array([0.0, level, 0.0]), up), up) * self.px_per_m
        return [row, round((first + last) / 2, 2), round((last - first) / 2, 2), round(girth, 2)]


def _crotch(seen: Geometry, camera: Camera) -> int:
    middle = seen.labels[:, camera.width_px // 2] > 0
    return int(np.nonzero(middle)[0].max()) + 1


def _neck_base(camera: Camera, seen: Geometry, first: int) -> tuple[int, MeshArray]:
    """Where the neck's outline turns into the shoulder's (45 degrees): its row, and the place on
    the left in metres.
    """
    body = (seen.labels > 0) & (seen.labels != PARTS.index("head"))
    top = np.where(body.any(0), body.argmax(0), camera.height_px).astype(float)
    reach = max(round(0.006 * camera.width_px), 2)
    for column in range(first, camera.width_px // 2, -1):
        if top[column] - top[column - reach] > reach:
            break
    else:
        raise ValueError("the neck does not rise from the shoulders")
    row = int(top[column])
    depth = float(np.nanmedian(seen.depth_m[row + 2 : row + 6, column]))
    half = (DISTANCE_M - depth) * camera.half_tan
    x = ((column + 0.5) / camera.width_px * 2 - 1) * half * camera.width_px / camera.height_px
    y = camera.eye_y_m + (1 - (row + 0.5) / camera.height_px * 2) * half
    return row, np.array([x, y, depth])


def _tip(body: MannequinMesh, side: str) -> MeshArray:
    lean = np.radians(TIP_LEAN_DEGREES)
    start = body.joints[f"joint-{side}-shoulder"]
    ray = np.array([_SIDES[side] * np.sin(lean), np.cos(lean), 0.0])
    places, _, _ = body.mesh.ray.intersects_location([start], [ray])
    return np.asarray(places[np.argmin(np.linalg.norm(places - start, axis=1))])


def _arm(
    body: MannequinMesh, side: str, tip: MeshArray, camera: Camera, px_per_m: float
) -> list[list[float]]:
    """[x, y, length from the shoulder's tip, half width across, half girth] from the tip to the
    wrist.
    """
    joints = body.joints
    shoulder, elbow, wrist = (
        joints[f"joint-{side}-{name}"] for name in ("shoulder", "elbow", "hand")
    )
    upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - elbow)
    cut = _Cut.of(body, _numbers(side, "upper_arm", "forearm", "hand"))
    rows: list[list[float]] = []
    length, before = 0.0, tip
    for at in np.linspace(0, upper + lower, ARM_POINTS):
        if at < upper:
            share = at / upper
            axis = (elbow - shoulder) / upper
            place = shoulder + (elbow - shoulder) * share + (tip - shoulder) * (1 - share) ** 2
        else:
            axis = (wrist - elbow) / lower
            place = elbow + axis * (at - upper)
        across = np.array([axis[1], -axis[0], 0]) / np.hypot(axis[0], axis[1])
        section = cut.section(place, axis)
        length += float(np.linalg.norm(place - before))
        before = place
        x, y, _ = camera.project(place)
        spread = float(np.ptp(section @ across)) / 2 if len(section) else 0.0
        rows.append(
            [x, y, length * px_per_m, spread * px_per_m, _half_girth(section, axis) * px_per_m]
        )
    whole = next(i for i, row in enumerate(rows) if row[2] > 0.12 * px_per_m)
    for row in rows[:whole]:  # nearer to the tip the plane leaves the arm through the trunk
        row[3:] = rows[whole][3:]
    return [[round(value, 2) for value in row] for row in rows]
