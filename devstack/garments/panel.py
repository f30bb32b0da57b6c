"""Panels: pieces of cloth that are painted one over the other, each with its own folds, seams and
thickness.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.cloth import Colour, Fabric, coloured, woven
from devstack.garments.curves import Line, evenly, walked
from devstack.garments.fields import Field, FloatImage, Fold, crumpled, folded, softened
from devstack.garments.light import lit


@dataclass(frozen=True, slots=True)
class Seam:
    """Lines pressed into a panel (or raised: a negative depth); `thread`: stitches of that colour;
    `pucker` crumples beside.
    """

    lines: tuple[Line, ...]
    depth_cm: float = 0.05
    width_cm: float = 0.14
    thread: Colour | None = None
    pucker: float = 0.0
    tint: float = 1.0


@dataclass(frozen=True, slots=True)
class Fade:
    """A soft patch that is lighter (above 1) or darker: worn denim, the depth of an opening.

    Radii in cm.
    """

    middle: tuple[float, float]
    radii: tuple[float, float]
    tint: float


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of cloth.

    `turn_rad`: how its threads are turned from upright; `shade`: light that reaches it (1: all).
    """

    outline: Line
    cloth: Fabric
    folds: tuple[Fold, ...] = ()
    seams: tuple[Seam, ...] = ()
    patches: tuple[Fade, ...] = ()
    turn_rad: float = 0.0
    pivot: tuple[float, float] = (0.0, 0.0)
    shade: float = 1.0
    crumple: float = 1.0
    thick: float = 1.0
    cast: float = 1.0
    worn: bool = True
    holes: tuple[Line, ...] = ()


@dataclass
class Canvas:
    """What has been painted so far: linear light 0..1, coverage, and the garment's own coverage
    (without a hanger).
    """

    rgb: FloatImage
    alpha: Field
    worn: Field
    px_per_cm: float
    origin_px: tuple[float, float]
    rng: np.random.Generator = field(repr=False)
    creased: float = 1.0

    def px(self, line: Line) -> Line:
        """Points of the garment (cm) in the canvas's px."""
        return np.asarray(line * self.px_per_cm + np.array(self.origin_px))

    def cover(self, line: Line, holes: tuple[Line, ...] = ()) -> Field:
        """How much of each pixel lies inside a closed line, 0..1."""
        high, wide = self.alpha.shape
        out = np.zeros((4 * high, 4 * wide), np.uint8)
        lines = [np.round(self.px(one) * 4 + 1.5).astype(np.int32) for one in (line, *holes)]
        cv2.fillPoly(out, lines, 255)
        shrunk = cv2.resize(out, (wide, high), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk / np.float32(255), np.float32)


def canvas(
    shape: tuple[int, int],
    px_per_cm: float,
    origin_px: tuple[float, float],
    rng: np.random.Generator,
) -> Canvas:
    """An empty one."""
    empty = np.zeros(shape, np.float32)
    return Canvas(
        np.zeros((*shape, 3), np.float32), empty, empty.copy(), float(px_per_cm), origin_px, rng
    )


def paint(on: Canvas, panel: Panel) -> None:
    """Paint a panel over what is there: its shadow first."""
    window = _window(on, panel)
    if window is None:
        return
    part = Canvas(
        on.rgb[window],
        on.alpha[window],
        on.worn[window],
        on.px_per_cm,
        (on.origin_px[0] - window[1].start, on.origin_px[1] - window[0].start),
        on.rng,
        on.creased,
    )
    cover = part.cover(panel.outline, panel.holes)
    _cast(part, cover, panel)
    look = _painted(part, cover, panel)
    part.rgb += (look - part.rgb) * cover[..., None]
    part.alpha += (1 - part.alpha) * cover
    part.worn += (float(panel.worn) - part.worn) * cover


def _window(on: Canvas, panel: Panel) -> tuple[slice, slice] | None:
    margin = int((0.9 + 2.0 * panel.cloth.feel.thick_cm * panel.thick) * on.px_per_cm) + 4
    low = np.floor(on.px(panel.outline).min(0)).astype(int) - margin
    high = np.ceil(on.px(panel.outline).max(0)).astype(int) + margin
    rows = slice(max(0, int(low[1])), min(on.alpha.shape[0], int(high[1])))
    columns = slice(max(0, int(low[0])), min(on.alpha.shape[1], int(high[0])))
    return (rows, columns) if rows.stop > rows.start and columns.stop > columns.start else None


def _cast(on: Canvas, cover: Field, panel: Panel) -> None:
    """The shadow of a panel on what lies below it."""
    thick = panel.cloth.feel.thick_cm * panel.thick
    moved = np.array(
        [[1, 0, 0.5 * thick * on.px_per_cm], [0, 1, 0.9 * thick * on.px_per_cm]], np.float32
    )
    shifted = cv2.warpAffine(cover, moved, cover.shape[::-1])
    wide = softened(np.asarray(shifted, np.float32), (0.25 + 0.9 * thick) * on.px_per_cm)
    tight = softened(cover, 0.10 * on.px_per_cm)
    on.rgb *= (1 - panel.cast * (0.34 * wide + 0.36 * tight))[..., None]


