"""The drawn photos that the tests dress: name -> drawing."""

from collections.abc import Callable
from functools import cache

import numpy as np

from tests.unit.compositing.small.drawing import Drawing, Sheet, above, from_side, smooth

BLUE, RED, BROWN = (60, 92, 150), (176, 52, 46), (122, 78, 46)


def _above(first: float, second: float, turn_deg: float = 0.0) -> Drawing:
    sheet = Sheet(700, 700)
    above(sheet, (first, 620), 500, turn_deg, -1, BLUE)
    above(sheet, (second, 620), 500, -turn_deg, 1, BLUE)
    return sheet.done()


def _toes_up() -> Drawing:
    sheet = Sheet(700, 700)
    above(sheet, (262, 80), 500, 180, 1, RED)
    above(sheet, (437, 80), 500, 180, -1, RED)
    return sheet.done()


def _toes_left() -> Drawing:
    sheet = Sheet(700, 700)
    above(sheet, (100, 265), 500, 90, -1, BLUE)
    above(sheet, (100, 440), 500, 90, 1, BLUE)
    return sheet.done()


def _single_above(side: int) -> Drawing:
    sheet = Sheet(700, 700)
    above(sheet, (350, 620), 500, 8, side, RED)
    return sheet.done()


def _profiles(*heels: tuple[float, float], to: int = 1) -> Drawing:
    sheet = Sheet(800, 700)
    for heel in heels:
        from_side(sheet, heel, 480, to, BLUE)
    return sheet.done()


def _heels_touching() -> Drawing:
    sheet = Sheet(1200, 500)
    from_side(sheet, (598, 400), 500, -1, RED)
    from_side(sheet, (602, 400), 500, 1, RED)
    return sheet.done()


def _boots(*heels: tuple[float, float]) -> Drawing:
    sheet = Sheet(900, 700)
    for heel in heels:
        from_side(sheet, heel, 360, 1, BROWN, boot=True)
    return sheet.done()


def _from_before(height: int, width: int) -> Drawing:
    """Two shoes or boots that stand with their toes to the viewer."""
    sheet = Sheet(700, 700)
    for left in (120, 380):
        shape = [
            (0, 0),
            (width, 0),
            (1.06 * width, 0.6 * height),
            (1.2 * width, height - 60),
            (1.1 * width, height),
        ]
        shape += [
            (-0.1 * width, height),
            (-0.2 * width, height - 60),
            (-0.06 * width, 0.6 * height),
        ]
        mask = sheet.fill(smooth(np.array(shape) + np.array([left, 640 - height])), BROWN)
        sheet.shade(mask)
        sheet.masks.append(mask)
        sheet.toes.append((left + width / 2, 640.0))
    return sheet.done()


_DRAWN: dict[str, Callable[[], Drawing]] = {
    "apart from above": lambda: _above(250, 450),
    "touching from above": lambda: _above(265, 440, 3),
    "touching, toes up": _toes_up,
    "touching, toes left": _toes_left,
    "one from above": lambda: _single_above(-1),
    "the other from above": lambda: _single_above(1),
    "two profiles": lambda: _profiles((120, 300), (120, 620)),
    "one behind the other": lambda: _profiles((240, 440), (120, 520)),
    "heels touching": _heels_touching,
    "one profile": lambda: _profiles((120, 500)),
    "one profile to the left": lambda: _profiles((680, 500), to=-1),
    "boots": lambda: _boots((80, 600), (470, 600)),
    "from before": lambda: _from_before(190, 130),
    "boots from before": lambda: _from_before(420, 130),
    "boots, one behind the other": lambda: _boots((120, 540), (240, 600)),
    "one boot": lambda: _boots((200, 600)),
}
NAMES = tuple(_DRAWN)
ABOVE = tuple(name for name in NAMES if "above" in name or "toes" in name or name == "from before")
BEFORE = ("boots from before",)


@cache
def drawn(name: str) -> Drawing:
    """Drawn once."""
    return _DRAWN[name]()


def is_boot(name: str) -> bool:
    """Whether it is of the category boots."""
    return "boot" in name
