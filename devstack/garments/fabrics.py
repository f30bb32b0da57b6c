"""Which cloth a garment is made of: colours that go together, prints that suit the kind. Seeded."""

from collections.abc import Sequence

import numpy as np

from devstack.garments.cloth import ClothKind, Colour, Fabric
from devstack.garments.graphics import GRAPHICS
from devstack.garments.prints import REPEATS

COLOURS: dict[str, Colour] = {
    "white": (240, 239, 235),
    "ecru": (231, 222, 203),
    "sand": (208, 190, 160),
    "camel": (186, 144, 100),
    "chocolate": (84, 58, 46),
    "black": (34, 34, 37),
    "charcoal": (72, 74, 80),
    "grey": (156, 158, 162),
    "navy": (38, 48, 78),
    "cobalt": (42, 78, 162),
    "sky": (156, 186, 214),
    "teal": (38, 104, 108),
    "forest": (44, 78, 60),
    "sage": (154, 168, 142),
    "olive": (98, 100, 70),
    "mustard": (208, 158, 62),
    "terracotta": (184, 98, 70),
    "red": (176, 44, 46),
    "burgundy": (108, 34, 50),
    "rose": (214, 164, 160),
    "lilac": (182, 168, 206),
    "coral": (226, 120, 98),
}
"""Cloth colours by name."""
SETS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ecru", ("navy", "terracotta", "mustard", "sage")),
    ("navy", ("ecru", "rose", "coral", "sage")),
    ("white", ("navy", "red", "sky", "forest")),
    ("black", ("rose", "ecru", "lilac", "forest")),
    ("sage", ("ecru", "terracotta", "white", "forest")),
    ("rose", ("burgundy", "white", "coral", "olive")),
    ("mustard", ("ecru", "terracotta", "white", "olive")),
    ("sky", ("white", "navy", "coral", "teal")),
    ("burgundy", ("rose", "ecru", "mustard", "sage")),
    ("forest", ("ecru", "mustard", "rose", "sage")),
    ("white", ("cobalt", "sky", "coral", "teal")),
    ("terracotta", ("ecru", "sand", "burgundy", "olive")),
)
"""A ground and the inks that go with it; the last one is also that of leaves."""
DENIM: tuple[Colour, ...] = (
    (50, 64, 92),
    (74, 94, 126),
    (122, 146, 172),
    (60, 62, 68),
    (34, 40, 56),
)


def dyed(rng: np.random.Generator, colour: Colour) -> Colour:
    """The colour as one dye bath or another gives it."""
    r, g, b = (
        int(np.clip(one * rng.uniform(0.95, 1.05) + rng.uniform(-3, 3), 12, 246)) for one in colour
    )
    return r, g, b


def solid(rng: np.random.Generator, kind: ClothKind, names: Sequence[str] = ()) -> Fabric:
    """One colour."""
    if kind == "denim":
        r, g, b = DENIM[int(rng.integers(0, len(DENIM)))]
        shade = rng.uniform(0.9, 1.1)
        return Fabric(kind, (round(shade * r), round(shade * g), round(shade * b)))
    names = names or list(COLOURS)
    return Fabric(kind, dyed(rng, COLOURS[str(rng.choice(list(names)))]))


def printed(rng: np.random.Generator, kind: ClothKind, repeat: str, ground: str = "") -> Fabric:
    """With a repeat; `ground` names a colour that has a set of inks."""
    fitting = [one for one in SETS if not ground or one[0] == ground] or list(SETS)
    base, inks = fitting[int(rng.integers(0, len(fitting)))]
    tile, width = REPEATS[repeat](rng, COLOURS[base], tuple(COLOURS[one] for one in inks))
    return Fabric(kind, COLOURS[base], tile=tile, tile_cm=width)


def pictured(
    rng: np.random.Generator,
    kind: ClothKind,
    graphic: str,
    ground: str = "",
    width_cm: float = 25.0,
) -> Fabric:
    """With a picture on the chest."""
    fitting = [one for one in SETS if not ground or one[0] == ground] or list(SETS)
    base, inks = fitting[int(rng.integers(0, len(fitting)))]
    tile = GRAPHICS[graphic](rng, tuple(COLOURS[one] for one in inks))
    return Fabric(kind, COLOURS[base], graphic=tile, graphic_at=(0.0, 29.0, width_cm))


def chosen(
    rng: np.random.Generator,
    kinds: Sequence[ClothKind],
    repeats: Sequence[str],
    *,
    graphic: float = 0.0,
) -> Fabric:
    """Any of these: a plain one as often as a printed one; a placed picture with the chance
    `graphic`.
    """
    kind: ClothKind = kinds[int(rng.integers(0, len(kinds)))]
    if rng.random() < graphic:
        return pictured(rng, kind, str(rng.choice(list(GRAPHICS))), width_cm=rng.uniform(20, 29))
    if repeats and rng.random() < 0.5 and kind not in ("denim", "fleece", "leather"):
        return printed(rng, kind, str(rng.choice(list(repeats))))
    return solid(rng, kind)


def trimmed(rng: np.random.Generator, cloth: Fabric) -> Fabric:
    """The cloth of collars and cuffs: mostly the same, now and then one that stands out."""
    if cloth.tile is not None or rng.random() < 0.8:
        return cloth
    return Fabric(cloth.kind, COLOURS[str(rng.choice(["white", "ecru", "navy", "black"]))])
