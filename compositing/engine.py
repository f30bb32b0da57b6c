"""From photos to a look: cut out, fit, layer, light, encode. Pure: bytes and options in, picture and manifest out."""

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing import fit_lower, fit_small, fit_upper, landmarks
from compositing.background import Floats
from compositing.cutout import Cutout, cut
from compositing.decode import decode
from compositing.encode import CONTENT_TYPES, encode
from compositing.errors import GarmentError
from compositing.light import TO_LINEAR, contact_shadow, shade, to_srgb
from compositing.mannequin import HEAD, Mannequin, load
from compositing.options import LookOptions
from compositing.warp import Handles, Warped, apply
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory, canonical

ENGINE_VERSION = "0.1.0"
"""Changes whenever the same input may give other bytes."""
WORKING_SIDE_PX = 1024
LEGGED = frozenset({GarmentCategory.JEANS, GarmentCategory.TROUSERS, GarmentCategory.SHORTS, GarmentCategory.LEGGINGS})
FULL = frozenset({GarmentCategory.DRESS, GarmentCategory.JUMPSUIT})
TUCKED_BELOW_LAYER = 40
BEHIND_BOTTOMS = 15
"""Layer of a top that is tucked in."""

cv2.setNumThreads(1)


@dataclass(frozen=True, slots=True)
class GarmentInput:
    """One garment: a photo's bytes, a category key or synonym, and a name for messages."""

    data: bytes
    category: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """Where an item went. `box`: x0, y0, x1, y1 in pixels, x1 and y1 exclusive. `layer`: larger lies over smaller."""

    item_index: int
    category: str
    layer: int
    box: tuple[int, int, int, int]
    alpha_area_px: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was made of what. Timings do not influence the picture."""

    engine_version: str
    items: tuple[PlacedItem, ...]
    stage_ms: Mapping[str, float]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A finished look. `sha256`: hex, of `image`."""

    image: bytes
    content_type: str
    width_px: int
    height_px: int
    sha256: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class _Dressed:
    index: int
    category: GarmentCategory
    layer: int
    pieces: tuple[Warped, ...]
    warnings: tuple[str, ...]


class _Stopwatch:
    """Adds up how long each stage took."""

    def __init__(self) -> None:
        self.stage_ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        begun_s = time.perf_counter()
        yield
        self.stage_ms[name] = self.stage_ms.get(name, 0.0) + (time.perf_counter() - begun_s) * 1000


def compose(items: Sequence[GarmentInput], options: LookOptions) -> Look:
    """Dress a mannequin. Raises GarmentError naming the item that can't be used; `items` must not be empty."""
    if not items:
        raise ValueError("a look needs at least one item")
    watch = _Stopwatch()
    with watch.stage("mannequin"):
        body = load(options.mannequin, options.width_px)
    dressed = []
    for index, item in enumerate(items):
        try:
            dressed.append(_dress(index, item, body, options, watch))
        except GarmentError as error:
            raise GarmentError(error.code, str(error), index) from error
    with watch.stage("compose"):
        pixels = _layered(dressed, body, options)
    with watch.stage("encode"):
        image = encode(pixels, options.format, options.quality)
    placed = tuple(_placed(one, body) for one in dressed)
    return Look(
        image=image,
        content_type=CONTENT_TYPES[options.format],
        width_px=options.width_px,
        height_px=options.height_px,
        sha256=hashlib.sha256(image).hexdigest(),
        manifest=Manifest(ENGINE_VERSION, placed, watch.stage_ms),
    )


def _dress(index: int, item: GarmentInput, body: Mannequin, options: LookOptions, watch: _Stopwatch) -> _Dressed:
    category = canonical(item.category)
    if category is None:
        raise GarmentError("category_mismatch", f"There is no garment category {item.category[:64]!r}.")
    with watch.stage("decode"):
        photo = decode(item.data, WORKING_SIDE_PX)
    with watch.stage("cut out"):
        garment = cut(photo, two_legs=category in LEGGED)
    with watch.stage("fit"):
        plans = list(_plans(category, garment, body))
    size = body.labels.shape[1], body.labels.shape[0]
    with watch.stage("warp"):
        colour = TO_LINEAR[garment.rgb]
        pieces = tuple(apply(colour, garment.alpha * share, handles, stretch, size) for handles, share, stretch in plans)
    layer = CATEGORIES[category].layer
    region = CATEGORIES[category].region
    if options.tuck and region is BodyRegion.UPPER and layer < TUCKED_BELOW_LAYER:
        layer = BEHIND_BOTTOMS
    warnings = ("the photo's background is not plain; the cut-out may be rough",) if garment.mode == "messy" else ()
    return _Dressed(index, category, layer, pieces, warnings)


