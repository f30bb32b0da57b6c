"""The two mannequins: their picture, what lies behind each pixel, and where their landmarks are."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Floats, Mask, Point
from compositing.light import HANGING_PX, TO_LINEAR, falling

FOLDER = Path(__file__).parent / "mannequins"
ASPECT = 1.5
GEOMETRY_WIDTH_PX = 1024
HEAD, NECK = 2, 15
ARM_PARTS = {-1: (4, 6, 8), 1: (3, 5, 7)}
"""Part labels of the arm on the picture's left (-1) and right (1): upper arm, forearm, hand."""
WAIST_SHARES = 0.42, 0.70
"""Between these shares of the way from armpit to hip the waist is looked for."""
FOOT_PART = {-1: 14, 1: 13}
_SIDE_LETTER = {-1: "r", 1: "l"}


@dataclass(frozen=True, slots=True)
class Side:
    """Landmarks of one side, in pixels. Radii are those of the bare arm, measured across it."""

    shoulder: Point
    elbow: Point
    wrist: Point
    armpit: Point
    ankle: Point
    upper_arm_radius_px: float
    wrist_radius_px: float


@dataclass(frozen=True, slots=True)
class Girths:
    """Of the trunk or of one leg, by row of the picture, in pixels; NaN where the part isn't."""

    centre_x: Floats
    half_width: Floats  # of the silhouette without arms
    half_girth: Floats  # half of what a tight cloth round it measures


@dataclass(frozen=True, slots=True)
class ArmLine:
    """The middle line of an arm from the shoulder's tip to the wrist, in pixels. Arrays run along
    it."""

    x: Floats
    y: Floats
    length: Floats  # from the shoulder's tip, in space: not foreshortened
    half_width: Floats  # in the picture, across the arm
    half_girth: Floats


@dataclass(frozen=True, slots=True)
class BodyFacts:
    """What the body measures, in pixels at its depth plane. Sides: -1 is on the picture's left, 1
    on its right."""

    px_per_m: float
    torso: Girths  # from the neck's base to the crotch
    legs: dict[int, Girths]  # from the crotch to the ankle
    arms: dict[int, ArmLine]
    shoulder_tip: dict[int, Point]
    neck_base: dict[int, Point]  # where the neck's outline turns into the shoulder's
    shoulder_length: float  # from the neck's base to the shoulder's tip, in space
    neck_half_width: float
    neck_half_girth: float


@dataclass(frozen=True, slots=True)
class Mannequin:
    """One mannequin at one size. Rows are indexed from the top; x grows to the right."""

    picture: NDArray[np.uint8]  # (height, width, 3) sRGB
    labels: NDArray[np.uint8]  # (height, width) part numbers, 0 outside
    linear: Floats  # (height, width, 3) the picture in linear light
    light: Floats  # (height, width) light that falls on cloth there that lies close
    drape: Floats  # (height, width) the same on cloth that hangs
    soft: Floats  # (height, width) the mannequin's own alpha
    head: Floats  # (height, width) what cloth never covers, but a hat
    arms: Floats  # (height, width) the arms below the armpits, which are before the body's cloth
    scale: float  # pixels per pixel of the 1024-wide geometry
    centre_x: float
    core_left: Floats  # per row: left edge of torso and legs, NaN where there is none
    core_right: Floats
    inner_left: Floats  # per row below the crotch: the inner edge of the leg on the left
    inner_right: Floats
    top: Floats  # per column: first row of shoulders and below
    waist_y: int
    hip_y: int
    crotch_y: int
    neck_width_px: float
    sides: dict[int, Side]
    facts: BodyFacts

    @property
    def body(self) -> Mask:
        """Where the mannequin is."""
        return np.asarray(self.labels > 0)


