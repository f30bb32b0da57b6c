"""What can be measured of one dressed garment: colours, edges, and lengths against points that were
set by hand.

The points (`bench/points.json`) lie on photos; where they come to lie in the look the garment's own
charts say, since they say where every pixel goes. So lengths are compared without asking the
template what it found.
"""

import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000

from compositing.arrays import Mask, Point
from compositing.charts.body import WIDTH_PX, body_of
from compositing.charts.chart import Chart, cell_areas
from compositing.charts.worn import Worn
from compositing.cut.background import lab
from compositing.cut.cutout import Cutout
from compositing.decode import Photo
from compositing.dressing import How, Laid, cloths_of, lay
from compositing.garment import Garment
from compositing.light import to_srgb
from compositing.mannequin import Mannequin, load
from compositing.options import Bars, LookOptions
from compositing.paint.cloth import Cloth
from compositing.paint.feet import floor_shadow, without_feet
from compositing.paint.layers import paint
from compositing.paint.wear import Dressed
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

POINTS = Path(__file__).parent / "points.json"
EDGE = (0.1, 0.9)
CLEARLY = 6.0
"""A pixel is nearer to the photo's background only when it is so by this much (CIE L*a*b*)."""
ANYTHING = Bars(0.0, 0.0)
"""Everything is dressed, so that everything can be measured."""
PIECE_PX = 60


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one garment on one mannequin. None: does not apply to its kind, or no points were set for
    it.
    """

    quality: float
    colour_de2000: float
    """Mean colour of the garment's inside, photo against look."""
    shoulder_error: float | None
    waist_error: float | None
    """Distances from the mannequin's landmark, in shares of the picture's height."""
    folded: int
    """Cells of the charts that are turned over."""
    pieces: int
    """Connected pieces of more than PIECE_PX pixels."""
    halo_share: float
    """Of the edge's pixels: nearer to the photo's background than to any mixture of garment and
    scene.
    """
    sleeve_error: float | None = None
    """Sleeve over body length in the look against the photo's, less 1; likewise leg over rise."""
    leg_error: float | None = None
    sides_error: float | None = None
    """Left over right sleeve or leg in the look, less 1, where the photo's differ by less than a
    tenth.
    """


@dataclass(frozen=True, slots=True)
class Truth:
    """Points set by hand on one photo, in its own pixels; those that are doubtful are left out."""

    size: tuple[int, int]
    points: dict[str, Point]
    facts: dict[str, Any] = field(default_factory=dict)


def truths() -> dict[str, Truth]:
    """By file name."""
    listed = json.loads(POINTS.read_text())["photos"]
    return {
        name: Truth(
            (one["size"][0], one["size"][1]),
            {
                key: np.array(place, float)
                for key, place in one["points"].items()
                if key not in one.get("doubtful", ())
            },
            one.get("facts", {}),
        )
        for name, one in listed.items()
    }


def measure(
    category: GarmentCategory,
    garment: Garment,
    photo: Photo,
    options: LookOptions,
    truth: Truth | None = None,
) -> tuple[Measured, NDArray[np.uint8]]:
    """Dress one garment and measure it; returns the measures and the look's RGB pixels. Raises
    GarmentError.
    """
    body = load(options.mannequin, options.width_px)
    laid = lay(category, garment, How(options, ANYTHING))
    cloths = cloths_of(category, garment, laid, options)
    dressed = Dressed(0, category, CATEGORIES[category].layer, cloths)
    pixels, _ = paint([dressed], body, options)
    alpha = _alpha(cloths, options)
    lengths = (
        _lengths(garment, laid.worn, truth, options.mannequin) if truth and garment.template else {}
    )
    found = Measured(
        quality=laid.quality.value,
        colour_de2000=_colour(garment.cutout, pixels, alpha),
        shoulder_error=_shoulder(category, laid, alpha, body),
        waist_error=_waist(category, laid, alpha, options),
        folded=sum(chart.folded() for chart in laid.worn.charts),
        pieces=_pieces(alpha),
        halo_share=_halo(photo, pixels, alpha, _scene(category, cloths, alpha, body)),
        **lengths,
    )
    return found, pixels


def iou(one: Mask, other: Mask) -> float:
    """Intersection over union of two masks."""
    return float((one & other).sum() / max(int((one | other).sum()), 1))


def _alpha(cloths: tuple[Cloth, ...], options: LookOptions) -> NDArray[np.float32]:
    alpha = np.zeros((options.height_px, options.width_px), np.float32)
    for cloth in cloths:
        left, top, right, bottom = cloth.box
        alpha[top:bottom, left:right] = np.maximum(alpha[top:bottom, left:right], cloth.alpha)
    return alpha


