"""What is no cloth about a neck: hangers, hooks, wires, tags, the wall.

The front tells which colours a garment has. What stands out above its back rim between the sides of
the neck is a hanger, where it has other colours or is narrow; and where other colours show inside
the neck, the back's inside is drawn plain, in shade.
"""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask
from compositing.charts.neck_view import REACH_PX, NeckView, view, with_colours
from compositing.cut.cutout import Cutout
from compositing.template.model import Upper

BIN: Final = (12.0, 7.0, 7.0)
"""Colours (CIE L*a*b*) so near to each other are one."""
BINS: Final = (9, 32, 32)
COMMON: Final = 0.004
"""A colour of so much of the front is the garment's own."""
SHADES: Final = (1.0, 0.82, 0.66)
"""Cloth is its own in shade, too."""
FRONT: Final = (0.9, 3.6)
"""Where the front's colours are looked at, below the neck points, over half the neck's width."""
BESIDE, ABOVE, NARROW, HIGH = 0.62, 0.06, 0.42, 0.3
"""What stands out between these sides of the middle, above the rim there by so much, is a hanger
where its colours are not the garment's; or where it is so narrow and so high."""
HOOK_PX: Final = 9
"""What stands out there and is thinner than this, and higher, is a hook."""
FOREIGN_PX: Final = 40
PATTERNED, BARE = 4.0, 0.3
"""What has so much fewer edges than a patterned cloth is a hanger too."""
LEAST_PX: Final = 12
SQUARE: Final = np.ones((3, 3), np.uint8)
MOSTLY, WHOLLY, TRIM = 0.4, 0.9, 0.75
"""What lies in the inside by such a share is no front's; nor a trim, unless wholly inside, where it
reaches so far aside, over half the neck's width."""
LABEL: Final = (0.5, 1.0)
"""A label lies between these sides of the middle, no lower than this."""
LABEL_PX, UNLIKE, FILLED = 31, 5.0, 0.5
"""It is smaller than this, so unlike the cloth around (dE), and fills so much of its box."""
BLUR_PX, NEAR_PX, FAR_PX, SHADE = 9.0, 27, 161, 0.8
"""How far colours are taken from for a plain inside, and how dark it is beside the cloth around."""


def unhung(cutout: Cutout, template: Upper) -> Cutout:
    """Without what of a hanger stands out above the neck."""
    left, right = template.left.neck, template.right.neck
    if float(np.linalg.norm(right - left)) < LEAST_PX:
        return cutout
    seen = view(cutout.rgb, cutout.mask, left, right, collared=False)
    out = _standing_out(seen)
    if not out.any():
        return cutout
    wide = cv2.dilate(out.astype(np.uint8), np.ones((5, 5), np.uint8))
    taken = seen.placed(wide.astype(np.float32), cutout.alpha.shape)
    return replace(cutout, alpha=np.asarray(cutout.alpha * (1 - taken), np.float32))


def _standing_out(seen: NeckView) -> Mask:
    columns = (np.arange(seen.cloth.shape[1]) - seen.origin[0]) / REACH_PX
    rows = np.arange(len(seen.cloth)) - seen.origin[1]
    sides = [
        float(np.median(seen.rim_at(s * REACH_PX * np.linspace(0.64, 0.8, 9)))) for s in (-1, 1)
    ]
    level = np.interp(columns, [-BESIDE, BESIDE], sides)
    between = (np.abs(columns) < BESIDE)[None]
    cloth = np.asarray((seen.cloth > 0.3) & between)
    above = np.asarray(cloth & (rows[:, None] < (level - ABOVE * REACH_PX)[None]))
    if not above.any():
        return above
    foreign = np.asarray(cloth & ~own_colours(seen))
    taken = np.zeros_like(above)
    for piece in _pieces(foreign, FOREIGN_PX):
        if (piece & above).sum() > FOREIGN_PX:
            taken |= piece
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (HOOK_PX, HOOK_PX))
    solid = cv2.morphologyEx((seen.cloth > 0.3).astype(np.uint8), cv2.MORPH_OPEN, disc)
    for piece in _pieces(np.asarray(above & (solid == 0))):
        if np.ptp(np.nonzero(piece.any(1))[0]) > HOOK_PX / 2:
            taken |= piece
    cloth_edges = float(np.median(seen.edge[seen.edge > 0])) if (seen.edge > 0).any() else 0.0
    for piece in _pieces(above):
        wide, high = np.ptp(np.nonzero(piece.any(0))[0]), np.ptp(np.nonzero(piece.any(1))[0])
        narrow = wide < 2 * NARROW * REACH_PX
        bare = cloth_edges > PATTERNED and np.median(seen.edge[piece]) < BARE * cloth_edges
        if high > HIGH * REACH_PX and (narrow or bare):
            taken |= piece
    return taken


