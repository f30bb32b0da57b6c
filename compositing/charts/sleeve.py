"""A sleeve's chart: from the armhole along the arm, as long as in the photo, as wide as cloth round
an arm looks."""

import numpy as np

from compositing.charts.body import CLOTH_PX, Body
from compositing.charts.chart import Chart
from compositing.charts.lines import Numbers, lengths, pinned, smooth
from compositing.charts.upper_photo import BEND_SHARE, RIBS, Ribs
from compositing.charts.wrap import wrapped

ACROSS = np.linspace(-1, 1, 9)
"""Columns from the outer edge (-1) to the inner one (1)."""
INNER_KEPT = 0.7
"""Least share of its length that a sleeve's inner edge has below the armpit."""
CUFF_SLANT = 0.3
"""A short sleeve's cuff runs to the body at most so much lower, over its width, than straight
across the arm: the rest of its inner edge is folded up where the arm hangs."""
ARM_EASE_SHOWN = 0.72
"""Share of a sleeve's ease round the arm that shows across it."""
ROOMY, STANDS_OFF = 1.5, 0.6
"""Of what a sleeve is wider than so many of the arm's half girths, so much stands off from the
arm's outer side: ruffles, bells, tiers."""
PUFF_KEPT, PUFF_FROM, MOST_PUFF = 0.9, 0.04, 0.3
"""Share of a puff's height that is kept, how high one is at least, over the sleeve's length (less
is how a sleeve's edge is cut), and at most, over its width."""
MOST_OFF = 0.85
"""Of all ease, at most so much stands off."""
OFF_FROM = 0.35
"""A wide sleeve stands off from here on, in shares of its length: at the shoulder it is sewn on."""
AHEAD_PX = 0.6
"""Each rib lies so far ahead of the one before, at least."""


def sleeve_chart(  # noqa: PLR0913 (a sleeve joins all of these)
    s: int,
    ribs: Ribs,
    total: float,
    *,
    start: Numbers,
    armpit: Numbers,
    tip_at: float,
    scale: float,
    body: Body,
) -> Chart:
    """`total`: look px along the arm from the true length `tip_at`; it begins at `start` and
    `armpit` (look points)."""
    t = np.linspace(0, 1, RIBS)
    outer, inner = _on_arm(s, ribs, t, total, armpit=armpit, tip_at=tip_at, scale=scale, body=body)
    outer[0], inner[0] = start, armpit
    outer, inner = in_order(outer, inner, -s)
    photo = _ruled(*in_order(ribs.outer, ribs.inner, -s), np.tile(ACROSS, (RIBS, 1)))
    flat = (np.clip(1 - t / 0.35, 0, 1) ** 2)[:, None]  # along the armhole as the body has it
    look = _ruled(outer, inner, ACROSS * flat + wrapped(ACROSS) * (1 - flat))
    return Chart("sleeve", photo, look)


def in_order(outer: Numbers, inner: Numbers, way: int) -> tuple[Numbers, Numbers]:
    """Ribs of which none crosses the one before: ends that lie behind it are drawn forward.

    `way`: 1 where the cuff lies to the right hand of who goes from the outer to the inner end.
    """
    outer, inner = outer.copy(), inner.copy()
    for i in range(1, len(outer)):
        along = inner[i - 1] - outer[i - 1]
        ahead = way * np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-6)
        for line in (outer, inner):
            far = float((line[i] - line[i - 1]) @ ahead)
            line[i] += ahead * max(AHEAD_PX - far, 0.0)
    return outer, inner


def _puff(ribs: Ribs, way: int) -> Numbers:
    """How far the outer edge bulges from the line over its ends, by rib, in px of the photo."""
    chord = ribs.outer[-1] - ribs.outer[0]
    length = max(float(np.linalg.norm(chord)), 1e-6)
    outwards = way * np.array([chord[1], -chord[0]]) / length
    return np.asarray(
        PUFF_KEPT * np.maximum((ribs.outer - ribs.outer[0]) @ outwards - PUFF_FROM * length, 0)
    )


def _ruled(outer: Numbers, inner: Numbers, across: Numbers) -> Numbers:
    middle, half = (outer + inner) / 2, (outer - inner) / 2
    return np.asarray(middle[:, None] - half[:, None] * across[..., None])


def _on_arm(  # noqa: PLR0913 (as above)
    s: int,
    ribs: Ribs,
    t: Numbers,
    total: float,
    *,
    armpit: Numbers,
    tip_at: float,
    scale: float,
    body: Body,
) -> tuple[Numbers, Numbers]:
    """Outer and inner ends of the ribs in the look: the outer on the arm's line, the inner one
    cloth width away."""
    arm = body.arms[s]
    along = tip_at + t * total
    outer, normal, way = arm.at(along)
    outer = outer + normal * CLOTH_PX
    flat = np.linalg.norm(ribs.outer - ribs.inner, axis=1) * scale
    half_width, half_girth = arm.bare_at(along)
    bare = 2 * half_width + 2 * CLOTH_PX
    ease = smooth(ARM_EASE_SHOWN * np.maximum(0, flat - half_girth), 1.2)
    wide = smooth(bare, 2) + ease
    roomy = ARM_EASE_SHOWN * np.maximum(0, flat - ROOMY * half_girth)
    off = STANDS_OFF * roomy * np.clip(t / OFF_FROM, 0, 1)
    puff = np.minimum(scale * _puff(ribs, -s), MOST_PUFF * flat)
    off = np.maximum(np.minimum(off, MOST_OFF * ease), puff)
    wide = np.maximum(wide, off + smooth(bare, 2))
    outer = outer + normal * smooth(off, 1.5)[:, None]
    inner = outer - normal * wide[:, None]
    count = len(t)
    joined = int(
        np.clip(
            round(BEND_SHARE * np.linalg.norm(outer[0] - armpit) / max(total, 1) * (count - 1)),
            4,
            count - 1,
        )
    )
    end = inner[joined].copy()
    own = scale * float(lengths(ribs.inner[: joined + 1])[-1])  # the inner edge keeps its length
    least = max(0.12 * total * joined / (count - 1) + 3, INNER_KEPT * own)
    behind = least - float((end - armpit) @ way[joined])
    if joined == count - 1:
        behind = min(behind, CUFF_SLANT * float(wide[joined]))
    end = end + way[joined] * max(behind, 0.0)
    inner[: joined + 1] = armpit + (t[: joined + 1, None] / t[joined]) * (end - armpit)
    return outer, pinned(inner, 2)