def _plans(
    category: GarmentCategory, garment: Cutout, body: Mannequin
) -> Iterator[tuple[Handles, Floats, tuple[float, float]]]:
    """What is moved how: handles, which share of the cut-out they move, and its stretch."""
    mask = garment.mask
    whole = np.ones(mask.shape, np.float32)
    match CATEGORIES[category].region:
        case BodyRegion.UPPER | BodyRegion.FULL:
            found = landmarks.upper(mask, long=category in FULL)
            handles, stretch = fit_upper.fit(category, found, mask, body)
            yield handles, whole, stretch
        case BodyRegion.LOWER:
            handles, stretch = fit_lower.fit(category, landmarks.lower(mask, legs=category in LEGGED), body)
            yield handles, whole, stretch
        case BodyRegion.FEET:
            for handles, piece, stretch in fit_small.shoes(mask, body):
                yield handles, cv2.dilate(piece.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32), stretch
        case region:
            handles, stretch = fit_small.accessory(region, mask, body)
            yield handles, whole, stretch


def _layered(dressed: Sequence[_Dressed], body: Mannequin, options: LookOptions) -> NDArray[np.uint8]:
    """Paint the garments over the mannequin, inner layers first, each with its shade and its contact shadow."""
    scene = np.asarray(TO_LINEAR[body.picture], np.float32).copy()
    there = cv2.GaussianBlur(body.body.astype(np.float32), (0, 0), 0.8 * body.scale)
    if options.background not in ("studio", "transparent"):
        chosen = np.array([int(options.background[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)
        scene = scene * there[..., None] + TO_LINEAR[chosen] * (1 - there[..., None])
    cover = there.copy()
    head = cv2.GaussianBlur((body.labels == HEAD).astype(np.float32), (0, 0), 0.8 * body.scale)
    for one in sorted(dressed, key=lambda dressed_item: (dressed_item.layer, dressed_item.index)):
        colour, alpha = _merged(one.pieces, body)
        if CATEGORIES[one.category].region is not BodyRegion.HEAD:
            colour, alpha = colour * (1 - head)[..., None], alpha * (1 - head)
        scene *= (1 - contact_shadow(alpha, body.scale) * cover)[..., None]
        light = shade(body, alpha) if CATEGORIES[one.category].region is not BodyRegion.FEET else np.float32(1)
        lit = colour * (light[..., None] if isinstance(light, np.ndarray) else light)
        scene = scene * (1 - alpha[..., None]) + lit
        cover = np.maximum(cover, alpha)
    pixels = to_srgb(scene)
    if options.background == "transparent":
        return np.dstack([pixels, (cover * 255 + 0.5).astype(np.uint8)])
    return pixels


def _merged(pieces: Sequence[Warped], body: Mannequin) -> tuple[Floats, Floats]:
    """The pieces of one garment in the whole frame."""
    height, width = body.labels.shape
    colour, alpha = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
    for piece in pieces:
        left, top, right, bottom = piece.box
        over = piece.alpha[..., None]
        colour[top:bottom, left:right] = colour[top:bottom, left:right] * (1 - over) + piece.colour
        alpha[top:bottom, left:right] = alpha[top:bottom, left:right] * (1 - piece.alpha) + piece.alpha
    return colour, alpha


def _placed(one: _Dressed, body: Mannequin) -> PlacedItem:
    _, alpha = _merged(one.pieces, body)
    seen = alpha > 0.5
    if not seen.any():
        return PlacedItem(
            one.index, one.category.value, one.layer, (0, 0, 0, 0), 0, (*one.warnings, "nothing of it can be seen")
        )
    rows, columns = np.nonzero(seen.any(1))[0], np.nonzero(seen.any(0))[0]
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return PlacedItem(one.index, one.category.value, one.layer, box, int(seen.sum()), one.warnings)
