"""A mask corrected by what the learned segmenter expects: parts are added and taken off one by one,
and only those stay that the arbiter finds better.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from compositing.arrays import Floats, Mask
from compositing.cut.arbiter import Arbitration, FitScore, evenness, overlap, score
from compositing.cut.learned import Expected
from compositing.cut.matte import signed_distance
from compositing.cut.opinion import Opinion, Scene
from compositing.cut.pieces import disc, largest, opened
from compositing.cut.refine import LEARNED_BANDS, refined

AGREE: Final = 0.975
"""Masks that overlap so much differ along their outlines only."""
DOUBTED, HESITANT, CLEAR, CLEARS = 0.15, 0.15, 0.2, 0.5
QUITE, QUITE_DOUBTED = (0.04, 0.15), 0.5
"""What is doubted more gives way to a map that hesitates, so far from 0 and 1, in less than such a
share of its own size: wherever that is quite sure, or, where it is doubted much, rather sure. So
much of the doubt goes where they then agree."""
SURE: Final = 0.75
"""Cloth is added from here on, and taken off below 1 less this."""
CORE, REACH = 0.006, 0.01
"""Half the width that a part has at least, and how far its rim is followed, in shares of the longer
side: narrower differences are the outlines' own."""
LEAST: Final = 0.0008
"""The least part, as a share of the picture."""
MOST_PARTS: Final = 8
HANGER, MOSTLY = 0.5, 0.9
"""A hanger is likelier than this, and no more of the mask than the rest."""
KEPT: Final = 0.1
"""Pieces of a smaller share of the largest are none of the garment's."""
LEARNED_WEIGHT: Final = 1.5
"""Of the overlap with the learned map, in the arbiter's score."""
BETTER: Final = 0.0005
ALONE, ALONE_PLAIN = 0.003, 0.02
"""The learned mask as a whole is taken where the corrected one scores lower by more than this;
before a plain background, whose outline is sure, by more."""
SAME, RAGGED = (0.94, 0.988), 0.055
"""Masks overlap so much that only their outlines differ, and one is so much less even."""
LEANS, STEADY, SMOOTH = 0.7, 0.02, 0.006
"""It leans to the other by such a share, from no farther off than this, and is so smooth, in shares
of the longer side."""
BETWEEN, CHANNEL = 0.6, 0.05
"""What has cloth on both sides in so many of its rows lies between legs, or, no wider than such a
share of the longer side, between sleeve and body: the map is too coarse for the gap."""


def corrected(
    scene: Scene, found: Arbitration, seen: Expected, fit_score: FitScore | None
) -> Arbitration:
    """The arbitration with a better mask where there is one. `by` is `learned` where the mask is
    the learned one as a whole."""
    found = Arbitration(_unhung(found.mask, seen), found.by, found.doubt)
    doubted = found.by != "flood" and found.doubt > DOUBTED
    if found.mask.any() and doubted and _clear(seen.cloth):
        return _patched(scene, found, seen.cloth)
    widest = 1.0 if scene.shape == "legs" else CHANNEL
    cloth = _off_the_floor(found.mask, seen.cloth, widest * max(found.mask.shape))
    whole = largest(np.asarray(cloth > 0.5), KEPT)
    if not found.mask.any() or not whole.any():
        return found
    if overlap(found.mask, whole) <= AGREE:
        found = _by_parts(scene, found, (whole, cloth), fit_score)
    return replace(found, mask=_steadied(found.mask, whole))


def _clear(cloth: Floats) -> bool:
    """Whether the map hesitates nearly nowhere."""
    hesitant = (cloth > HESITANT) & (cloth < 1 - HESITANT)
    return bool(hesitant.sum() < CLEAR * (cloth > 0.5).sum())


def _patched(scene: Scene, found: Arbitration, cloth: Floats) -> Arbitration:
    """The learned mask, and what the others found where it is not quite sure."""
    quite = QUITE[found.doubt > QUITE_DOUBTED]
    there = np.where(cloth > 1 - quite, True, np.where(cloth < quite, False, found.mask))
    mask = refined(scene.colours, largest(np.asarray(there), KEPT), LEARNED_BANDS)
    doubt = found.doubt * (1 - CLEARS * overlap(mask, np.asarray(cloth > 0.5)))
    return Arbitration(mask, "learned", doubt)


