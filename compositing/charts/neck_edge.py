"""The front neckline where a strong edge shows it all the way: the deepest line that begins at the
neck and follows one.

First the best of a family of curves from V to U, y = depth (1 - |u|^shape), then its points along
the strongest edge near it, by dynamic programming. It says rather nothing than a wrong line.
"""

import itertools
from functools import lru_cache

import numpy as np

from compositing.charts.lines import Numbers
from compositing.charts.neck_view import REACH_PX, NeckView, across, cheapest, sampled

POINTS = 49
SHAPES = (1.0, 1.35, 2.0, 3.0)
WIDTHS = (0.46, 0.58, 0.72, 0.86, 1.0)
"""Where the line begins, in halves of the neck's width: a rib or a collar may lie outside it."""
DEPTHS = np.arange(0.14, 3.4, 0.06)
"""In halves of the neck's width."""
PLENTY, STRONG, NOTABLE = 7.0, 3.0, 1.6
"""Edges (dE over 2 px) above PLENTY are equally good; weaker ones than STRONG, or than NOTABLE
times the cloth's usual, are none."""
HELD, HELD_EVERYWHERE = 0.72, 0.5
"""A line is believed when so much of it, and of each quarter of it, follows a strong edge."""
DEEP, EXPECTED, HELD_DEEP = 0.9, 0.5, 0.86
"""A deep neckline takes away much cloth if it is none: more of it must be seen, unless the outline
dips nearly as deep; on printed cloth that is never enough."""
DEEPER, UNLIKELY = 0.12, 0.10
"""What a depth of one half width is worth: the back's own rim lies above the front's; and what it
costs beside the depth thought."""
RIB_FROM, RIB_TO, ALIKE = 0.12, 0.36, 0.82
"""A believed line so much above another, as strong as this share of it, is a rib's or a collar's
upper rim."""
APART, ONE_WAY = 4.0, 0.6
PRINTED, ONE_WAY_PRINTED = 3.0, 0.2
"""The cloth above a neckline differs from that below by so much (dE), all along in the same way:
stripes and prints don't."""
COLLAR, OPEN = 0.75, 0.7
"""An opening between collars is no wider than this; another one is no narrower."""
BAND = 7
SIDE_PX = 4.0


def held(seen: NeckView, thought: float, *, collared: bool) -> Numbers | None:
    """The front neckline (POINTS, 2) from the view's origin, by its edge; None where no edge shows
    it. `thought`: its depth by the template. `collared`: it opens between a collar's leaves.

    The front neckline is the deepest line that begins at the neck and follows an edge all the way:
    a print does not
    begin at the neck, and the back's own rim lies higher.
    """
    kinds, x, y = _curves()
    strength = sampled(seen.edge, seen, np.stack([x, y], -1))[:, 4:-4]
    mean = (np.minimum(strength, PLENTY) / PLENTY).mean(1)
    usual = float(np.median(seen.edge[seen.cloth > 0.9])) if (seen.cloth > 0.9).any() else 0.0
    strong = strength > np.clip(NOTABLE * usual, STRONG, PLENTY)
    quarters = np.stack([part.mean(1) for part in np.array_split(strong, 4, axis=1)]).min(0)
    unexpected = (kinds[:, 2] > DEEP) & (np.abs(kinds[:, 2] - thought) > EXPECTED)
    needed = np.where(unexpected, np.inf if usual > PRINTED else HELD_DEEP, HELD)
    believed = (strong.mean(1) >= needed) & (quarters >= HELD_EVERYWHERE)
    chosen = np.nonzero(
        believed & ((kinds[:, 1] <= COLLAR) if collared else (kinds[:, 1] >= OPEN))
    )[0]
    if not len(chosen):
        return None
    apart, alike = _sides(seen, x[chosen], y[chosen])
    clear = (apart >= APART) & (alike >= ONE_WAY + (ONE_WAY_PRINTED if usual > PRINTED else 0))
    chosen, alike = chosen[clear], alike[clear]
    if not len(chosen):
        return None
    kind, mean = kinds[chosen], mean[chosen]
    worth = (
        mean
        + alike
        + DEEPER * np.minimum(kind[:, 2], 2.5)
        - UNLIKELY * np.abs(kind[:, 2] - thought)
    )
    best = int(worth.argmax())
    above = kind[best, 2] - kind[:, 2]
    rib = (
        (above > RIB_FROM)
        & (above < np.where(kind[best, 0] < 1.2, 2, 1) * RIB_TO)
        & (mean > ALIKE * mean[best])
    )
    rib &= (np.abs(kind[:, 0] - kind[best, 0]) < 0.7) & (np.abs(kind[:, 1] - kind[best, 1]) < 0.2)
    if rib.any():
        best = int(np.where(rib, mean, -np.inf).argmax())
    return _along_edge(seen, np.column_stack([x[chosen[best]], y[chosen[best]]]))


@lru_cache(maxsize=1)
def _curves() -> tuple[Numbers, Numbers, Numbers]:
    """Every curve's shape, width and depth (n, 3), and its points, evenly spaced along it: x and y
    (n, POINTS)."""
    kinds = np.array(list(itertools.product(SHAPES, WIDTHS, DEPTHS)))
    u = np.sin(np.linspace(-1, 1, 201) * np.pi / 2)
    fine_x = kinds[:, 1:2] * u
    fine_y = kinds[:, 2:] * (1 - np.abs(u) ** kinds[:, :1])
    length = np.cumsum(
        np.hypot(
            np.diff(fine_x, axis=1, prepend=fine_x[:, :1]),
            np.diff(fine_y, axis=1, prepend=fine_y[:, :1]),
        ),
        axis=1,
    )
    share = np.linspace(0, 1, POINTS)
    x = np.stack(
        [
            np.interp(share * total[-1], total, line)
            for total, line in zip(length, fine_x, strict=True)
        ]
    )
    y = np.stack(
        [
            np.interp(share * total[-1], total, line)
            for total, line in zip(length, fine_y, strict=True)
        ]
    )
    return kinds, x * REACH_PX, y * REACH_PX


def _along_edge(seen: NeckView, line: Numbers) -> Numbers:
    """The line moved across itself, point by point, along the strongest edge near it; its ends
    stay."""
    steps = np.arange(-BAND, BAND + 1)
    moved = across(line, BAND)
    strength = np.minimum(sampled(seen.edge, seen, moved), PLENTY)
    return cheapest(moved, (PLENTY - strength) / PLENTY + 0.02 * np.abs(steps))


def _sides(seen: NeckView, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """How much the cloth above lines (n, POINTS) differs from that below (dE), and how far it does
    so in one way (0..1)."""
    way = np.stack([np.gradient(x, axis=1), np.gradient(y, axis=1)])
    across = np.stack([-way[1], way[0]]) / np.maximum(np.linalg.norm(way, axis=0), 1e-6)
    beside = [
        sampled(
            seen.colours,
            seen,
            np.stack([x + sign * SIDE_PX * across[0], y + sign * SIDE_PX * across[1]], -1),
        )
        for sign in (-1, 1)
    ]
    change = (beside[0] - beside[1])[:, 4:-4]
    common = np.linalg.norm(change.mean(1), axis=-1)
    return common, common / np.maximum(np.linalg.norm(change, axis=-1).mean(1), 1e-6)