def _painted(on: Canvas, cover: Field, panel: Panel) -> FloatImage:
    """The panel in linear light, everywhere in its window."""
    rows, columns = cover.shape
    x, y = np.meshgrid(
        (np.arange(columns, dtype=np.float32) - on.origin_px[0]) / on.px_per_cm,
        (np.arange(rows, dtype=np.float32) - on.origin_px[1]) / on.px_per_cm,
    )
    soft, seams, tint = _soft(on, panel, x, y), np.zeros_like(x), np.ones_like(x)
    for seam in panel.seams:
        groove, near = _pressed(on, seam, cover.shape)
        seams -= groove
        tint *= 1 - 0.9 * np.clip(groove, 0, 0.08) - (1 - seam.tint) * near
        if seam.pucker:
            beside = softened(near, 0.45 * on.px_per_cm)
            soft = soft + seam.pucker * beside * crumpled(
                on.rng, (rows, columns), on.px_per_cm, size_cm=0.7
            )
    slope_x, slope_y = np.gradient(soft, axis=1), np.gradient(soft, axis=0)
    c, s = np.float32(np.cos(panel.turn_rad)), np.float32(np.sin(panel.turn_rad))
    px, py = panel.pivot
    gx, gy = x - px + 0.35 * slope_x * on.px_per_cm, y - py + 0.35 * slope_y * on.px_per_cm
    u, v = c * gx + s * gy + px, -s * gx + c * gy + py
    threads, texture = woven(panel.cloth, u, v, on.px_per_cm, on.rng)
    albedo = coloured(panel.cloth, u, v) * (threads * tint)[..., None]
    for seam in panel.seams:
        if seam.thread is not None:
            _sew(on, seam, albedo, seams)
    edge, rim = _edge(cover, panel, on.px_per_cm)
    light = np.full_like(x, panel.shade) * rim
    for patch in panel.patches:
        away = ((x - patch.middle[0]) / patch.radii[0]) ** 2 + (
            (y - patch.middle[1]) / patch.radii[1]
        ) ** 2
        light *= 1 + (patch.tint - 1) * np.exp(-away)
    return lit(albedo, soft + seams + texture + edge, light, on.px_per_cm, panel.cloth.feel.sheen)


def _soft(on: Canvas, panel: Panel, x: Field, y: Field) -> Field:
    """Folds and crumples, worked out at half size: they are soft."""
    shape = (x.shape[0], x.shape[1])
    feel = panel.cloth.feel
    half = (max(2, shape[1] // 2), max(2, shape[0] // 2))
    xs, ys = (cv2.resize(one, half, interpolation=cv2.INTER_AREA) for one in (x, y))
    small = (half[1], half[0])
    per_cm = on.px_per_cm / 2
    height = np.zeros(small, np.float32)
    loose = panel.crumple * feel.crumple * on.creased**1.6
    if loose > 0:
        height += 0.13 * loose * crumpled(on.rng, small, per_cm, size_cm=4.2 * feel.widths)
        height += 0.026 * loose * crumpled(on.rng, small, per_cm, size_cm=1.5 * feel.widths)
    if panel.folds and feel.folds:
        lift = folded(panel.folds, np.asarray(xs, np.float32), np.asarray(ys, np.float32))
        height += 2.1 * feel.folds * on.creased**0.5 * lift
    return cv2.resize(height, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC).astype(
        np.float32
    )


def _edge(cover: Field, panel: Panel, px_per_cm: float) -> tuple[Field, Field]:
    """How a panel rounds off towards its edge (cm), and how much darker it is there."""
    deep = cv2.distanceTransform((cover > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    deep = np.clip(cv2.GaussianBlur(deep, (0, 0), 1.6) - 0.6, 0, None) / px_per_cm
    thick = panel.cloth.feel.thick_cm * panel.thick
    round_cm = 0.12 + 0.9 * thick
    body = np.exp(-deep / 3.2)
    return (
        np.asarray(thick * (1 - np.exp(-deep / round_cm)) - 0.9 * thick * body, np.float32),
        np.asarray(1 - 0.20 * np.exp(-deep / (0.10 + 0.25 * thick)) - 0.07 * body, np.float32),
    )


def _pressed(on: Canvas, seam: Seam, shape: tuple[int, ...]) -> tuple[Field, Field]:
    """The depth of a seam's groove (cm), and where it is (0..1)."""
    near = np.zeros(shape[:2], np.uint8)
    width = seam.width_cm * on.px_per_cm
    lines = [_fine(on.px(line)) for line in seam.lines]
    cv2.polylines(near, lines, False, 255, max(1, round(width)), cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(near.astype(np.float32) / 255, (0, 0), max(0.45, 0.35 * width))
    return np.asarray(seam.depth_cm * soft, np.float32), np.asarray(soft, np.float32)


def _sew(on: Canvas, seam: Seam, colour: FloatImage, height: Field) -> None:
    """Stitches along the lines: short threads that lie on the cloth."""
    thread = tuple(float(one) for one in seam.thread or (0, 0, 0))
    width = max(1, round(0.07 * on.px_per_cm))
    over = np.zeros(height.shape, np.uint8)
    for line in seam.lines:
        count = max(2, int(walked(line)[-1] / 0.36))
        knots = on.px(evenly(line, 5 * count + 1))
        starts = [_fine(knots[i : i + 4]) for i in range(0, 5 * count, 5)]
        cv2.polylines(over, starts, False, 255, width, cv2.LINE_AA, 4)
    cover = over.astype(np.float32) / 255
    colour += (np.array(thread, np.float32) - colour) * (0.85 * cover)[..., None]
    height += 0.05 * cv2.GaussianBlur(cover, (0, 0), 0.7)


def _fine(line: Line) -> NDArray[np.int32]:
    return np.round(line * 16).astype(np.int32)