def _pieces(alpha: NDArray[np.float32]) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8))
    return int((stats[1:, cv2.CC_STAT_AREA] > PIECE_PX).sum())


def _inside(mask: Mask, by_px: int) -> Mask:
    return np.asarray(
        cv2.erode(mask.astype(np.uint8), np.ones((by_px, by_px), np.uint8), borderValue=0) > 0
    )


def _colour(cutout: Cutout, pixels: NDArray[np.uint8], alpha: NDArray[np.float32]) -> float:
    own, shown = _inside(cutout.alpha > 0.98, 15), _inside(alpha > 0.98, 9)
    if not own.any() or not shown.any():
        return float("nan")
    means = [
        lab(np.asarray(picture[mask][None], np.uint8)).mean((0, 1))
        for picture, mask in ((cutout.rgb, own), (pixels, shown))
    ]
    difference: float = deltaE_ciede2000(*means)  # type: ignore[no-untyped-call]  # scikit-image has no annotations here
    return float(difference)


def _shoulder(
    category: GarmentCategory, laid: Laid, alpha: NDArray[np.float32], body: Mannequin
) -> float | None:
    """Garments with sleeves, on the shoulders: how far their upper edge over each armpit is from
    the mannequin's shoulder.
    """
    if CATEGORIES[category].region not in (BodyRegion.UPPER, BodyRegion.FULL):
        return None
    if not {"cuff_left", "cuff_right", "shoulder_left"} <= set(laid.worn.landmarks):
        return None
    if laid.worn.photo is not None and laid.worn.photo.shoulders == "off":
        return None
    errors = []
    for side in (-1, 1):
        column = int(body.sides[side].armpit[0])
        rows = np.nonzero(alpha[:, column] > 0.5)[0]
        errors.append(abs(float(rows[0]) - float(body.top[column])) if len(rows) else len(alpha))
    return float(np.mean(errors) / len(alpha))


def _waist(
    category: GarmentCategory, laid: Laid, alpha: NDArray[np.float32], options: LookOptions
) -> float | None:
    if CATEGORIES[category].region is not BodyRegion.LOWER:
        return None
    x, y = laid.worn.landmarks["waist"] * options.width_px / WIDTH_PX
    rows = np.nonzero(alpha[:, int(x)] > 0.5)[0]
    return float(abs(rows[0] - y) / len(alpha)) if len(rows) else 1.0


def _scene(
    category: GarmentCategory,
    cloths: tuple[Cloth, ...],
    alpha: NDArray[np.float32],
    body: Mannequin,
) -> NDArray[np.uint8]:
    """What a garment is laid on: under shoes the floor without a foot, in their shadow."""
    if CATEGORIES[category].region is not BodyRegion.FEET:
        return body.picture
    scene, cover = body.linear.copy(), body.soft.copy()
    without_feet(scene, cover, body, cloths)
    scene *= (1 - floor_shadow(alpha, body.scale) * (1 - cover))[..., None]
    return to_srgb(scene)


def _halo(
    photo: Photo,
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.float32],
    behind_it: NDArray[np.uint8],
) -> float:
    edge = (alpha > EDGE[0]) & (alpha < EDGE[1])
    if not edge.any():
        return 0.0
    shown, scene = lab(pixels), lab(behind_it)
    solid = _inside(alpha > 0.98, 3).astype(np.float32)
    weight = cv2.blur(solid, (15, 15))
    near = cv2.blur(shown * solid[..., None], (15, 15)) / np.maximum(weight, 1e-3)[..., None]
    border = np.concatenate([photo.rgb[:6].reshape(-1, 3), photo.rgb[-6:].reshape(-1, 3)])
    behind = np.median(lab(np.asarray(border[None], np.uint8))[0], axis=0)
    at = edge & (weight > 0.05)
    span = scene[at] - near[at]
    along = ((shown[at] - near[at]) * span).sum(1) / np.maximum((span**2).sum(1), 1)
    to_mixture = np.linalg.norm(
        shown[at] - (near[at] + np.clip(along, 0, 1)[:, None] * span), axis=1
    )
    to_behind = np.linalg.norm(shown[at] - behind, axis=1)
    return float((to_behind + CLEARLY < to_mixture).mean()) if at.any() else 0.0


# ---------------------------------------------------------------- lengths