def _steadied(mask: Mask, whole: Mask) -> Mask:
    """A ragged outline drawn nearer to the learned one, where that is much the same and even: a
    print's colours may be the background's, too."""
    if not SAME[0] < overlap(mask, whole) < SAME[1] or evenness(whole) - evenness(mask) < RAGGED:
        return mask
    most = STEADY * max(mask.shape)
    both = [np.clip(signed_distance(one), -most, most) for one in (mask, whole)]
    mean = (1 - LEANS) * both[0] + LEANS * both[1]
    sigma = max(0.8, SMOOTH * max(mask.shape))
    return np.asarray(cv2.GaussianBlur(mean.astype(np.float32), (0, 0), sigma) > 0)


def _by_parts(
    scene: Scene, found: Arbitration, learned: tuple[Mask, Floats], fit_score: FitScore | None
) -> Arbitration:
    """`learned`: its mask, and its map."""
    whole, cloth = learned

    def worth(mask: Mask) -> float:
        if not mask.any() or mask.all():
            return 0.0
        return score(scene, Opinion(mask, "learned", cloth), fit_score, LEARNED_WEIGHT)

    mask, best = found.mask, worth(found.mask)
    for part, added in _parts(found.mask, cloth):
        tried = largest(mask | part if added else mask & ~part, KEPT)
        reached = worth(tried)
        if reached > best + BETTER:
            mask, best = tried, reached
    alone = refined(scene.colours, whole)
    if worth(alone) > best + (ALONE_PLAIN if found.by == "flood" else ALONE):
        return Arbitration(alone, "learned", found.doubt * overlap(alone, whole))
    if mask is found.mask:
        return found
    moved = cv2.dilate((mask ^ found.mask).astype(np.uint8), disc(3)) > 0
    mask = np.where(moved, refined(scene.colours, mask), mask)
    return Arbitration(mask, found.by, found.doubt * overlap(mask, whole))


def _unhung(mask: Mask, seen: Expected) -> Mask:
    """Without what is more likely a hanger than cloth."""
    hanger = mask & (seen.foreign > HANGER) & (seen.cloth < 1 - HANGER)
    rest = largest(mask & ~hanger, KEPT)
    return rest if rest.sum() > MOSTLY * mask.sum() else mask


def _parts(mask: Mask, cloth: Floats) -> list[tuple[Mask, bool]]:
    """What the learned mask has beyond the other, and what it lacks; the largest first."""
    reach = disc(max(3, round(REACH * max(mask.shape))))
    found: list[tuple[int, Mask, bool]] = []
    for added, where, rim in (
        (True, (cloth > SURE) & ~mask, cloth > 0.5),
        (False, (cloth < 1 - SURE) & mask, cloth < 0.5),
    ):
        for part in _pieces(where):
            wide = cv2.dilate(part.astype(np.uint8), reach) > 0
            found.append((int(part.sum()), np.asarray(wide & rim), added))
    found.sort(key=lambda one: -one[0])
    return [(part, added) for _, part, added in found[:MOST_PARTS]]


def _pieces(where: Mask) -> list[Mask]:
    """Those that are no mere difference of outlines."""
    core = max(2, round(CORE * max(where.shape)))
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(
        opened(where, core).astype(np.uint8), connectivity=8
    )
    large = boxes[:, cv2.CC_STAT_AREA] >= LEAST * where.size
    return [np.asarray(pieces == number) for number in range(1, count) if large[number]]


def _off_the_floor(mask: Mask, cloth: Floats, widest_px: float) -> Floats:
    """The map without what it takes for cloth between two legs, or a sleeve and the body."""
    floor = np.zeros(mask.shape, bool)
    for part in _pieces(np.asarray((cloth > 0.5) & ~mask)):
        if part.sum() < widest_px * part.any(1).sum() and _between(part, mask):
            floor |= cv2.dilate(part.astype(np.uint8), disc(3)) > 0
    return np.where(floor & ~mask, np.float32(0), cloth)


def _between(part: Mask, mask: Mask) -> bool:
    """Whether the mask has cloth to the left and to the right of most of the part's rows."""
    rows = np.nonzero(part.any(1))[0]
    left, right = part[rows].argmax(1), part.shape[1] - 1 - part[rows, ::-1].argmax(1)
    columns = np.arange(part.shape[1])[None]
    beside = (mask[rows] & (columns < left[:, None])).any(1) & (
        mask[rows] & (columns > right[:, None])
    ).any(1)
    return float(beside.mean()) > BETWEEN
