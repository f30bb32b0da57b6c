"""Fitting a shape of few numbers to a silhouette: Levenberg-Marquardt, several starts at once.

Residuals, in pixels: outline point to the nearest of the shape's edges (as in iterative closest
point, Besl & McKay 1992), point of an edge to the outline, and the shape's own priors. Large ones
count linearly (Huber): a hanger or a hood does not bend the rest.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from compositing.template.silhouette import Array, Silhouette

OVERLAP: Final = 0.6
"""What parts that lie over each other cost, a gap between them being 1."""
STEP: Final = 0.01
"""Of the numeric derivative; every number of a shape is a logarithm, an angle or a share."""
DAMPINGS: Final = (0.1, 1.0, 10.0)
PER_EDGE: Final = 4
AWRY: Final = 20.0
"""What an edge that faces the other way seems farther: twice this, in squared pixels."""

Ints = NDArray[np.intp]


class Shape(Protocol):
    """A flat garment of few numbers. Methods take numbers as (batch, n)."""

    @property
    def edges(self) -> Ints:
        """(edges, 2): the nodes at their ends; who goes along has the outside to the right hand."""

    @property
    def inner(self) -> NDArray[np.bool_]:
        """(edges,): may lie within the silhouette, where two parts touch."""

    @property
    def low(self) -> Array:
        """(n,): the least that numbers can be."""

    @property
    def high(self) -> Array:
        """(n,): the most."""

    def nodes(self, numbers: Array) -> Array:
        """(batch, nodes, 2)."""

    def priors(self, numbers: Array) -> Array:
        """(batch, priors): how far from what is likely, weighted as pixels."""

    def beyond(self, numbers: Array, nodes: Array, points: Array) -> Array:
        """(batch, points): how far samples of inner edges lie from the part they may touch."""

    def polygons(self, nodes: Array) -> list[Array]:
        """Of one garment's nodes (nodes, 2)."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The edge nearest to each outline point, and the samples' weights: held during a step."""

    edge: Ints
    weight: Array


@dataclass(frozen=True, slots=True)
class Search:
    """A shape and a silhouette.

    `bend_px`: residuals above count linearly. `evidence`: what a missing edge inside costs.
    """

    shape: Shape
    silhouette: Silhouette
    bend_px: float = 1.0
    evidence: float = 0.9

    def nearest(self, numbers: Array) -> Nearest:
        """For each row of numbers."""
        nodes = self.shape.nodes(numbers)
        start = nodes[:, self.shape.edges[:, 0]]
        along = nodes[:, self.shape.edges[:, 1]] - start
        ax, ay = along[..., 0], along[..., 1]
        squared = np.maximum(ax * ax + ay * ay, 1e-6)
        x, y = self.silhouette.outline.T[:, None, :, None]
        px, py = x - start[:, None, :, 0], y - start[:, None, :, 1]
        ax, ay = ax[:, None], ay[:, None]
        share = np.clip((px * ax + py * ay) / squared[:, None], 0, 1)
        px -= share * ax
        py -= share * ay
        length = np.sqrt(squared)
        outwards = np.stack([-along[..., 1], along[..., 0]], 1) / length[:, None]
        apart = px * px + py * py - AWRY * (self.silhouette.facing @ outwards)
        weight = np.repeat(length / length.sum(-1, keepdims=True), PER_EDGE, axis=1) / PER_EDGE
        return Nearest(apart.argmin(-1), np.sqrt(weight))

    def residuals(self, numbers: Array, near: Nearest) -> tuple[Array, Array]:
        """(batch, m) robust ones, in pixels, not weighted yet, and (batch, q) priors."""
        shape = self.shape
        nodes = shape.nodes(numbers)
        a, b = nodes[:, shape.edges[:, 0]], nodes[:, shape.edges[:, 1]]
        outer = self._to_edges(a, b, near.edge)
        shares = (np.arange(PER_EDGE) + 0.5) / PER_EDGE
        points = a[:, :, None] + shares[:, None] * (b - a)[:, :, None]
        flat = points.reshape(len(points), -1, 2)
        signed = self.silhouette.at(self.silhouette.distance, flat)
        inner = np.repeat(shape.inner, PER_EDGE)
        extra = [shape.priors(numbers)]
        if inner.any():
            within = flat[:, inner]
            depth = np.maximum(-signed[:, inner], 0)
            gap = shape.beyond(numbers, nodes, within)
            gap = np.maximum(gap, -OVERLAP * gap)
            signed[:, inner] = np.maximum(signed[:, inner], 0) + np.minimum(depth, gap)
            shown = self.silhouette.at(self.silhouette.edges, within)
            missing = np.clip(depth - 1.5, 0, 1) * (1 - shown)
            extra.append(self.evidence * missing / np.sqrt(missing.shape[1] / 4))
        return np.concatenate([outer, signed], 1), np.concatenate(extra, 1)

    def _to_edges(self, a: Array, b: Array, edge: Ints) -> Array:
        """Signed distance of outline points to the edges that they belong to."""
        index = edge + (np.arange(len(a)) * a.shape[1])[:, None]
        x, y = a[..., 0].ravel(), a[..., 1].ravel()
        ax = (b[..., 0].ravel() - x)[index]
        ay = (b[..., 1].ravel() - y)[index]
        px, py = self.silhouette.outline[:, 0] - x[index], self.silhouette.outline[:, 1] - y[index]
        squared = np.maximum(ax * ax + ay * ay, 1e-6)
        share = (px * ax + py * ay) / squared
        beside = (ax * py - ay * px) / np.sqrt(squared)
        nearest = np.clip(share, 0, 1)
        ends = np.hypot(px - nearest * ax, py - nearest * ay)
        return np.asarray(np.where(nearest == share, beside, ends))

    def _weights(self, near: Nearest) -> Array:
        count = len(self.silhouette.outline)
        outer = np.full((len(near.weight), count), 1 / np.sqrt(count))
        return np.concatenate([outer, near.weight], 1)

    def _huber(self, size: Array) -> Array:
        bend = self.bend_px
        return np.asarray(np.where(size < bend, 0.5 * size**2 / bend, size - 0.5 * bend))

    def cost(self, numbers: Array, near: Nearest) -> Array:
        """(batch,), in pixels."""
        robust, priors = self.residuals(numbers, near)
        size = np.abs(robust)
        return np.asarray(
            (self._huber(size) * self._weights(near) ** 2).sum(1) + 0.5 * (priors**2).sum(1)
        )

    def _system(self, numbers: Array, near: Nearest) -> tuple[Array, Array, Array]:
        """The normal equations at each row of numbers, and its cost."""
        batch, n = numbers.shape
        moved = (numbers[:, None] + STEP * np.eye(n)).reshape(-1, n)
        every = np.concatenate([numbers, moved])
        index = np.concatenate([np.arange(batch), np.repeat(np.arange(batch), n)])
        robust, priors = self.residuals(every, Nearest(near.edge[index], near.weight[index]))
        size = np.abs(robust[:batch])
        weights = self._weights(near)
        cost = (self._huber(size) * weights**2).sum(1) + 0.5 * (priors[:batch] ** 2).sum(1)
        scale = weights / np.sqrt(np.maximum(size, self.bend_px))
        slope = (
            (robust[batch:].reshape(batch, n, -1) - robust[:batch, None]) / STEP * scale[:, None]
        )
        leaning = (priors[batch:].reshape(batch, n, -1) - priors[:batch, None]) / STEP
        jacobian = np.concatenate([slope, leaning], 2)
        value = np.concatenate([robust[:batch] * scale, priors[:batch]], 1)
        return jacobian @ jacobian.transpose(0, 2, 1), (jacobian @ value[..., None])[..., 0], cost

    def refined(self, numbers: Array, rounds: int) -> tuple[Array, Array]:
        """Each row of numbers after at most so many steps, and its cost."""
        batch, n = numbers.shape
        damping = np.full(batch, 0.03)
        rows = np.arange(batch)
        cost = np.zeros(batch)
        for _ in range(rounds):
            near = self.nearest(numbers)
            normal, gradient, cost = self._system(numbers, near)
            diagonal = np.maximum(np.einsum("bii->bi", normal), 1e-3)
            tried = []
            for factor in DAMPINGS:
                damped = normal + (damping * factor)[:, None, None] * diagonal[:, :, None] * np.eye(
                    n
                )
                step = np.linalg.solve(damped, gradient[..., None])[..., 0]
                tried.append(
                    np.clip(numbers - np.clip(step, -0.5, 0.5), self.shape.low, self.shape.high)
                )
            index = np.tile(rows, len(DAMPINGS))
            costs = self.cost(np.concatenate(tried), Nearest(near.edge[index], near.weight[index]))
            costs = costs.reshape(len(DAMPINGS), batch)
            best = costs.argmin(0)
            better = costs[best, rows] < cost
            chosen = np.stack(tried)[best, rows]
            if not better.any() or (better & (cost - costs[best, rows] > 1e-4)).sum() == 0:
                numbers = np.where(better[:, None], chosen, numbers)
                break
            numbers = np.where(better[:, None], chosen, numbers)
            cost = np.where(better, costs[best, rows], cost)
            damping = np.clip(damping * np.where(better, np.array(DAMPINGS)[best], 10), 1e-5, 1e3)
        return numbers, cost

    def screened(self, starts: Array, keep: int) -> Array:
        """Of starts (kinds, each, n) the likeliest of each kind, of these the `keep` likeliest."""
        rough = replace(self, silhouette=self.silhouette.thinned(3))
        flat = starts.reshape(-1, starts.shape[-1])
        cost = rough.cost(flat, rough.nearest(flat)).reshape(starts.shape[:2])
        kinds = np.argsort(cost.min(1), kind="stable")[:keep]
        return np.asarray(starts[kinds, cost.argmin(1)[kinds]])

    def iou(self, numbers: Array) -> float:
        """Overlap of one garment."""
        return self.silhouette.iou(self.shape.polygons(self.shape.nodes(numbers[None])[0]))