@lru_cache(maxsize=4)
def load(kind: str, width_px: int) -> Mannequin:
    """MALE or FEMALE, `width_px` wide. Read-only: it is shared."""
    name = kind.lower()
    height_px = round(width_px * ASPECT)
    size = (width_px, height_px)
    stored = json.loads((FOLDER / f"{name}.json").read_text())
    picture = cv2.imread(str(FOLDER / f"{name}.webp"), cv2.IMREAD_COLOR)
    labels = cv2.imread(str(FOLDER / f"{name}_labels.png"), cv2.IMREAD_GRAYSCALE)
    normals = cv2.imread(str(FOLDER / f"{name}_normals.png"), cv2.IMREAD_COLOR)
    if picture is None or labels is None or normals is None:
        raise FileNotFoundError(f"the assets of {name} in {FOLDER}")
    shrink = cv2.INTER_AREA if picture.shape[1] > width_px else cv2.INTER_CUBIC
    rgb = cv2.resize(picture, size, interpolation=shrink)[..., ::-1]
    parts = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    directions = (
        cv2.resize(normals, size, interpolation=cv2.INTER_LINEAR)[..., ::-1].astype(np.float32)
        / 127.5
        - 1
    )
    scale = width_px / GEOMETRY_WIDTH_PX
    joints = {joint: np.array(place[:2]) * scale for joint, place in stored["joints"].items()}
    return _measured(
        np.ascontiguousarray(rgb), parts, directions, joints, _facts(stored, scale, height_px)
    )


def _facts(stored: dict[str, Any], scale: float, height_px: int) -> BodyFacts:
    letters = _SIDE_LETTER.items()
    lines = {
        side: np.asarray(stored["arms"][letter], np.float32).T * scale for side, letter in letters
    }
    _, neck_half_width, neck_half_girth = stored["neck"]
    return BodyFacts(
        px_per_m=stored["px_per_m"] * scale,
        torso=_girths(stored["torso"], scale, height_px),
        legs={side: _girths(stored["legs"][letter], scale, height_px) for side, letter in letters},
        arms={side: ArmLine(*line) for side, line in lines.items()},
        shoulder_tip={
            side: np.array(stored["shoulder_tip"][letter]) * scale for side, letter in letters
        },
        neck_base={side: np.array(stored["neck_base"][letter]) * scale for side, letter in letters},
        shoulder_length=float(np.mean(list(stored["shoulder_line"].values()))) * scale,
        neck_half_width=neck_half_width * scale,
        neck_half_girth=neck_half_girth * scale,
    )


def _girths(rows: list[list[float]], scale: float, height_px: int) -> Girths:
    """Between the measured rows by straight lines."""
    y, *columns = np.asarray(rows).T * scale
    every = np.arange(height_px, dtype=float)
    return Girths(
        *(np.interp(every, y, column, np.nan, np.nan).astype(np.float32) for column in columns)
    )