def _pieces(mask: Mask, least: int = 1) -> list[Mask]:
    """The connected pieces of at least so many px."""
    count, found, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    big = [number for number in range(1, count) if stats[number, cv2.CC_STAT_AREA] >= least]
    return [np.asarray(found == number) for number in big]


def own_colours(seen: NeckView) -> Mask:
    """Which pixels of a view have a colour of the garment's front, or a shade of it."""
    rows = (np.arange(len(seen.cloth)) - seen.origin[1]) / REACH_PX
    front = (seen.cloth > 0.9) & ((rows > FRONT[0]) & (rows < FRONT[1]))[:, None]
    if front.sum() < LEAST_PX**2:
        return np.ones(seen.cloth.shape, np.bool_)
    counts = np.bincount(_bins(seen.colours[front]), minlength=int(np.prod(BINS))).reshape(BINS)
    common = (counts > COMMON * counts.sum()).astype(np.uint8)
    known = np.zeros(BINS, np.bool_)
    for near in np.ndindex(3, 3, 3):
        at = np.clip(np.argwhere(common) + np.array(near) - 1, 0, np.array(BINS) - 1)
        known[tuple(at.T)] = True
    flat = known.ravel()
    own = flat[_bins(seen.colours)]
    for shade in SHADES[1:]:
        own |= flat[_bins(seen.colours * np.float32(1 / shade))]
    solid = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_CLOSE, SQUARE)
    return np.asarray(solid > 0)