def _lengths(garment: Garment, worn: Worn, truth: Truth, mannequin: str) -> dict[str, float]:
    """Errors of the ratios that a buyer reads off a look."""
    photo = {name: _in_cutout(place, garment.cutout, truth) for name, place in truth.points.items()}
    look = {name: _in_look(place, name, worn) for name, place in photo.items()}
    found: dict[str, float] = {}
    kind, across = ("sleeve", "body") if "neck_left" in photo else ("leg", "rise")
    parts = [_part(points, kind) for points in (photo, look)]
    if kind == "sleeve":
        parts[1] = {side: _along_arm(look, side, mannequin) for side in parts[1]}
    wholes = [_whole(points, across) for points in (photo, look)]
    if all(parts) and wholes[0] and wholes[1]:
        ratios = [
            np.mean(list(part.values())) / (whole or 1.0)
            for part, whole in zip(parts, wholes, strict=True)
        ]
        found[f"{kind}_error"] = float(ratios[1] / ratios[0] - 1)
    if all(len(part) == 2 for part in parts):
        even = [part["left"] / part["right"] for part in parts]
        if abs(even[0] - 1) < 0.1:
            found["sides_error"] = float(even[1] - 1)
    return found


def _in_cutout(place: Point, cutout: Cutout, truth: Truth) -> Point:
    scale = cutout.photo_size[0] / truth.size[0]
    return np.asarray((place + 0.5) * scale - 0.5 - cutout.origin)


def _in_look(place: Point, name: str, worn: Worn) -> Point:
    """By the cell that is next to it in the photo, of the part that it belongs to."""
    side = "left" if "left" in name else "right"
    wanted = f"sleeve_{side}" if name.startswith(("cuff", "elbow")) else ""
    if name.startswith(("hem_left", "hem_right", "crotch", "waist", "hem")):
        wanted = f"leg_{side}"
    charts = [chart for chart in worn.charts if chart.part == wanted] or [
        chart for chart in worn.charts if not chart.part.startswith("sleeve")
    ]
    best, found = np.inf, place
    for chart in charts:
        centres = (chart.photo[:-1, :-1] + chart.photo[1:, 1:]) / 2
        far = np.linalg.norm(centres - place, axis=-1)
        far[np.abs(cell_areas(chart.photo)) < 1e-3] = np.inf
        row, column = np.unravel_index(int(far.argmin()), far.shape)
        if far[row, column] < best:
            best, found = float(far[row, column]), _through(chart, int(row), int(column), place)
    return found


def _through(chart: Chart, row: int, column: int, place: Point) -> Point:
    """The affine map of a cell's upper left corner."""
    photo, look = chart.photo, chart.look
    from_ = np.stack(
        [photo[row, column + 1] - photo[row, column], photo[row + 1, column] - photo[row, column]],
        1,
    )
    to = np.stack(
        [look[row, column + 1] - look[row, column], look[row + 1, column] - look[row, column]], 1
    )
    share = np.linalg.lstsq(from_, place - photo[row, column], rcond=None)[0]
    return np.asarray(look[row, column] + to @ share)


def _part(points: dict[str, Point], kind: str) -> dict[str, float]:
    """Lengths of sleeves from tip over elbow to cuff, or inseams of legs, by side.

    An inseam goes from the crotch to the hem's inner corner, as tailors measure: to the hem's
    middle it would grow with how far the legs are spread.
    """
    found = {}
    for side in ("left", "right"):
        if kind == "sleeve":
            ends = [points.get(f"cuff_{side}_{end}") for end in ("outer", "inner")]
            start, bend = points.get(f"tip_{side}"), points.get(f"elbow_{side}")
        else:
            ends = [points.get(f"hem_{side}_{end}") for end in ("outer", "inner")]
            start, bend = points.get("crotch"), None
        if start is None or ends[0] is None or ends[1] is None:
            continue
        last = (ends[0] + ends[1]) / 2
        if bend is None:
            last = ends[0] if kind == "sleeve" else ends[1]
        line = [start, *([bend] if bend is not None else []), last]
        found[side] = float(sum(np.linalg.norm(b - a) for a, b in itertools.pairwise(line)))
    return found


def _along_arm(points: dict[str, Point], side: str, mannequin: str) -> float:
    """From the sleeve's beginning to its cuff along the shoulder and the arm, which bend where a
    flat sleeve does not.
    """
    arm = body_of(mannequin).arms[-1 if side == "left" else 1]
    cuff = points[f"cuff_{side}_outer"]
    end, _, way = (one[0] for one in arm.at(arm.length[-1:]))
    past = max(float((cuff - end) @ way), 0.0)  # a sleeve that is longer than the arm goes on
    return arm.nearest(cuff) + past - arm.nearest(points[f"tip_{side}"])


def _whole(points: dict[str, Point], kind: str) -> float | None:
    """From the neck points to the hem, or from waist to crotch."""
    top = ("neck_left", "neck_right") if kind == "body" else ("waist_left", "waist_right")
    low = ("hem_left", "hem_right") if kind == "body" else ("crotch", "crotch")
    if not {*top, *low} <= set(points):
        return None
    first, last = ((points[a] + points[b]) / 2 for a, b in (top, low))
    return float(np.linalg.norm(last - first))
