"""From photos to a look: cut out, fit the template, lay on the body, paint, encode. Pure: bytes and
options in, picture out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.charts.body import WIDTH_PX
from compositing.charts.foreign import unhung
from compositing.charts.lost import recovered
from compositing.charts.neck_seen import centred, narrowed
from compositing.charts.neckline import COLLARED, OPEN_FRONTS
from compositing.charts.opened import over_another
from compositing.charts.waist import off_hanger
from compositing.cut.between import cleared
from compositing.cut.clips import unclipped
from compositing.cut.cutout import Cutout, cut
from compositing.cut.extend import extended
from compositing.cut.near import seen_near
from compositing.cut.opinion import SEED, ExpectedShape
from compositing.decode import Photo, decode
from compositing.dressing import How, Laid, cloths_of, lay
from compositing.encode import CONTENT_TYPES, encode
from compositing.errors import GarmentError
from compositing.garment import Garment
from compositing.judge.kind import like_legs
from compositing.judge.measures import fit_of, measured
from compositing.manifest import (
    ENGINE_VERSION,
    GarmentInput,
    LayerPicture,
    Look,
    Manifest,
    PlacedItem,
    Stopwatch,
)
from compositing.mannequin import Mannequin, load
from compositing.options import DEFAULT_BARS, WORKING_SIDE_PX, Bars, LookOptions
from compositing.paint.layers import Seen, paint
from compositing.paint.separate import separate
from compositing.paint.wear import Dressed
from compositing.template import family_of, fit, pockets_from, wedges
from compositing.template.model import Legs, Skirt, Template, Upper
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory, canonical

UPSIDE_DOUBTED, SIDE_DOUBTED, TURNED_BETTER = 0.94, 0.90, 0.02
TURNED_STRAIN = 0.25
"""Below these fits it is asked whether the photo stands on its head or lies on its side.

It does where that is so much better and strains the proportions no more than this.
"""
TUCKED_BELOW_LAYER = 40
LAYER_FORMAT = "webp"
BEHIND_BOTTOMS = 15
"""Layer of a top that is tucked in."""

cv2.setNumThreads(1)


def compose(items: Sequence[GarmentInput], options: LookOptions, bars: Bars = DEFAULT_BARS) -> Look:
    """Dress a mannequin. Raises GarmentError naming the item that can't be used; `items` must not
    be empty."""
    watch = Stopwatch()
    garments = []
    for index, item in enumerate(items):
        with _Naming(index):
            garments.append(prepare(item, options.working_side_px, watch=watch))
    return compose_garments(garments, [item.category for item in items], options, bars, watch=watch)


def prepare(
    item: GarmentInput, side_px: int = WORKING_SIDE_PX, *, watch: Stopwatch | None = None
) -> Garment:
    """The garment of one photo, cut out and its template fitted. Raises GarmentError.

    `side_px`: the photo is reduced to this longer side first (`LookOptions.working_side_px`).
    """
    watch = watch or Stopwatch()
    category = _category(item.category)
    with watch.stage("decode"):
        photo = decode(item.data, side_px)
    with watch.stage("cut out"):
        cutout = cut(photo, shape=_shape(category))
    if family_of(category) is None:
        return Garment(extended(cutout) if cutout.mode == "messy" else cutout, None)
    if family_of(category) != "upper":
        cutout = unclipped(cutout)
    with watch.stage("template"):
        cutout, template, rgb = _read(cutout, photo, category)
        if like_legs(cutout, template):
            raise GarmentError(
                "cannot_be_dressed", f"It shows trousers or shorts, not what a {category.value} is."
            )
        measures = measured(cutout, template)
    if isinstance(template, Upper):
        near = seen_near(cutout, rgb, (template.left.neck, template.right.neck))
        cutout = cutout if near is None else near.cutout
        if category in COLLARED:
            template = centred(cutout, template)
        elif category not in OPEN_FRONTS | {GarmentCategory.HOODIE}:
            template = narrowed(cutout, template)
        cutout = unhung(cutout, template)
    if cutout.mode == "messy":
        cutout = extended(cleared(cutout, wedges(template), pockets_from(template)))
    return Garment(cutout, template, measures)


def _read(
    cutout: Cutout, photo: Photo, category: GarmentCategory
) -> tuple[Cutout, Template, NDArray[np.uint8]]:
    """The cut-out, upright, with what was lost at its neck and without a bar at its waist, its
    template, and the photo as it stands."""
    upright, template, turns = _upright(cutout, category)
    rgb = np.asarray(np.rot90(photo.rgb, turns), np.uint8)
    if isinstance(template, Upper) and not turns:
        more = recovered(cutout, photo.rgb, template)
        if more is not None:
            return more, fit(more.rgb, more.alpha, category), rgb
    if isinstance(template, Legs | Skirt):
        upright, template = _off_hanger(upright, rgb, template, category)
    return upright, template, rgb


def _off_hanger(
    cutout: Cutout, rgb: NDArray[np.uint8], template: Legs | Skirt, category: GarmentCategory
) -> tuple[Cutout, Template]:
    """Without the clips and the bar that its waist hangs on, and its template anew."""
    near = seen_near(cutout, rgb, (template.left.waist, template.right.waist), waist=True)
    if near is None:
        return cutout, template
    found: tuple[Cutout, Template] = cutout, template
    less = near.unhung()
    if less is not None:
        found = less, fit(less.rgb, less.alpha, category)
    if isinstance(found[1], Legs | Skirt):
        bare = off_hanger(less or near.cutout, found[1])
        if bare is not None:
            found = bare, fit(bare.rgb, bare.alpha, category)
    return found


def _upright(cutout: Cutout, category: GarmentCategory) -> tuple[Cutout, Template, int]:
    """The cut-out, turned by quarter turns where that fits its category clearly better, its
    template, and the turns."""
    found = cutout, fit(cutout.rgb, cutout.alpha, category), 0
    own = fit_of(found[1])
    best = own + TURNED_BETTER
    for turns in (2, 1, 3):
        if own >= (UPSIDE_DOUBTED if turns == 2 else SIDE_DOUBTED):
            continue
        turned = cutout.turned(turns)
        other = fit(turned.rgb, turned.alpha, category)
        if fit_of(other) > best and other.strain <= TURNED_STRAIN:
            best, found = fit_of(other), (turned, other, turns)
    return found


def compose_garments(
    garments: Sequence[Garment],
    categories: Sequence[str],
    options: LookOptions,
    bars: Bars = DEFAULT_BARS,
    *,
    watch: Stopwatch | None = None,
) -> Look:
    """Dress a mannequin in garments that are prepared already. Raises GarmentError naming the item
    that can't be used."""
    if not garments:
        raise ValueError("a look needs at least one item")
    watch = watch or Stopwatch()
    with watch.stage("mannequin"):
        body = load(options.mannequin, options.width_px)
    kinds = [_category(name) for name in categories]
    pieces = []
    for index, (garment, kind) in enumerate(zip(garments, kinds, strict=True)):
        with _Naming(index):
            pieces.append(
                _dress(index, kind, garment, How(options, bars, over_another(kind, kinds)), watch)
            )
    with watch.stage("paint"):
        pixels, seen = paint([piece.dressed for piece in pieces], body, options)
    with watch.stage("encode"):
        image = encode(pixels, options.format, options.quality)
    layers: tuple[LayerPicture, ...] = ()
    if options.layers:
        with watch.stage("layers"):
            layers = _layers([piece.dressed for piece in pieces], body, options)
    placed = tuple(_placed(piece, seen[piece.dressed.index]) for piece in pieces)
    return Look(
        image=image,
        content_type=CONTENT_TYPES[options.format],
        width_px=options.width_px,
        height_px=options.height_px,
        sha256=hashlib.sha256(image).hexdigest(),
        manifest=Manifest(ENGINE_VERSION, SEED, placed, watch.stage_ms),
        layers=layers,
    )


