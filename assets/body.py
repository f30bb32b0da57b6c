"""A figure as a shop's mannequin: smoothed, with an egg for a head on a neck that is drawn up into
it. In metres.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import trimesh
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from assets.mesh import PARTS, Figure, Index, MeshArray
from assets.volume import (
    STEP_M,
    DensityField,
    VoxelGrid,
    close,
    distances,
    grid_right_of,
    smooth,
    surface,
    union,
)

HEAD, NECK, TORSO = PARTS.index("head"), PARTS.index("neck"), PARTS.index("torso")
_HANDS = [PARTS.index(name) for name in ("hand_l", "hand_r")]
_FINE = [PARTS.index(name) for name in ("hand_l", "hand_r", "foot_l", "foot_r")]


@dataclass(frozen=True, slots=True)
class MannequinMesh:
    """Triangles, each vertex with its part; joints by name; height in metres."""

    mesh: trimesh.Trimesh
    labels: Index
    joints: dict[str, MeshArray]
    height_m: float


def _smooth(
    vertices: MeshArray, quads: Index, weight: MeshArray, rounds: int, step: float
) -> MeshArray:
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    count = len(vertices)
    near = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
    near = ((near + near.T) > 0).astype(float)
    degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
    for _ in range(rounds):
        vertices = vertices + step * weight[:, None] * (
            (near @ vertices) / degree[:, None] - vertices
        )
    return vertices


@dataclass(frozen=True, slots=True)
class _Egg:
    """An egg as wide and deep as the skull, narrower below."""

    centre: MeshArray
    radii: MeshArray


@dataclass(frozen=True, slots=True)
class _Neck:
    """A round cone: the middle of its base, its radius there, how far it leans forward for each
    metre up.
    """

    base: MeshArray
    radius: float
    lean: float = 0.34


def _neck(figure: Figure, vertices: MeshArray, joint: MeshArray) -> _Neck:
    """As wide as the figure's neck where that is free of shoulders and chin, against its nape."""
    level = joint[1] + 0.028
    outside = figure.part_weights[:, HEAD] < 0.9
    ring = vertices[
        (np.abs(vertices[:, 1] - level) < 0.008) & (np.abs(vertices[:, 0]) < 0.12) & outside
    ]
    radius = float(ring[:, 0].max())
    return _Neck(np.array([0, level, float(ring[:, 2].min()) + radius]), radius)


def _egg(head: MeshArray, neck: _Neck) -> _Egg:
    low, high = np.percentile(head, 1, axis=0), np.percentile(head, 99.5, axis=0)
    top, bottom = high[1] + 0.008, low[1] + 0.026
    skull = head[head[:, 1] > (low[1] + high[1]) / 2]
    half_width = 0.5 * np.ptp(np.percentile(skull[:, 0], [2, 98])) * 0.98
    half_depth = 0.5 * np.ptp(np.percentile(skull[:, 2], [2, 98])) * 0.96
    middle = (top + bottom) / 2
    return _Egg(
        np.array([0.0, middle, neck.base[2] + neck.lean * (middle - neck.base[1]) + 0.012]),
        np.array([half_width, (top - bottom) / 2, half_depth]),
    )


def _in_egg(places: MeshArray, egg: _Egg, neck_top: float) -> NDArray[np.bool_]:
    """Nearer to the egg than to the neck."""
    reach = np.linalg.norm((places - egg.centre) / egg.radii, axis=1)
    return np.asarray((reach < 1.06) & (places[:, 1] > neck_top))


def _subdivided(
    vertices: MeshArray, faces: Index, weights: MeshArray
) -> tuple[MeshArray, Index, MeshArray]:
    """By Loop's scheme, three times; weights between the nearest corners'."""
    fine, small = trimesh.remesh.subdivide_loop(vertices, faces, iterations=3)
    far, near = cKDTree(vertices).query(fine, 6, workers=2)
    share = 1 / np.maximum(far, 1e-4) ** 2
    share *= np.clip(1.05 - far / far[:, -1:], 0, 1)
    return fine, small, np.einsum("nk,nkp->np", share / share.sum(1, keepdims=True), weights[near])


def _largest_piece(vertices: MeshArray, quads: Index) -> Index:
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    graph = sp.coo_matrix(
        (np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (len(vertices), len(vertices))
    )
    _, piece = connected_components(graph, directed=False)
    return quads[piece[quads[:, 0]] == np.bincount(piece[quads[:, 0]]).argmax()]


def _cut_below(
    figure: Figure, vertices: MeshArray, cut_y: float
) -> tuple[MeshArray, Index, MeshArray]:
    """The body below the neck's cut, its opening closed by a fan: vertices, triangles, part
    weights.
    """
    parts = figure.part_weights
    below = vertices[figure.quads].mean(1)[:, 1] < cut_y
    quads = _largest_piece(vertices, figure.quads[below])
    used, inverse = np.unique(quads, return_inverse=True)
    body, quads = vertices[used], inverse.reshape(quads.shape)
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    _, first, counts = np.unique(np.sort(edges, 1), axis=0, return_index=True, return_counts=True)
    rim = edges[first[counts == 1]]
    lid = np.column_stack([rim[:, 1], rim[:, 0], np.full(len(rim), len(body))])
    weights = np.vstack([parts[used], np.eye(len(PARTS))[NECK]])
    centre = body[np.unique(rim)].mean(0)
    return (
        np.vstack([body, centre]),
        np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]], lid]),
        weights,
    )