def _bins(colours: Floats) -> NDArray[np.intp]:
    """The number of each colour's bin."""
    low, high = np.array([0, BINS[1] // 2, BINS[2] // 2], np.float32), np.array(BINS, np.float32)
    at = np.clip(colours * (1 / np.array(BIN, np.float32)) + low, 0, high - 1).astype(np.int32)
    return np.asarray((at[..., 0] * BINS[1] + at[..., 1]) * BINS[2] + at[..., 2], np.intp)


def _foreign(seen: NeckView, inside: Mask, own: Mask) -> list[Mask]:
    """Pieces of other colours than the front's, in the inside or across its edge; a trim of another
    colour, which goes on to the sides, is none."""
    columns = np.abs(np.arange(seen.cloth.shape[1]) - seen.origin[0]) / REACH_PX
    foreign = np.asarray(~own & (seen.cloth > 0.5)).astype(np.uint8)
    found = []
    for piece in _pieces(np.asarray(cv2.morphologyEx(foreign, cv2.MORPH_CLOSE, SQUARE) > 0), 4):
        within = (piece & inside).sum()
        trim = columns[piece.any(0)].max() > TRIM and within < WHOLLY * piece.sum()
        if within > MOSTLY * piece.sum() and not trim:
            found.append(piece)
    return found


def without_label(seen: NeckView) -> NeckView:
    """The view with its neck's label as if it were cloth: its edges are no neckline's."""
    rows = (np.arange(len(seen.cloth)) - seen.origin[1])[:, None] / REACH_PX
    columns = (np.arange(seen.cloth.shape[1]) - seen.origin[0])[None] / REACH_PX
    near = np.asarray((np.abs(columns) < LABEL[0]) & (rows < LABEL[1]) & (rows > -1))
    at = slice(
        max(0, int(seen.origin[1] - REACH_PX) - LABEL_PX),
        int(seen.origin[1] + LABEL[1] * REACH_PX) + LABEL_PX,
    )
    zero = np.array([0, 128, 128], np.float32)
    levels = np.asarray(np.clip(seen.colours[at] + zero, 0, 255), np.uint8)
    off = seen.colours[at] + zero - cv2.medianBlur(levels, LABEL_PX)
    odd = np.zeros(near.shape, np.bool_)
    odd[at] = (np.linalg.norm(off, axis=-1) > UNLIKE) & (seen.cloth[at] > 0.5)
    taken = np.zeros(near.shape, np.bool_)
    shut = cv2.morphologyEx(odd.astype(np.uint8), cv2.MORPH_CLOSE, SQUARE)
    for piece in _pieces(np.asarray(shut > 0), FOREIGN_PX):
        box = np.ptp(np.nonzero(piece.any(0))[0]) * np.ptp(np.nonzero(piece.any(1))[0])
        if piece.sum() > max(FOREIGN_PX, FILLED * box) and (piece & near).sum() == piece.sum():
            taken |= piece
    if not taken.any():
        return seen
    taken = np.asarray(cv2.dilate(taken.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
    known = (~taken & (seen.cloth > 0.5)).astype(np.float32)
    weight = cv2.GaussianBlur(known, (0, 0), BLUR_PX)[..., None]
    mean = cv2.GaussianBlur(seen.colours * known[..., None], (0, 0), BLUR_PX)
    cloth = mean / np.maximum(weight, 1e-4)
    return with_colours(seen, np.where(taken[..., None], cloth, seen.colours).astype(np.float32))


def plain_inside(rgb: NDArray[np.uint8], seen: NeckView, inside: Floats) -> NDArray[np.uint8]:
    """The photo with the back's inside plain where what is seen there is no cloth of the garment's,
    nor what goes on from there: a hanger's bar, a tag.

    `inside`: how much of each pixel is the back's inside, at the photo's size.
    """
    size = seen.cloth.shape[::-1]
    here = cv2.warpAffine(inside, seen.matrix, size)
    own = own_colours(seen)
    pieces = _foreign(seen, np.asarray(here > 0.5), own)
    own &= seen.cloth > 0.9
    unlike = np.zeros(own.shape, np.uint8)
    for piece in pieces:
        unlike |= piece
    odd = np.asarray(cv2.dilate(unlike, SQUARE))
    if not odd.any() or not own.any():
        return rgb
    small = np.asarray(cv2.warpAffine(rgb, seen.matrix, size, flags=cv2.INTER_AREA), np.float32)
    known = (own & (odd == 0)).astype(np.float32)
    colour = np.zeros_like(small)
    weight = np.zeros(known.shape, np.float32)
    for side in (NEAR_PX, FAR_PX):
        part = cv2.blur(known, (side, side))
        mean = cv2.blur(small * known[..., None], (side, side))
        mean = mean / np.maximum(part, 1e-4)[..., None]
        free = (1 - weight) * np.clip(part * 20, 0, 1)
        colour += mean * free[..., None]
        weight += free
    plain = SHADE * colour / np.maximum(weight, 1e-4)[..., None]
    at, size, moved = _box(odd > 0, seen, inside.shape)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    share = cv2.warpAffine(odd.astype(np.float32), moved, size, flags=flags)[..., None]
    back = cv2.warpAffine(np.asarray(plain, np.float32), moved, size, flags=flags)
    result = rgb.copy()
    result[at] = np.round(rgb[at] * (1 - share) + back * share)
    return result


def _box(
    odd: NDArray[np.bool_], seen: NeckView, shape: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[int, int], NDArray[np.float64]]:
    """The part of a picture of this shape where the view has something; its size, and the matrix
    from it to the view."""
    rows, columns = np.nonzero(odd.any(1))[0], np.nonzero(odd.any(0))[0]
    x, y = columns[[0, -1]] + np.array([-1, 1]), rows[[0, -1]] + np.array([-1, 1])
    corners = np.array([[a, b] for a in x for b in y], np.float64)
    placed = seen.back(corners - seen.origin)
    low = np.clip(np.floor(placed.min(0)) - 1, 0, np.array(shape[1::-1]) - 1).astype(int)
    high = np.clip(np.ceil(placed.max(0)) + 2, low + 1, shape[1::-1]).astype(int)
    moved = np.column_stack([seen.matrix[:, :2], seen.matrix[:, 2] + seen.matrix[:, :2] @ low])
    at = slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0]))
    return at, (int(high[0] - low[0]), int(high[1] - low[1])), moved
