"""Photo-like pictures of garments whose truth is known.

Pure and seeded: equal arguments, equal bytes.
"""

import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing.arrays import Point
from compositing.template.model import Template
from devstack.garments.backgrounds import BACKGROUNDS, shadowed
from devstack.garments.cloth import Fabric
from devstack.garments.fabrics import COLOURS
from devstack.garments.hangers import hung_up
from devstack.garments.kinds import CATEGORIES, KINDS
from devstack.garments.light import displayed
from devstack.garments.made import GarmentWish, Made
from devstack.garments.panel import Canvas, Panel, canvas, paint
from devstack.garments.photo import LIGHTS, PhotoSpec, developed, exposed, lens, seen
from devstack.garments.shape import Pose
from devstack.garments.truth import truth


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """A photo (h, w, 3, sRGB), the garment's own mask (h, w) without its hanger, its size chart.

    `px_per_cm`: the photo's scale at its middle. `points`: the named points, in px; None for shoes
    and other small things.
    """

    rgb: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    points: Template | None
    sizes_cm: dict[str, float]
    category: str
    kind: str
    px_per_cm: float


def draw(  # noqa: PLR0913 (each choice is free, and left to the seed where it is not made)
    category: str,
    seed: int = 0,
    *,
    background: str = "studio",
    cloth: Fabric | None = None,
    pose: Pose | None = None,
    photo: PhotoSpec | None = None,
) -> DrawnPhoto:
    """A garment of a category (or of one of `KINDS`).

    Raises KeyError for a name that is neither, or no background.
    """
    rng = np.random.default_rng([seed, zlib.crc32(category.encode())])
    kind = (
        category
        if category not in CATEGORIES
        else CATEGORIES[category][int(rng.integers(0, len(CATEGORIES[category])))]
    )
    made = KINDS[kind](rng, GarmentWish(cloth, pose))
    photo = photo or PhotoSpec()
    panels = hung_up(made, rng) if photo.hanger else made.panels
    on = laid(panels, made, photo, rng)
    through = lens(photo)
    light, alpha, worn = warped(on, through, photo)
    rgb = photographed(light, alpha, background, photo, rng)

    def place(point: Point) -> Point:
        return np.asarray(seen(on.px(point[None]), through)[0])

    return DrawnPhoto(
        rgb,
        worn > 0.5,
        truth(made, place, photo.turn_rad),
        made.sizes_cm,
        made.category,
        kind,
        on.px_per_cm,
    )


def laid(panels: list[Panel], made: Made, photo: PhotoSpec, rng: np.random.Generator) -> Canvas:
    """The panels painted, upright, in the middle of the frame."""
    wide, high = photo.size_px
    low = np.min([panel.outline.min(0) for panel in panels], axis=0)
    top = np.max([panel.outline.max(0) for panel in panels], axis=0)
    c, s = abs(np.cos(photo.turn_rad)), abs(np.sin(photo.turn_rad))
    span = top - low
    need = np.array([c * span[0] + s * span[1], s * span[0] + c * span[1]])
    per_cm = float(min(photo.fill * wide / need[0], photo.fill * high / need[1]))
    origin = np.array([wide, high]) / 2 - (low + top) / 2 * per_cm
    on = canvas((high, wide), per_cm, (float(origin[0]), float(origin[1])), rng)
    on.creased = photo.creased
    for panel in panels:
        paint(on, panel)
    return on


def warped(
    on: Canvas, through: NDArray[np.float64], photo: PhotoSpec
) -> tuple[NDArray[np.float32], ...]:
    """Light, coverage and the garment's own coverage, as the camera sees them."""
    if not photo.turn_rad and photo.tilt == (0.0, 0.0):
        return on.rgb, on.alpha, on.worn
    whole = np.dstack([on.rgb * on.alpha[..., None], on.alpha])
    whole = cv2.warpPerspective(whole, through, photo.size_px, flags=cv2.INTER_CUBIC)
    worn = cv2.warpPerspective(on.worn, through, photo.size_px, flags=cv2.INTER_LINEAR)
    alpha = np.clip(whole[..., 3], 0, 1)
    light = whole[..., :3] / np.maximum(alpha, 1e-3)[..., None]
    return (
        np.asarray(light, np.float32),
        np.asarray(alpha, np.float32),
        np.asarray(worn, np.float32),
    )


def photographed(
    light: NDArray[np.float32],
    alpha: NDArray[np.float32],
    background: str,
    photo: PhotoSpec,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """What is painted, on its background, under the photo's light."""
    ground, cast = BACKGROUNDS[background]
    behind = shadowed(ground((alpha.shape[0], alpha.shape[1]), rng), alpha, cast)
    picture = behind + (displayed(light) - behind) * alpha[..., None]
    return developed(exposed(np.asarray(picture, np.float32), photo.light, rng), photo.quality)


def anything(
    seed: int, *, category: str | None = None, size_px: tuple[int, int] = (1024, 1365)
) -> DrawnPhoto:
    """Any garment in any photo: background, light, turn, perspective, pose, hanger as the seed
    decides.
    """
    rng = np.random.default_rng([seed, 77])
    name = category or str(rng.choice(list(CATEGORIES)))
    background = str(rng.choice(list(BACKGROUNDS), p=(0.30, 0.14, 0.14, 0.14, 0.08, 0.08, 0.12)))
    plain = background in ("studio", "white", "grey")
    light = "studio" if plain and rng.random() < 0.7 else LIGHTS[int(rng.integers(1, len(LIGHTS)))]
    loose = 0.35 if plain else 1.0
    photo = PhotoSpec(
        size_px,
        rng.uniform(0.66, 0.92),
        light,
        loose * rng.normal(0, 0.05),
        (loose * rng.normal(0, 0.05), loose * rng.normal(0, 0.08)),
        background == "wall",
        int(rng.integers(72, 96)),
        1.0 if plain else rng.uniform(1.0, 2.2),
    )
    whites = background == "white" and rng.random() < 0.5
    cloth = Fabric("jersey", COLOURS["white"]) if whites else None
    return draw(name, seed, background=background, cloth=cloth, photo=photo)