def _egg_field(grid: VoxelGrid, egg: _Egg) -> DensityField:
    x, y, z = grid.axes()
    up = (y - egg.centre[1]) / egg.radii[1]
    taper = 1 - 0.21 * np.clip(-up, 0, 1) ** 2
    reach = np.sqrt(
        (x / (egg.radii[0] * taper)) ** 2
        + up**2
        + ((z - egg.centre[2]) / (egg.radii[2] * taper)) ** 2
    )
    return np.asarray((reach - 1) * egg.radii[0] * 0.95, np.float32)


def _neck_field(grid: VoxelGrid, neck: _Neck, egg: _Egg) -> DensityField:
    """From below its base up into the head."""
    x, y, z = grid.axes()
    above = y - neck.base[1]
    radius = neck.radius * (
        1 - 0.35 * np.clip(above, 0, 0.1) + 9 * np.clip(above + 0.004, -0.045, 0)
    )
    middle = neck.base[2] + neck.lean * above
    wall = np.sqrt(x**2 + (z - middle) ** 2) - radius
    return np.asarray(
        np.maximum(np.maximum(wall, y - egg.centre[1] + 0.1 * egg.radii[1]), -0.045 - above),
        np.float32,
    )


def _form(
    grid: VoxelGrid,
    body: trimesh.Trimesh,
    weights: MeshArray,
    joints: dict[str, MeshArray],
    top: tuple[_Neck, _Egg],
) -> DensityField:
    """The field of half a mannequin."""
    neck, egg = top
    field, owner = distances(body, grid)
    near = owner >= 0
    sole = body.vertices[:, 1].min() + 0.001
    field = union(field, _neck_field(grid, neck, egg), 0.012)
    soft = np.zeros(grid.shape, np.float32)
    soft[near] = weights[owner[near]][:, [TORSO, NECK]].sum(1)
    hand = np.zeros(grid.shape, np.float32)
    hand[near] = weights[owner[near]][:, _HANDS].sum(1)
    _, y, z = grid.axes()
    throat = np.asarray((y > joints["joint-neck"][1]) * np.ones(grid.shape), np.float32)
    soft = np.clip(smooth(np.maximum(soft, throat), 0.008), 0, 1)
    hand = np.clip(smooth(hand, 0.005), 0, 1)
    grasp = int((joints["joint-l-hand"][0] - 0.06 - grid.origin[0]) / STEP_M)
    cuff = int((joints["joint-l-hand"][1] - 0.02 - grid.origin[1]) / STEP_M)
    fist = field[grasp:, :cuff]
    whole = smooth(np.minimum(close(fist, 0.005), fist), 0.0025)
    field[grasp:, :cuff] = fist + hand[grasp:, :cuff] * (whole - fist)
    fine, middle, coarse = smooth(field, 0.0018), smooth(field, 0.004), smooth(field, 0.0105)
    field = middle + hand * (fine - middle) + soft**2 * (coarse - middle)
    base = np.exp(-(((y - neck.base[1] + 0.012) / 0.03) ** 2)).astype(np.float32)
    field = field + base * (smooth(field, 0.013) - field)
    del fine, middle, coarse
    ankle = joints["joint-l-ankle"]
    rows = int((ankle[1] + 0.02 - grid.origin[1]) / STEP_M)
    foot = field[:, :rows]
    closed = smooth(np.minimum(close(foot, 0.03), foot) - 0.0055, 0.0095)
    ramp = np.clip((ankle[1] - y[:, :rows]) / 0.03, 0, 1) * np.clip((z - ankle[2]) / 0.04, 0, 1)
    field[:, :rows] = foot + ramp * (closed - foot)
    field = np.maximum(field, (sole - y).astype(np.float32))
    return union(field, _egg_field(grid, egg), 0.022)


def mannequin(figure: Figure) -> MannequinMesh:
    """Finish a figure: take the head off, put an egg on an even neck, close the toes, and smooth it
    all as one surface.
    """
    parts = figure.part_weights
    calm = 1 - parts[:, _FINE].sum(1)
    vertices = _smooth(figure.vertices * 0.1, figure.quads, calm, 4, 0.4)
    joints = {name: place * 0.1 for name, place in figure.joints.items()}
    head = vertices[parts[:, HEAD] > 0.6]
    cut_y = joints["joint-neck"][1] + 0.013
    body, triangles, weights = _cut_below(figure, vertices, cut_y)
    neck = _neck(figure, vertices, joints["joint-neck"])
    egg = _egg(head, neck)
    fine, faces, weights = _subdivided(body, triangles, weights)
    smooth_body = trimesh.Trimesh(fine, faces, process=False)
    grid = grid_right_of(np.vstack([fine, [egg.centre + egg.radii]]))
    field = _form(grid, smooth_body, weights, joints, (neck, egg))
    labels = np.argmax(weights, 1)
    labels[labels == HEAD] = NECK
    tree = cKDTree(fine)
    neck_top = egg.centre[1] - egg.radii[1]

    def labelled(places: MeshArray) -> Index:
        found = labels[tree.query(places, workers=2)[1]]
        return np.where(
            places[:, 1] > cut_y, np.where(_in_egg(places, egg, neck_top), HEAD, NECK), found
        )

    mesh, all_labels = surface(field, grid, labelled)
    floor = np.array([0, mesh.vertices[:, 1].min(), 0])
    mesh = trimesh.Trimesh(
        mesh.vertices - floor, mesh.faces, vertex_normals=mesh.vertex_normals, process=False
    )
    joints = {name: place - floor for name, place in joints.items()}
    return MannequinMesh(mesh, all_labels, joints, float(mesh.vertices[:, 1].max()))
