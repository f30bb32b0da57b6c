"""What lies between a sleeve and the body, or between two legs, in a rough cut-out: cloth or wall?

The template tells where background may be shut in. There each pixel goes to the colours that it is
nearer to: those of the background around the garment, or those of its cloth. Elsewhere what fills
the upper end of such a wedge goes where it is background beyond doubt.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.cut.opinion import SEED
from compositing.cut.pieces import touching

SIDE_PX: Final = 512
"""Decided at this size."""
LEAST_PX: Final = 2
"""What is narrower is an edge."""
DEEP_PX, BESIDE_PX = 15, 11
APEX: Final = 0.12
"""So far around a wedge's apex, in shares of the width, it is asked what hangs together with it."""
CLUSTERS: Final = 5
LEAST_PIXELS: Final = 60
LEAST_SHARE: Final = 0.05
"""A colour that a region has less of is not one of its own."""
UNLIKE_CLOTH: Final = 5.0
"""Only what is so unlike the cloth (dE) goes: cloth of the floor's own colour stays."""
NEARER: Final = 0.8
"""Background must be so much nearer than cloth; beside such, nearer at all."""
DOUBTLESS: Final = (0.5, 20.0, 25.0)
"""Outside the wedges: so much nearer, so unlike the cloth (dE), no farther from the background."""
EDGE_PX: Final = 4
"""So wide is what is neither cloth nor outside."""
POCKET_PX: Final = 40
"""What is smaller there is no pocket of background."""
BETWEEN: Final = 0.9
"""So much of a pocket, and of the outside next to it, has cloth on both sides."""
UPWARDS: Final = 0.4
"""Less of that outside is above it."""
DOUBTED, ALIKE = 0.15, 0.05
"""Where colours part cloth and floor no better than this, and the cut-out is what the learned
segmenter sees, which knows a wedge by its form, nothing is taken off by colour."""


