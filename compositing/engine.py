"""From photos to a look: cut out, fit the template, lay on the body, paint, encode. Pure: bytes and options in, picture out."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from compositing.charts.body import WIDTH_PX, body_of
from compositing.charts.dress import dress
from compositing.charts.opened import opened, over_another
from compositing.charts.neckline import back_inside
from compositing.charts.small import place_small
from compositing.charts.worn import Worn
from compositing.cut.cutout import cut
from compositing.cut.opinion import SEED, Shape
from compositing.decode import decode
from compositing.encode import CONTENT_TYPES, encode
from compositing.errors import GarmentError
from compositing.garment import Garment
from compositing.manifest import ENGINE_VERSION, GarmentInput, Look, Manifest, PlacedItem, Stopwatch
from compositing.mannequin import load
from compositing.options import LookOptions
from compositing.paint.cloth import Cloth, sampled, source
from compositing.paint.layers import Seen, paint
from compositing.paint.wear import Dressed
from compositing.template import family_of, fit
from compositing.template.model import Upper
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory, canonical

WORKING_SIDE_PX = 1024
TUCKED_BELOW_LAYER = 40
BEHIND_BOTTOMS = 15
"""Layer of a top that is tucked in."""

cv2.setNumThreads(1)


def compose(items: Sequence[GarmentInput], options: LookOptions) -> Look:
    """Dress a mannequin. Raises GarmentError naming the item that can't be used; `items` must not be empty."""
    watch = Stopwatch()
    garments = []
    for index, item in enumerate(items):
        with _Naming(index):
            garments.append(prepare(item, watch))
    return compose_garments(garments, [item.category for item in items], options, watch)


def prepare(item: GarmentInput, watch: Stopwatch | None = None) -> Garment:
    """The garment of one photo, cut out and its template fitted. Raises GarmentError."""
    watch = watch or Stopwatch()
    category = _category(item.category)
    with watch.stage("decode"):
        photo = decode(item.data, WORKING_SIDE_PX)
    with watch.stage("cut out"):
        cutout = cut(photo, shape=_shape(category))
    with watch.stage("template"):
        template = fit(cutout.rgb, cutout.alpha, category) if family_of(category) else None
    return Garment(cutout, template)


def compose_garments(
    garments: Sequence[Garment], categories: Sequence[str], options: LookOptions, watch: Stopwatch | None = None
) -> Look:
    """Dress a mannequin in garments that are prepared already. Raises GarmentError naming the item that can't be used."""
    if not garments:
        raise ValueError("a look needs at least one item")
    watch = watch or Stopwatch()
    with watch.stage("mannequin"):
        body = load(options.mannequin, options.width_px)
    kinds = [_category(name) for name in categories]
    pieces = []
    for index, (garment, kind) in enumerate(zip(garments, kinds, strict=True)):
        with _Naming(index):
            pieces.append(_dress(index, kind, garment, options, watch, is_open=over_another(kind, kinds)))
    with watch.stage("paint"):
        pixels, seen = paint([piece.dressed for piece in pieces], body, options)
    with watch.stage("encode"):
        image = encode(pixels, options.format, options.quality)
    placed = tuple(_placed(piece, seen[piece.dressed.index]) for piece in pieces)
    return Look(
        image=image,
        content_type=CONTENT_TYPES[options.format],
        width_px=options.width_px,
        height_px=options.height_px,
        sha256=hashlib.sha256(image).hexdigest(),
        manifest=Manifest(ENGINE_VERSION, SEED, placed, watch.stage_ms),
    )


def kind_of(category: str) -> str:
    """What a prepared garment depends on beside its photo. Raises GarmentError category_mismatch."""
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
    """A garment that is ready to be painted, and what is said of it. Landmarks: the look's px at WIDTH_PX."""

    dressed: Dressed
    landmarks: dict[str, tuple[float, float]]
    warnings: tuple[str, ...]


def _category(name: str) -> GarmentCategory:
    category = canonical(name)
    if category is None:
        raise GarmentError("category_mismatch", f"There is no garment category {name[:64]!r}.")
    return category


def _shape(category: GarmentCategory) -> Shape:
    if CATEGORIES[category].region is BodyRegion.FEET:
        return "pair"
    return "legs" if family_of(category) == "legs" else "body"


def _dress(
    index: int, category: GarmentCategory, garment: Garment, options: LookOptions, watch: Stopwatch, *, is_open: bool
) -> _Piece:
    facts = CATEGORIES[category]
    with watch.stage("fit"):
        worn = _worn(category, garment, options)
        worn = opened(worn) if is_open else worn
    with watch.stage("warp"):
        cloths = _cloths(garment, worn, options)
    tucked = options.tuck and facts.region is BodyRegion.UPPER and facts.layer < TUCKED_BELOW_LAYER
    scale = options.width_px / WIDTH_PX
    waist = float(worn.landmarks["waist"][1]) * scale if "waist" in worn.landmarks else None
    layer = BEHIND_BOTTOMS if tucked else facts.layer
    dressed = Dressed(index, category, layer, cloths, tucked, waist)
    places = {name: (round(float(x * scale), 1), round(float(y * scale), 1)) for name, (x, y) in worn.landmarks.items()}
    rough = garment.cutout.mode == "messy"
    warnings = ("the photo's background is not plain; the cut-out may be rough",) if rough else ()
    return _Piece(dressed, places, warnings)


def _worn(category: GarmentCategory, garment: Garment, options: LookOptions) -> Worn:
    """Its charts on the body. Raises GarmentError no_garment_found."""
    cutout = garment.cutout
    body = body_of(options.mannequin)
    if garment.template is None:
        return place_small(category, cutout, body)
    if not cutout.mask.any():
        raise GarmentError("no_garment_found", "No garment could be told from the photo's background.")
    return dress(cutout.mask, garment.template, category, body)


def _cloths(garment: Garment, worn: Worn, options: LookOptions) -> tuple[Cloth, ...]:
    """The garment's layers in the look, from the skin outwards."""
    cutout, template = garment.cutout, garment.template
    scale = options.width_px / WIDTH_PX
    size = options.width_px, options.height_px
    back = None
    if isinstance(template, Upper) and template.shoulders != "off":
        back = back_inside(cutout.rgb, cutout.mask, template.left.neck, template.right.neck, template.dip)
    whole = source(cutout.rgb, cutout.alpha, worn.scale.value * scale)
    found = []
    for part, charts in worn.layers():
        share = charts[0].share
        used = whole if share is None else source(cutout.rgb, cutout.alpha * share, worn.scale.value * scale)
        cloth = sampled(part, charts, used, scale=scale, size=size, back=back if part == "body" else None)
        if cloth is not None:
            found.append(cloth)
    return tuple(found)


def _placed(piece: _Piece, seen: Seen) -> PlacedItem:
    one = piece.dressed
    warnings = piece.warnings if seen.area_px else (*piece.warnings, "nothing of it can be seen")
    return PlacedItem(one.index, one.category.value, one.layer, seen.box, seen.area_px, piece.landmarks, warnings)
