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
ARM_EASE_SHOWN = 0.72
"""Share of a sleeve's ease round the arm that shows across it."""


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
    photo = _ruled(ribs.outer, ribs.inner, np.tile(ACROSS, (RIBS, 1)))
    flat = (np.clip(1 - t / 0.35, 0, 1) ** 2)[:, None]  # along the armhole as the body has it
    look = _ruled(outer, inner, ACROSS * flat + wrapped(ACROSS) * (1 - flat))
    keep = np.unique(np.concatenate([np.arange(0, RIBS, 2), [RIBS - 1]]))
    return Chart("sleeve", photo[keep], look[keep])


def closed_rows(ribs: Ribs) -> np.ndarray:
    """Which of the chart's rows have no background beside their inner end."""
    keep = np.unique(np.concatenate([np.arange(0, RIBS, 2), [RIBS - 1]]))
    return np.asarray(ribs.closed[keep])


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
    wide = 2 * half_width + 2 * CLOTH_PX + ARM_EASE_SHOWN * np.maximum(0, flat - half_girth)
    inner = outer - normal * smooth(wide, 2)[:, None]
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
    ahead = float((end - armpit) @ way[joined])
    if ahead < least:
        end = end + way[joined] * (least - ahead)
    inner[: joined + 1] = armpit + (t[: joined + 1, None] / t[joined]) * (end - armpit)
    return outer, pinned(inner, 2)