def _layers(
    dressed: Sequence[Dressed], body: Mannequin, options: LookOptions
) -> tuple[LayerPicture, ...]:
    return tuple(
        LayerPicture(
            one.index,
            one.alone,
            one.x,
            one.y,
            one.pixels.shape[1],
            one.pixels.shape[0],
            encode(one.pixels, LAYER_FORMAT, options.quality),
            CONTENT_TYPES[LAYER_FORMAT],
        )
        for one in separate(dressed, body, options)
    )


def kind_of(category: str) -> str:
    """What a prepared garment depends on beside its photo. Raises category_mismatch."""
    return _category(category).value


class _Naming:
    """GarmentErrors from inside name this item."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, GarmentError):
            error.item_index = self._index


@dataclass(frozen=True, slots=True)
class _Piece:
    """A garment that is ready to be painted, and what is said of it. Landmarks: the look's px."""

    dressed: Dressed
    landmarks: dict[str, tuple[float, float]]
    laid: Laid


def _category(name: str) -> GarmentCategory:
    category = canonical(name)
    if category is None:
        raise GarmentError("category_mismatch", f"There is no garment category {name[:64]!r}.")
    return category


def shape_of(category: str) -> ExpectedShape:
    """What a photo of this category is expected to show. Raises GarmentError category_mismatch."""
    return _shape(_category(category))


def _shape(category: GarmentCategory) -> ExpectedShape:
    if CATEGORIES[category].region is BodyRegion.FEET:
        return "pair"
    if CATEGORIES[category].region in (BodyRegion.WAIST, BodyRegion.HAND):
        return "ring"
    return "legs" if family_of(category) == "legs" else "body"


def _dress(
    index: int, category: GarmentCategory, garment: Garment, how: How, watch: Stopwatch
) -> _Piece:
    facts, options = CATEGORIES[category], how.options
    with watch.stage("fit"):
        laid = lay(category, garment, how)
    with watch.stage("warp"):
        cloths = cloths_of(category, garment, laid, options)
    tucked = options.tuck and facts.region is BodyRegion.UPPER and facts.layer < TUCKED_BELOW_LAYER
    scale = options.width_px / WIDTH_PX
    landmarks = laid.worn.landmarks
    waist = float(landmarks["waist"][1]) * scale if "waist" in landmarks else None
    layer = BEHIND_BOTTOMS if tucked else facts.layer
    dressed = Dressed(index, category, layer, cloths, tucked, waist)
    places = {
        name: (round(float(x * scale), 1), round(float(y * scale), 1))
        for name, (x, y) in landmarks.items()
    }
    return _Piece(dressed, places, laid)


def _placed(piece: _Piece, seen: Seen) -> PlacedItem:
    one, found = piece.dressed, piece.laid.quality
    warnings = []
    if piece.laid.whole:
        warnings.append("; ".join(("placed whole, not dressed", *found.reasons[:2])))
    if not seen.area_px:
        warnings.append("nothing of it can be seen")
    return PlacedItem(
        one.index,
        one.category.value,
        one.layer,
        seen.box,
        seen.area_px,
        piece.landmarks,
        tuple(warnings),
        quality=found.value,
        quality_reasons=found.reasons,
        placed="whole" if piece.laid.whole else "dressed",
    )
