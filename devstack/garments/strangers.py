"""Photos that show no garment that could be dressed: for the judge. Seeded, like all drawings."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from devstack.garments.cloth import Colour, Fabric
from devstack.garments.curves import disc, flipped, joined, mirrored, shifted, straight, through
from devstack.garments.drawing import draw, laid, photographed
from devstack.garments.fabrics import COLOURS, dyed
from devstack.garments.kinds import KINDS
from devstack.garments.made import GarmentWish, Made
from devstack.garments.panel import Fade, Panel
from devstack.garments.photo import PhotoSpec, developed
from devstack.garments.shape import SIDES
from devstack.garments.shoes import moved

ByteImage = NDArray[np.uint8]
Size = tuple[int, int]
SKIN: tuple[Colour, ...] = ((224, 180, 150), (188, 136, 104), (122, 82, 60))


def _shot(panels: list[Panel], rng: np.random.Generator, size_px: Size) -> ByteImage:
    photo = PhotoSpec(size_px, fill=rng.uniform(0.6, 0.85), light="phone", quality=88)
    on = laid(panels, Made("", panels, {}), photo, rng)
    return photographed(on.rgb, on.alpha, str(rng.choice(["studio", "grey", "wood"])), photo, rng)


def cup(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """A mug with a handle."""
    glaze = Fabric(
        "rubber",
        dyed(rng, COLOURS[str(rng.choice(["white", "sky", "terracotta", "sage", "navy"]))]),
    )
    right = through((4.2, -5), (4.3, 0), (4.0, 4.4), (3.2, 5.2), (0, 5.7))
    body = joined(right, mirrored(right)[1:], through((-4.2, -5), (0, -3.9), (4.2, -5))[1:-1])
    handle = disc((5.0, 0.0), 2.9, tall=1.15)
    shine = (Fade((-2.2, 0), (0.9, 5), 1.35), Fade((3.6, 0), (1.6, 7), 0.7))
    panels = [
        Panel(handle, glaze, holes=(disc((5.0, 0.0), 2.0, tall=1.2),), thick=2, crumple=0),
        Panel(body, glaze, patches=shine, thick=1.5, crumple=0),
        Panel(disc((0, -5), 4.2, tall=0.27), glaze, thick=0.4, crumple=0, cast=0),
        Panel(
            disc((0, -4.95), 3.85, tall=0.25),
            Fabric("rubber", (92, 58, 38)),
            shade=0.8,
            thick=0,
            crumple=0,
            cast=0,
        ),
    ]
    return _shot(panels, rng, size_px)


def cat(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """A sitting cat from behind."""
    fur = Fabric(
        "wool", dyed(rng, COLOURS[str(rng.choice(["black", "grey", "camel", "ecru", "charcoal"]))])
    )
    half = through((0, 30), (9, 29.6), (12, 22), (9.5, 10), (5.6, 2), (4.2, -1))
    body = joined(half, mirrored(half)[1:-1])
    head = disc((0, -5), 6.2, tall=0.92)
    tail = through((9, 27), (17, 27), (21, 20), (18, 13))
    thick = joined(shifted(tail, 0, -1.5), (shifted(tail, 0.6, 1.5))[::-1])
    ears = [flipped(np.array([[1.6, -9.8], [5.4, -14.6], [6.2, -6.6]]), side) for side in SIDES]
    panels = [
        Panel(thick, fur, thick=4),
        Panel(body, fur, thick=6),
        *(Panel(one, fur, thick=1.5) for one in ears),
        Panel(head, fur, thick=5),
    ]
    return _shot(panels, rng, size_px)


def person(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """Somebody who stands and wears a top and trousers."""
    skin = Fabric("leather", SKIN[int(rng.integers(0, len(SKIN)))])
    hair = Fabric("wool", (48, 36, 30))
    dress = moved(KINDS["crew-tee"](rng, GarmentWish(pose="hanging")).panels, (0.0, 0.0))
    legs = moved(KINDS["jeans"](rng, GarmentWish()).panels, (0.0, 62.0))
    neck = joined(straight((-5, -9), (-5.5, 4)), straight((5.5, 4), (5, -9)))
    arms = [
        flipped(
            joined(through((27, 28), (32, 48), (33, 70)), through((29, 72), (26, 50), (21, 30))),
            side,
        )
        for side in SIDES
    ]
    feet = [disc((side * 12.0, 168.0), 5.5, tall=0.6) for side in SIDES]
    face = [disc((side * 3.2, -19.0), 0.7) for side in SIDES]
    panels = [
        Panel(disc((0, -21), 10.2, tall=1.3), hair, thick=2),
        *(Panel(one, skin, thick=3, crumple=0.2) for one in arms),
        Panel(neck, skin, crumple=0.1),
        *(Panel(one, Fabric("leather", (40, 36, 36)), thick=3) for one in feet),
        *legs,
        *dress,
        Panel(shifted(neck[:12] * [1, 0.5], 1.5, -2), skin, crumple=0),
        Panel(disc((0, -17.5), 8.0, tall=1.32), skin, thick=3, crumple=0.1),
        *(Panel(one, Fabric("rubber", (40, 30, 28)), thick=0.2, crumple=0) for one in face),
    ]
    return _shot(panels, rng, size_px)


def page(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """A page of text."""
    wide, high = size_px
    paper = np.full((high, wide, 3), 244, np.uint8)
    step = high // 34
    for row in range(3, 31):
        if row % 8:
            words = "  ".join(
                "".join(rng.choice(list("aeinorstlmuv"), int(rng.integers(2, 9)))) for _ in range(9)
            )
            short = words[: int(rng.integers(20, 46))] if row % 8 == 7 else words[:46]
            at = wide // 10, row * step
            cv2.putText(
                paper,
                short,
                at,
                cv2.FONT_HERSHEY_COMPLEX,
                step / 46,
                (38, 38, 42),
                max(1, step // 22),
                cv2.LINE_AA,
            )
    return developed(
        np.asarray(paper, np.float32)
        * (1 - 0.08 * np.linspace(0, 1, wide, dtype=np.float32)[None, :, None]),
        88,
    )


def screenshot(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """A shop's page on a telephone: bars, tiles with garments in them, buttons."""
    wide, high = size_px
    out = np.full((high, wide, 3), 250, np.uint8)
    bar, gap = high // 14, wide // 30
    out[:bar], out[-bar:] = (36, 40, 52), (240, 240, 242)
    tile = (wide - 3 * gap) // 2, (high - 2 * bar - 3 * gap) // 2
    kinds = list(rng.choice(["crew-tee", "jeans", "a-line-dress", "sneakers", "hoodie"], 4))
    for i, kind in enumerate(kinds):
        x, y = gap + (i % 2) * (tile[0] + gap), bar + gap + (i // 2) * (tile[1] + gap)
        out[y : y + tile[1], x : x + tile[0]] = draw(
            str(kind), int(rng.integers(0, 999)), photo=PhotoSpec(tile, 0.6)
        ).rgb
        cv2.putText(
            out,
            "$ 29.00",
            (x + gap, y + tile[1] - gap),
            cv2.FONT_HERSHEY_SIMPLEX,
            wide / 900,
            (30, 30, 30),
            2,
            cv2.LINE_AA,
        )
    cv2.putText(
        out,
        "9:41",
        (gap, bar // 2 + 8),
        cv2.FONT_HERSHEY_SIMPLEX,
        wide / 900,
        (250, 250, 250),
        2,
        cv2.LINE_AA,
    )
    for i in range(4):
        cv2.circle(
            out,
            (wide * (2 * i + 1) // 8, high - bar // 2),
            bar // 5,
            (120, 120, 126),
            -1,
            cv2.LINE_AA,
        )
    return out


def two(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """Two garments side by side."""
    names = rng.choice(
        ["crew-tee", "jeans", "shirt", "sleeveless-dress", "shorts", "crew-sweater"],
        2,
        replace=False,
    )
    left, right = (KINDS[str(name)](rng, GarmentWish()) for name in names)
    apart = float(left.bounds()[1, 0] - right.bounds()[0, 0]) + rng.uniform(2, 8)
    return _shot([*left.panels, *moved(right.panels, (apart, rng.uniform(-4, 4)))], rng, size_px)


def upside_down(rng: np.random.Generator, size_px: Size) -> ByteImage:
    """A garment whose hem is above."""
    kind = str(rng.choice(["crew-tee", "shirt", "jeans", "a-line-dress", "hoodie"]))
    photo = PhotoSpec(
        size_px, turn_rad=float(np.pi + rng.normal(0, 0.06)), light="phone", quality=88
    )
    return draw(kind, int(rng.integers(0, 9999)), background="wood", photo=photo).rgb


Stranger = Callable[[np.random.Generator, Size], ByteImage]
STRANGERS: dict[str, Stranger] = {
    "cup": cup,
    "cat": cat,
    "person": person,
    "page": page,
    "screenshot": screenshot,
    "two": two,
    "upside-down": upside_down,
}
"""Every one by name."""


def stranger(name: str, seed: int = 0, *, size_px: Size = (768, 1024)) -> ByteImage:
    """A photo (h, w, 3, sRGB) of that. Raises KeyError for a name that is not in `STRANGERS`."""
    return STRANGERS[name](np.random.default_rng([seed, len(name)]), size_px)