def _measured(
    rgb: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    normals: Floats,
    joints: dict[str, Point],
    facts: BodyFacts,
) -> Mannequin:
    scale = rgb.shape[1] / GEOMETRY_WIDTH_PX
    body = parts > 0
    arms = np.isin(parts, [part for side in ARM_PARTS.values() for part in side])
    core_left, core_right = edges(body & ~arms)
    centre_x = float((joints["joint-l-shoulder"][0] + joints["joint-r-shoulder"][0]) / 2)
    shoulders = body & ~np.isin(parts, (HEAD,))
    top = np.where(shoulders.any(0), shoulders.argmax(0), np.nan).astype(np.float32)
    sides = {side: _side(side, body, parts, centre_x, scale, joints) for side in (-1, 1)}
    armpit_y = int(max(side.armpit[1] for side in sides.values()))
    hip_y = int(joints["joint-l-upper-leg"][1])
    width = core_right - core_left
    first, last = (armpit_y + int(share * (hip_y - armpit_y)) for share in WAIST_SHARES)
    waist_y = first + int(np.nanargmin(width[first:last]))
    crotch_y = _crotch(body, int(centre_x), hip_y, int(10 * scale) + 1)
    inner_left, inner_right = _inner_edges(body, core_left, core_right, crotch_y)
    neck_y = int(joints["joint-neck"][1])
    reach = int(80 * scale)
    neck_width = float(np.nanmin(width[neck_y - reach : neck_y + reach // 2]))
    below = (np.arange(len(parts)) - armpit_y) / (30 * scale)
    return Mannequin(
        picture=rgb,
        labels=parts,
        linear=np.asarray(cv2.LUT(rgb, TO_LINEAR), np.float32),
        light=falling(normals, body, scale),
        drape=falling(normals, body, scale, HANGING_PX),
        soft=_soft(body, 0.8 * scale),
        head=_soft(np.asarray(parts == HEAD), 0.8 * scale),
        arms=np.asarray(_soft(arms, 1.2 * scale) * np.clip(below, 0, 1)[:, None], np.float32),
        scale=scale,
        centre_x=centre_x,
        core_left=core_left,
        core_right=core_right,
        inner_left=inner_left,
        inner_right=inner_right,
        top=top,
        waist_y=waist_y,
        hip_y=hip_y,
        crotch_y=crotch_y,
        neck_width_px=neck_width,
        sides=sides,
        facts=facts,
    )


def _soft(mask: Mask, sigma_px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma_px), np.float32)


def edges(mask: Mask) -> tuple[Floats, Floats]:
    """Per row the first and last column of a mask, NaN where the row is empty."""
    filled = mask.any(1)
    first = np.where(filled, mask.argmax(1), np.nan).astype(np.float32)
    last = np.where(filled, mask.shape[1] - 1 - mask[:, ::-1].argmax(1), np.nan).astype(np.float32)
    return first, last


def _side(  # noqa: PLR0913 (what a side is measured from)
    side: int,
    body: Mask,
    parts: NDArray[np.uint8],
    centre_x: float,
    scale: float,
    joints: dict[str, Point],
) -> Side:
    letter = _SIDE_LETTER[side]
    shoulder, elbow = joints[f"joint-{letter}-shoulder"], joints[f"joint-{letter}-elbow"]
    wrist = joints[f"joint-{letter}-hand"]
    arm = np.isin(parts, ARM_PARTS[side])
    upper, lower = elbow - shoulder, wrist - elbow
    return Side(
        shoulder=shoulder,
        elbow=elbow,
        wrist=wrist,
        armpit=_armpit(side, body, arm, int(shoulder[1]), int(elbow[1] + 100 * scale)),
        ankle=joints[f"joint-{letter}-ankle"],
        upper_arm_radius_px=_radius(arm, shoulder + 0.65 * upper, upper),
        wrist_radius_px=_radius(arm, elbow + 0.9 * lower, lower),
    )


def _armpit(side: int, body: Mask, arm: Mask, first: int, last: int) -> Point:
    """The highest background pixel between arm and torso."""
    for row in range(first, min(last, body.shape[0])):
        columns = np.nonzero(arm[row])[0]
        if not len(columns):
            continue
        inner = int(columns.max() if side < 0 else columns.min())
        beyond = body[row, inner + 1 :] if side < 0 else body[row, :inner][::-1]
        gap = int(beyond.argmax()) if beyond.any() else 0
        if gap > 0:
            return np.array([inner - side * (gap + 1) / 2, row], float)
    raise ValueError("the mannequin's arm does not part from its torso")


def _radius(arm: Mask, centre: Point, along: Point) -> float:
    across = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    reach = [_walk(arm, centre, sign * across) for sign in (-1, 1)]
    return float(np.mean(reach))


def _walk(arm: Mask, start: Point, way: Point) -> float:
    """How far the arm goes on from a point."""
    step = 0.0
    while step < 200 and arm[tuple((start + way * step)[::-1].astype(int))]:
        step += 0.5
    return step


def _crotch(body: Mask, centre: int, first: int, half: int) -> int:
    for row in range(first, body.shape[0]):
        if not body[row, centre - half : centre + half].all():
            return row
    raise ValueError("the mannequin's legs do not part")


def _inner_edges(body: Mask, left: Floats, right: Floats, crotch_y: int) -> tuple[Floats, Floats]:
    inner_left = np.full(body.shape[0], np.nan, np.float32)
    inner_right = inner_left.copy()
    for row in range(crotch_y, body.shape[0]):
        if np.isnan(left[row]):
            continue
        first, last = int(left[row]), int(right[row])
        gap = np.nonzero(~body[row, first : last + 1])[0]
        if len(gap):
            inner_left[row], inner_right[row] = first + gap[0] - 1, first + gap[-1] + 1
    return inner_left, inner_right
