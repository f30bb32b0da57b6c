"""What of the mannequin's feet a shoe replaces, what is seen there instead, and the shadow under a
sole.
"""

from typing import Final

import cv2
import numpy as np

from compositing.cut.background import Floats, Mask
from compositing.mannequin import FOOT_PART, Mannequin
from compositing.small.placed import Placed, box_of

EDGE_PX, AROUND_PX = 3, 6
"""The foot's soft edge; and how far around what is hidden the floor is drawn anew."""
COARSE: Final = 4
DARK, SPREAD = 0.55, (8.0, 26.0)
"""A contact shadow's strength, and how far it reaches: near and far, at 1024 pixels' width."""


def hidden(body: Mannequin, cover: Floats, placed: list[Placed]) -> Mask:
    """The mannequin's pixels that shoes replace but do not cover: bare toes and heels beside them.

    `cover`: (height, width) alpha of all that was placed. The instep and the ankle, seen in the
    opening, stay.
    """
    bare = np.zeros(body.labels.shape, bool)
    edge = np.ones((2 * EDGE_PX + 1, 2 * EDGE_PX + 1), np.uint8)
    for side, part in FOOT_PART.items():
        own = [piece for piece in placed if piece.name.startswith("left" if side < 0 else "right")]
        if not own:
            continue
        foot = cv2.dilate((body.labels == part).astype(np.uint8), edge) > 0
        rows = np.arange(len(foot))[:, None]
        columns = np.arange(foot.shape[1])
        foot &= (rows > _rim(own, columns)[None]) | (rows > box_of(body.labels == part)[3] - 2)
        bare |= foot
    return np.asarray(bare & (cover < 0.5))


def _rim(
    placed: list[Placed], columns: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"
) -> Floats:
    """Per column the row below which a shoe hides the foot: its opening's front edge, flat beyond
    its sides.
    """
    front = placed[-1].look
    line = front[-1] if len(placed) > 1 else front[len(front) // 4]
    order = np.argsort(line[:, 0])
    return np.asarray(np.interp(columns, line[order, 0], line[order, 1]), np.float32)


def plate(body: Mannequin) -> Floats:
    """The picture in linear light with the feet and their shadows taken out: the floor goes on
    behind them.
    """
    feet = np.isin(body.labels, list(FOOT_PART.values())).astype(np.uint8)
    reach = round(AROUND_PX * body.scale) * 2 + 1
    gone = cv2.dilate(feet, np.ones((reach, reach), np.uint8)) > 0
    gone |= cv2.dilate(body.body.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return diffused(body.linear, gone)


def diffused(picture: Floats, gone: Mask) -> Floats:
    """Without the pixels of `gone`: filled from around them (pull-push over a pyramid)."""
    weight = (~gone).astype(np.float32)
    layers = [(picture * weight[..., None], weight)]
    while min(layers[-1][1].shape) > 4:
        colour, known = layers[-1]
        size = ((known.shape[1] + 1) // 2, (known.shape[0] + 1) // 2)
        small = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
        layers.append(
            (np.asarray(cv2.resize(colour, size, interpolation=cv2.INTER_AREA), np.float32), small)
        )
    filling = layers[-1][0] / np.maximum(layers[-1][1], 1e-4)[..., None]
    for colour, known in layers[-2::-1]:
        wide = cv2.resize(filling, known.shape[::-1], interpolation=cv2.INTER_LINEAR)
        share = np.clip(known, 0, 1)[..., None]
        filling = np.asarray(colour + wide * (1 - share), np.float32)
    smooth = cv2.GaussianBlur(filling, (0, 0), 3)
    return np.asarray(np.where(gone[..., None], smooth, picture), np.float32)


def sole_shadow(body: Mannequin, cover: Floats) -> Floats:
    """How much the floor under shoes is darkened, 0..1: close under the soles, fading away from
    them.
    """
    floor = max(box_of(body.labels == part)[3] for part in FOOT_PART.values())
    rows = np.arange(len(cover), dtype=np.float32)[:, None]
    low = cover * np.clip((rows - (floor - 16 * body.scale)) / (14 * body.scale), 0, 1)
    dark = np.zeros_like(cover)
    for spread, share in zip(SPREAD, (0.6, 0.4), strict=True):
        blurred = cv2.GaussianBlur(
            np.asarray(low, np.float32),
            (0, 0),
            sigmaX=spread * body.scale,
            sigmaY=0.3 * spread * body.scale,
        )
        dark += share * cv2.warpAffine(
            blurred, np.array([[1, 0, 0], [0, 1, 0.25 * spread * body.scale]]), cover.shape[::-1]
        )
    return np.asarray(np.clip(DARK * 1.6 * dark, 0, DARK) * (1 - cover), np.float32)
