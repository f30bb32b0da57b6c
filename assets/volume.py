"""A closed surface as a field of signed distances on a grid, and back: joined, smoothed and closed
where a mesh can't be.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from trimesh.ray.ray_pyembree import RayMeshIntersector

from assets.mesh import Index, MeshArray

DensityField = NDArray[np.float32]
STEP_M = 0.0025
MARGIN_M = 0.03
NEAR_M = 0.008
"""Distances are exact within this, and those of the voxels beyond."""


@dataclass(frozen=True, slots=True)
class VoxelGrid:
    """Where the voxels of a field lie: index (x, y, z) times STEP_M from `origin`."""

    origin: MeshArray
    shape: tuple[int, int, int]

    def axes(self) -> list[MeshArray]:
        """The coordinates along each axis, shaped so that they broadcast."""
        return [
            (self.origin[axis] + STEP_M * np.arange(self.shape[axis])).reshape(
                [-1 if axis == i else 1 for i in range(3)]
            )
            for axis in range(3)
        ]


def grid_right_of(places: MeshArray) -> VoxelGrid:
    """The grid of the half at x >= 0; its first layer lies half a step beyond the plane of
    symmetry.
    """
    low, high = places.min(0) - MARGIN_M, places.max(0) + MARGIN_M
    low[0] = STEP_M / 2
    return VoxelGrid(low, tuple(int(n) for n in np.ceil((high - low) / STEP_M)))  # type: ignore[arg-type]  # three of them


def _inside(mesh: trimesh.Trimesh, grid: VoxelGrid) -> NDArray[np.bool_]:
    """Which voxels rays along z find between an odd and an even crossing."""
    x, y, _ = grid.axes()
    xs, ys = np.broadcast_arrays(x[..., 0], y[..., 0])
    origins = np.column_stack(
        [xs.ravel() + 1e-6, ys.ravel() + 1e-6, np.full(xs.size, grid.origin[2] - 1)]
    )
    places, ray, _ = RayMeshIntersector(mesh).intersects_location(
        origins, np.tile([0.0, 0, 1], (len(origins), 1))
    )
    layer = np.ceil((places[:, 2] - grid.origin[2]) / STEP_M).astype(int)
    flips = np.zeros((xs.size, grid.shape[2] + 1), np.int32)
    np.add.at(flips, (ray, np.clip(layer, 0, grid.shape[2])), 1)
    return np.asarray(np.cumsum(flips[:, :-1], 1).reshape(grid.shape) % 2 == 1)


def distances(mesh: trimesh.Trimesh, grid: VoxelGrid) -> tuple[DensityField, Index]:
    """The signed distance (negative inside) and the mesh's nearest vertex (-1 where none is
    near).
    """
    inside = _inside(mesh, grid)
    field = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    field = ((field - np.sign(field) * 0.5) * STEP_M).astype(np.float32)
    at = np.nonzero(np.abs(field) < NEAR_M)
    places = np.column_stack([grid.origin[i] + STEP_M * at[i] for i in range(3)])
    _, nearest = cKDTree(mesh.vertices).query(places, workers=2)
    offset = ((places - mesh.vertices[nearest]) * mesh.vertex_normals[nearest]).sum(1)
    field[at] = np.clip(offset, -2 * NEAR_M, 2 * NEAR_M)
    owner = np.full(grid.shape, -1, np.int64)
    owner[at] = nearest
    return field, owner


def smooth(field: DensityField, radius_m: float) -> DensityField:
    """Blurred by a Gaussian, mirrored at the plane of symmetry."""
    return np.asarray(
        ndimage.gaussian_filter(
            field, radius_m / STEP_M, mode=("reflect", "nearest", "nearest"), truncate=3
        )
    )


def close(field: DensityField, radius_m: float) -> DensityField:
    """Fill what a ball of this radius can't enter."""
    outer = ndimage.distance_transform_edt(field > 0) * STEP_M > radius_m
    return np.asarray(radius_m - ndimage.distance_transform_edt(~outer) * STEP_M, np.float32)


def union(first: DensityField, second: DensityField, fillet_m: float) -> DensityField:
    """Both bodies, with a fillet where they meet (polynomial smooth minimum)."""
    share = np.clip(0.5 + 0.5 * (second - first) / fillet_m, 0, 1)
    return np.asarray(
        second + (first - second) * share - fillet_m * share * (1 - share), np.float32
    )


def surface(
    half: DensityField, grid: VoxelGrid, labelled: Callable[[MeshArray], Index]
) -> tuple[trimesh.Trimesh, Index]:
    """The mesh of both halves where the field is zero (naive surface nets), its normals from the
    field, and its labels.
    """
    field = np.concatenate([half[::-1], half])
    origin = grid.origin - np.array([STEP_M * grid.shape[0], 0, 0])
    vertices, quads = _nets(field)
    for _ in range(2):
        value, slope = _sampled(field, vertices)
        vertices = vertices - slope * (value / np.maximum((slope**2).sum(1), 1e-9))[:, None]
    _, slope = _sampled(ndimage.gaussian_filter(field, 0.7), vertices)
    normals = slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-12)
    places = vertices * STEP_M + origin
    faces = np.vstack([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return trimesh.Trimesh(places, faces, vertex_normals=normals, process=False), labelled(places)


def _sampled(field: DensityField, at: MeshArray) -> tuple[MeshArray, MeshArray]:
    def value(places: MeshArray) -> MeshArray:
        return np.asarray(ndimage.map_coordinates(field, places.T, order=1, mode="nearest"), float)

    steps = np.eye(3) * 0.6
    return value(at), np.column_stack(
        [(value(at + step) - value(at - step)) / 1.2 for step in steps]
    )


def _nets(field: DensityField) -> tuple[MeshArray, Index]:
    """A vertex in each cell that the surface crosses, a quad around each edge that it crosses."""
    inside = field < 0
    shape = np.array(field.shape)
    corners = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    count = sum(
        inside[tuple(slice(c, n - 1 + c) for c, n in zip(k, shape, strict=True))].astype(np.uint8)
        for k in corners
    )
    cells = np.column_stack(np.nonzero((count > 0) & (count < 8)))
    number = np.full(shape - 1, -1, np.int64)
    number[tuple(cells.T)] = np.arange(len(cells))
    total, crossed = np.zeros((len(cells), 3)), np.zeros(len(cells))
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        for corner in corners[corners[:, axis] == 0]:
            start = cells + corner
            a, b = field[tuple(start.T)], field[tuple((start + step).T)]
            cut = (a < 0) != (b < 0)
            along = a[cut] / (a[cut] - b[cut])
            total[cut] += start[cut] + along[:, None] * step
            crossed[cut] += 1
    quads = []
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        one, two = np.eye(3, dtype=int)[(axis + 1) % 3], np.eye(3, dtype=int)[(axis + 2) % 3]
        low = tuple(slice(0, n - d) for n, d in zip(shape, step, strict=True))
        high = tuple(slice(d, n) for n, d in zip(shape, step, strict=True))
        start = np.column_stack(np.nonzero(inside[low] != inside[high]))
        around = [number[tuple((start - back).T)] for back in (0 * one, one, one + two, two)]
        quad = np.column_stack(around)
        leaving = inside[tuple(start.T)]
        quads.append(np.where(leaving[:, None], quad, quad[:, ::-1]))
    return total / crossed[:, None], np.vstack(quads)
