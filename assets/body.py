"""A figure as a shop's mannequin: smoothed, with an egg for a head on a neck that is drawn up into it. In metres."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import trimesh
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from assets.mesh import PARTS, Array, Figure, Index

HEAD, NECK = PARTS.index("head"), PARTS.index("neck")
_FINE = [PARTS.index(name) for name in ("hand_l", "hand_r", "foot_l", "foot_r")]
MAX_EDGE_M = 0.06


@dataclass(frozen=True, slots=True)
class Mannequin:
    """Triangles, each vertex with its part; joints by name; height in metres."""

    mesh: trimesh.Trimesh
    labels: Index
    joints: dict[str, Array]
    height_m: float


def _smooth(vertices: Array, quads: Index, weight: Array, rounds: int, step: float) -> Array:
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    count = len(vertices)
    near = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count)).tocsr()
    near = ((near + near.T) > 0).astype(float)
    degree = np.maximum(np.asarray(near.sum(1)).ravel(), 1)
    for _ in range(rounds):
        vertices = vertices + step * weight[:, None] * ((near @ vertices) / degree[:, None] - vertices)
    return vertices


def _egg(head: Array, neck_top: Array) -> trimesh.Trimesh:
    """An egg as wide and deep as the skull, narrower below, reaching from the crown down past the top of the neck."""
    low, high = np.percentile(head, 1, axis=0), np.percentile(head, 99.5, axis=0)
    egg = trimesh.creation.icosphere(subdivisions=5)
    unit = egg.vertices.copy()
    top, bottom = high[1] + 0.004, low[1] - 0.006
    skull = head[head[:, 1] > (low[1] + high[1]) / 2]
    half_width = 0.5 * np.ptp(np.percentile(skull[:, 0], [2, 98])) * 0.98
    half_depth = 0.5 * np.ptp(np.percentile(skull[:, 2], [2, 98])) * 0.96
    centre_z = 0.6 * np.median(skull[:, 2]) + 0.4 * neck_top[2]
    taper = 1 - 0.17 * np.clip(-unit[:, 1], 0, 1) ** 1.2
    egg.vertices = np.column_stack(
        [
            unit[:, 0] * half_width * taper,
            (top + bottom) / 2 + unit[:, 1] * (top - bottom) / 2,
            centre_z + unit[:, 2] * half_depth * taper,
        ]
    )
    return egg


def _largest_piece(vertices: Array, quads: Index) -> Index:
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    graph = sp.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (len(vertices), len(vertices)))
    _, piece = connected_components(graph, directed=False)
    return quads[piece[quads[:, 0]] == np.bincount(piece[quads[:, 0]]).argmax()]


def _collar(vertices: Array, quads: Index, up_to: Array) -> tuple[Array, Index]:
    """Draw the open rim of the neck up into the head, in rings that narrow a little, so that no gap can be seen."""
    edges = np.vstack([quads[:, [i, (i + 1) % 4]] for i in range(4)])
    key = np.sort(edges, 1)
    _, first, counts = np.unique(key, axis=0, return_index=True, return_counts=True)
    rim = edges[first[counts == 1]]
    rim = rim[vertices[rim].mean(1)[:, 1] > np.percentile(vertices[:, 1], 90)]
    ring = np.unique(rim)
    centre = vertices[ring].mean(0)
    current, rows, extra = dict(zip(ring, ring, strict=True)), [vertices], []
    count = len(vertices)
    for step in (0.25, 0.5, 0.75, 1.0):
        lifted = vertices[ring].copy()
        lifted[:, [0, 2]] = centre[[0, 2]] + (lifted[:, [0, 2]] - centre[[0, 2]]) * (1 - 0.2 * step)
        lifted[:, 1] += (up_to[1] - lifted[:, 1]) * step
        lifted[:, 2] += (up_to[2] - centre[2]) * step
        fresh = dict(zip(ring, range(count, count + len(ring)), strict=True))
        extra += [[current[a], fresh[a], fresh[b], current[b]] for a, b in rim]
        rows.append(lifted)
        count += len(ring)
        current = fresh
    return np.vstack(rows), np.vstack([quads, np.array(extra)])


def mannequin(figure: Figure) -> Mannequin:
    """Finish a figure: smooth what is not hands or feet, take the head off above the narrowest neck, put the egg on."""
    parts = figure.part_weights
    vertices = _smooth(figure.vertices * 0.1, figure.quads, 1 - parts[:, _FINE].sum(1), 3, 0.4)
    joints = {name: place * 0.1 for name, place in figure.joints.items()}
    head = vertices[parts[:, HEAD] > 0.6]
    cut_y = joints["joint-neck"][1] + 0.5 * (head[:, 1].min() - joints["joint-neck"][1])
    below = vertices[figure.quads].mean(1)[:, 1] < cut_y
    chin = parts[figure.quads][:, :, HEAD].mean(1) > 0.35
    quads = figure.quads[below & ~chin]
    quads = _largest_piece(vertices, quads)
    used, inverse = np.unique(quads, return_inverse=True)
    body, quads, labels = vertices[used], inverse.reshape(quads.shape), np.argmax(parts[used], 1)
    labels[(labels == HEAD)] = NECK
    neck_top = np.array([0.0, cut_y, np.median(body[labels == NECK][:, 2])])
    egg = _egg(head, neck_top)
    grown, quads = _collar(body, quads, np.array([0.0, float(egg.vertices[:, 1].mean()), float(egg.vertices[:, 2].mean())]))
    floor = grown[:, 1].min()
    grown[:, 1] -= floor
    egg.vertices = egg.vertices - np.array([0, floor, 0])
    joints = {name: place - np.array([0, floor, 0]) for name, place in joints.items()}
    triangles = np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    fine, faces = trimesh.remesh.subdivide_loop(grown, triangles, iterations=1)
    sides = np.linalg.norm(fine[faces] - fine[np.roll(faces, 1, 1)], axis=2).max(1)
    faces = faces[sides < MAX_EDGE_M]
    source = np.concatenate([labels, np.full(len(grown) - len(body), NECK)])
    fine_labels = source[cKDTree(grown).query(fine)[1]]
    mesh = trimesh.Trimesh(np.vstack([fine, egg.vertices]), np.vstack([faces, egg.faces + len(fine)]), process=False)
    all_labels = np.concatenate([fine_labels, np.full(len(egg.vertices), HEAD)])
    return Mannequin(mesh, all_labels, joints, float(mesh.vertices[:, 1].max()))
