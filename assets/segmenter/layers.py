"""Drawn garments as layers: colours, coverage and what each pixel is, before any background."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments import BACKGROUNDS, CATEGORIES, KINDS, PhotoSpec
from devstack.garments.cloth import Fabric
from devstack.garments.drawing import laid, warped
from devstack.garments.fabrics import COLOURS, dyed, printed
from devstack.garments.hangers import hung_up
from devstack.garments.light import displayed
from devstack.garments.made import GarmentWish, Made
from devstack.garments.panel import Canvas, Panel
from devstack.garments.photo import lens

Bytes = NDArray[np.uint8]

Hang = Callable[[Made, np.random.Generator], Sequence[Panel]]
WEIGHTS: dict[str, float] = {
    "t-shirt": 3, "top": 3, "shirt": 3, "polo": 1, "blouse": 1.5, "sweater": 2, "hoodie": 2.5,
    "cardigan": 1.5, "jacket": 3, "blazer": 1, "coat": 1.5, "vest": 1, "tank": 1.5, "crop-top": 0.7,
    "dress": 4, "jumpsuit": 0.7, "jeans": 1.5, "trousers": 2.5, "shorts": 2, "leggings": 0.7,
    "skirt": 2, "shoes": 2.5, "boots": 1, "hat": 0.8, "scarf": 0.6, "bag": 0.8, "belt": 0.4,
}  # fmt: skip
"""How often each category is drawn, as shops post them."""
REPEATS = ("checks", "gingham", "floral", "leafy", "uprights", "dots")


@dataclass(frozen=True, slots=True)
class Layers:
    """`rgb`: sRGB (h, w, 3); `alpha`: coverage with a hanger, `worn`: the garment's own, `inside`:
    of its back, seen through the neck or the waist; 0..255 each (h, w).
    """

    rgb: Bytes
    alpha: Bytes
    worn: Bytes
    inside: Bytes

    def seen_by(self, matrix: NDArray[np.float64], side_px: int) -> "Layers":
        """A square part. `matrix`: (2, 3), from its px to these."""
        way = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
        seen = (
            np.asarray(cv2.warpAffine(one, matrix, (side_px, side_px), flags=way), np.uint8)
            for one in (self.rgb, self.alpha, self.worn, self.inside)
        )
        return Layers(*seen)


@dataclass(frozen=True, slots=True)
class Painted:
    """A garment on a square canvas, and what was painted, in order."""

    made: Made
    panels: Sequence[Panel]
    on: Canvas
    photo: PhotoSpec

    def layers(self) -> Layers:
        light, alpha, worn = warped(self.on, lens(self.photo), self.photo)
        return Layers(
            np.clip(np.rint(displayed(light)), 0, 255).astype(np.uint8),
            as_bytes(alpha),
            as_bytes(worn),
            as_bytes(inside(self.on, self.panels, self.made) * worn),
        )


def painted(
    seed: int, side_px: int, often: Mapping[str, float] = WEIGHTS, hang: Hang | None = None
) -> Painted:
    """Any garment in any pose, its parts now and then of other cloth. `hang`: puts it on a hanger;
    None: on one of the drawn garments' own, painted."""
    rng = np.random.default_rng([seed, 4141])
    names = list(often)
    weights = np.array([often[name] for name in names])
    category = str(rng.choice(names, p=weights / weights.sum()))
    kinds = CATEGORIES[category]
    made = KINDS[kinds[int(rng.integers(0, len(kinds)))]](rng, GarmentWish(None, None))
    made = replace(made, panels=patched(made.panels, rng))
    hung = rng.random() < 0.4
    panels: Sequence[Panel] = made.panels
    if hung:
        panels = hang(made, rng) if hang else painted_hanger(hung_up(made, rng), rng)
    photo = PhotoSpec(
        (side_px, side_px), 0.97, "studio", 0.0, (0.0, 0.0), hung, 100, rng.uniform(1.0, 2.6)
    )
    return Painted(made, panels, laid(panels, made, photo, rng), photo)


def as_bytes(field: NDArray[np.float32]) -> Bytes:
    return np.clip(np.rint(field * 255), 0, 255).astype(np.uint8)


def any_fabric(rng: np.random.Generator) -> Fabric:
    """Any colour, also those that no dye house names; printed now and then."""
    if rng.random() < 0.25:
        return printed(rng, "woven", str(rng.choice(REPEATS)))
    if rng.random() < 0.5:
        return Fabric("jersey", dyed(rng, COLOURS[str(rng.choice(list(COLOURS)))]))
    r, g, b = (int(one) for one in rng.integers(12, 246, 3))
    return Fabric("woven", (r, g, b))


def patched(panels: Sequence[Panel], rng: np.random.Generator) -> list[Panel]:
    """Some panels, with those that mirror them, of other cloth: sleeves, collars, bands."""
    out = list(panels)
    if rng.random() > 0.45 or len(out) < 3:
        return out
    for _ in range(int(rng.integers(1, 4))):
        chosen = out[int(rng.integers(0, len(out)))]
        x, y = chosen.outline.mean(0)
        cloth = any_fabric(rng)
        for index, panel in enumerate(out):
            px, py = panel.outline.mean(0)
            if abs(abs(px) - abs(x)) < 3 and abs(py - y) < 3 and panel.worn:
                out[index] = replace(panel, cloth=replace(cloth, kind=panel.cloth.kind))
    return out


def painted_hanger(panels: Sequence[Panel], rng: np.random.Generator) -> list[Panel]:
    """The hanger of any colour: wood, plastic, velvet, wire."""
    if rng.random() < 0.4:
        return list(panels)
    r, g, b = (int(one) for one in rng.integers(12, 250, 3))
    cloth = Fabric("leather", (r, g, b))
    return [one if one.worn else replace(one, cloth=cloth) for one in panels]


def inside(on: Canvas, panels: Sequence[Panel], made: Made) -> NDArray[np.float32]:
    """Where the inside of the back shows: what was painted before the front and is not hidden."""
    seen = np.zeros(on.alpha.shape, np.float32)
    if made.family == "none":
        return seen
    areas = [cv2.contourArea(one.outline.astype(np.float32)) if one.worn else 0 for one in panels]
    large = [index for index, area in enumerate(areas) if area >= 0.45 * max(areas)]
    front = next((i for i in large if i > 0), 0)
    for index, panel in enumerate(panels):
        behind = index < front and panel.worn and abs(float(panel.outline[:, 0].mean())) < 4
        cover = on.cover(panel.outline, panel.holes)
        seen += (float(behind) - seen) * cover
    return seen


def backdrop(seed: int, side_px: int) -> Bytes:
    """What a garment may lie on: floors, sheets, carpets, walls."""
    rng = np.random.default_rng([seed, 4242])
    name = str(
        rng.choice(["wood", "sheet", "blanket", "wall", "grey"], p=(0.3, 0.3, 0.2, 0.1, 0.1))
    )
    zoom = float(rng.uniform(1.0, 2.0))
    size = int(side_px * zoom)
    picture = BACKGROUNDS[name][0]((size, size), rng)
    small = cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)
