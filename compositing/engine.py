"""From photos to a look: cut out, fit, carry, paint, encode. Pure: bytes and options in, picture and manifest out."""

import hashlib
from collections.abc import Sequence

import cv2

from compositing.cut.cutout import Cutout, cut
from compositing.cut.opinion import SEED, Shape
from compositing.decode import decode
from compositing.encode import CONTENT_TYPES, encode
from compositing.errors import GarmentError
from compositing.fit.dress import Landmarks, carry, expected_shape, fit
from compositing.manifest import ENGINE_VERSION, GarmentInput, Look, Manifest, PlacedItem, Stopwatch
from compositing.mannequin import Mannequin, load
from compositing.options import LookOptions
from compositing.paint.layers import Seen, paint
from compositing.paint.wear import Dressed
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory, canonical

WORKING_SIDE_PX = 1024
TUCKED_BELOW_LAYER = 40
BEHIND_BOTTOMS = 15
"""Layer of a top that is tucked in."""

cv2.setNumThreads(1)


def compose(items: Sequence[GarmentInput], options: LookOptions) -> Look:
    """Dress a mannequin. Raises GarmentError naming the item that can't be used; `items` must not be empty."""
    watch = Stopwatch()
    cutouts = []
    for index, item in enumerate(items):
        with _Naming(index):
            cutouts.append(cut_out(item, watch))
    return compose_cutouts(cutouts, [item.category for item in items], options, watch)


def cut_out(item: GarmentInput, watch: Stopwatch | None = None) -> Cutout:
    """The garment of one photo. Raises GarmentError."""
    watch = watch or Stopwatch()
    shape = shape_of(item.category)
    with watch.stage("decode"):
        photo = decode(item.data, WORKING_SIDE_PX)
    with watch.stage("cut out"):
        return cut(photo, shape=shape)


def shape_of(category: str) -> Shape:
    """What a photo of this category is expected to show; cut-outs depend on it. Raises GarmentError category_mismatch."""
    return expected_shape(_category(category))


def compose_cutouts(
    cutouts: Sequence[Cutout], categories: Sequence[str], options: LookOptions, watch: Stopwatch | None = None
) -> Look:
    """Dress a mannequin in garments that are cut out already. Raises GarmentError naming the item that can't be used."""
    if not cutouts:
        raise ValueError("a look needs at least one item")
    watch = watch or Stopwatch()
    with watch.stage("mannequin"):
        body = load(options.mannequin, options.width_px)
    dressed, landmarks = [], []
    for index, (cutout, name) in enumerate(zip(cutouts, categories, strict=True)):
        with _Naming(index):
            one, found = _dress(index, _category(name), cutout, body, options, watch)
        dressed.append(one)
        landmarks.append(found)
    with watch.stage("paint"):
        pixels, seen = paint(dressed, body, options)
    with watch.stage("encode"):
        image = encode(pixels, options.format, options.quality)
    placed = tuple(
        _placed(one, seen[one.index], found, cutout) for one, found, cutout in zip(dressed, landmarks, cutouts, strict=True)
    )
    return Look(
        image=image,
        content_type=CONTENT_TYPES[options.format],
        width_px=options.width_px,
        height_px=options.height_px,
        sha256=hashlib.sha256(image).hexdigest(),
        manifest=Manifest(ENGINE_VERSION, SEED, placed, watch.stage_ms),
    )


class _Naming:
    """GarmentErrors from inside name this item."""

    def __init__(self, index: int) -> None:
        self._index = index

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, GarmentError):
            error.item_index = self._index


def _category(name: str) -> GarmentCategory:
    category = canonical(name)
    if category is None:
        raise GarmentError("category_mismatch", f"There is no garment category {name[:64]!r}.")
    return category


def _dress(  # noqa: PLR0913 (what dressing needs)
    index: int, category: GarmentCategory, cutout: Cutout, body: Mannequin, options: LookOptions, watch: Stopwatch
) -> tuple[Dressed, Landmarks]:
    with watch.stage("fit"):
        fitted = fit(category, cutout, body)
    with watch.stage("warp"):
        cloths = carry(fitted, (body.labels.shape[1], body.labels.shape[0]))
    facts = CATEGORIES[category]
    tucked = options.tuck and facts.region is BodyRegion.UPPER and facts.layer < TUCKED_BELOW_LAYER
    waist = fitted.landmarks.get("waist")
    layer = BEHIND_BOTTOMS if tucked else facts.layer
    return Dressed(index, category, layer, cloths, tucked, waist[1] if waist else None), fitted.landmarks


def _placed(one: Dressed, seen: Seen, landmarks: Landmarks, cutout: Cutout) -> PlacedItem:
    warnings = []
    if cutout.mode == "messy":
        warnings.append("the photo's background is not plain; the cut-out may be rough")
    if not seen.area_px:
        warnings.append("nothing of it can be seen")
    return PlacedItem(one.index, one.category.value, one.layer, seen.box, seen.area_px, landmarks, tuple(warnings))