def cleared(cutout: Cutout, wedges: list[NDArray[np.float64]], pockets_from: float = 0.0) -> Cutout:
    """The cut-out without background inside the wedges (polygons in its px, their apex first), and
    without what is left of it in pockets below this share of its height.
    """
    if (not wedges and pockets_from >= 1) or (cutout.doubt > DOUBTED and cutout.unlike < ALIKE):
        return cutout
    scale = min(1.0, SIDE_PX / max(cutout.alpha.shape))
    height, width = (max(1, round(side * scale)) for side in cutout.alpha.shape)
    alpha = cv2.resize(cutout.alpha, (width, height), interpolation=cv2.INTER_AREA)
    reduced = cv2.resize(cutout.rgb, (width, height), interpolation=cv2.INTER_AREA)
    colours = lab(np.asarray(reduced, np.uint8))
    inside, above = _asked([wedge * scale for wedge in wedges], (height, width))
    here = alpha > 0.3
    around = cv2.dilate((alpha > 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    deep = cv2.erode((alpha > 0.95).astype(np.uint8), np.ones((DEEP_PX, DEEP_PX), np.uint8)) > 0
    deep &= ~inside
    if min(int(around.sum()), int(deep.sum()), int(here.sum())) < LEAST_PIXELS:
        return cutout
    behind = _far(colours, here, _centres(colours, around))
    cloth = _far(colours, here, _centres(colours, deep))
    asked, outside = (inside | above)[here], alpha < 0.3
    surely, maybe, doubtless = (np.zeros(alpha.shape, bool) for _ in range(3))
    maybe[here] = behind < cloth
    surely[here] = (behind < NEARER * cloth) & (cloth > UNLIKE_CLOTH) & asked
    nearer, unlike, like = DOUBTLESS
    doubtless[here] = (behind < nearer * cloth) & (cloth > unlike) & (behind < like)
    core = _opened(surely, LEAST_PX)
    gone = core & (inside | touching(np.asarray(core | outside), outside))
    gone = _with_beside(gone, maybe)
    doubtless[: round(pockets_from * height)] = False
    left = _opened(np.asarray(doubtless & ~gone), 2 * LEAST_PX)
    gone |= _with_beside(_pockets(left, np.asarray(outside | gone)), maybe)
    if not gone.any():
        return cutout
    edge = cv2.dilate(gone.astype(np.float32), np.ones((3, 3), np.uint8))
    soft = cv2.resize(
        cv2.blur(edge, (3, 3)), cutout.alpha.shape[::-1], interpolation=cv2.INTER_LINEAR
    )
    kept = np.round(cutout.alpha * (1 - np.clip(soft * 1.5, 0, 1)) * 255) / np.float32(255)
    return replace(cutout, alpha=np.asarray(kept, np.float32))


def _with_beside(gone: Mask, maybe: Mask) -> Mask:
    near = cv2.dilate(gone.astype(np.uint8), np.ones((BESIDE_PX, BESIDE_PX), np.uint8)) > 0
    return touching(np.asarray((maybe & near) | gone), gone)


def _pockets(background: Mask, outside: Mask) -> Mask:
    """Of this background what belongs to a wedge of the outside: with cloth on both sides of it,
    and of the outside that it is next to, which is not above it: a patch on a shoulder is.
    """
    cloth = ~(background | outside)
    sides = [np.maximum.accumulate(one, axis=1) for one in (cloth, cloth[:, ::-1])]
    between = sides[0] & sides[1][:, ::-1]
    count, labels, stats, _ = cv2.connectedComponentsWithStats(background.astype(np.uint8))
    found = np.zeros(background.shape, bool)
    reach = np.ones((2 * EDGE_PX + 1, 2 * EDGE_PX + 1), np.uint8)
    up = np.zeros((2 * EDGE_PX + 1, 1), np.uint8)
    up[EDGE_PX:] = 1
    for number in range(1, count):
        if stats[number, cv2.CC_STAT_AREA] < POCKET_PX:
            continue
        part = np.asarray(labels == number)
        next_to, above = (
            outside & (cv2.dilate(part.astype(np.uint8), kernel) > 0) for kernel in (reach, up)
        )
        if (
            next_to.any()
            and above.sum() < UPWARDS * next_to.sum()
            and min(between[part].mean(), between[next_to].mean()) > BETWEEN
        ):
            found |= part
    return found


def _opened(mask: Mask, px: int) -> Mask:
    kernel = np.ones((px, px), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0)


def _asked(wedges: list[NDArray[np.float64]], size: tuple[int, int]) -> tuple[Mask, Mask]:
    """Inside the wedges; and around their apices, where a wedge may go on that was taken to end."""
    inside, above = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    for wedge in wedges:
        cv2.fillPoly(inside, [np.round(wedge).astype(np.int32)], 1)
        x, y = np.round(wedge[0]).astype(int).tolist()
        cv2.circle(above, (x, y), round(APEX * size[1]), 1, cv2.FILLED)
    return np.asarray(inside > 0), np.asarray((above > 0) & (inside == 0))


def _centres(colours: Floats, where: Mask) -> Floats:
    """The colours that a region is made of (CLUSTERS, 3)."""
    points = colours[where]
    points = points[:: max(1, len(points) // 4000)]
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    _, labels, centres = cv2.kmeans(
        np.ascontiguousarray(points, np.float32),
        CLUSTERS,
        np.empty(0, np.int32),
        stop,
        1,
        cv2.KMEANS_PP_CENTERS,
    )
    share = np.bincount(labels[:, 0], minlength=CLUSTERS) / len(points)
    return np.asarray(centres[share >= LEAST_SHARE], np.float32)


def _far(colours: Floats, where: Mask, centres: Floats) -> Floats:
    """How far the pixels are from the nearest of these colours (dE)."""
    return np.asarray(
        np.linalg.norm(colours[where][:, None] - centres[None], axis=-1).min(1), np.float32
    )
