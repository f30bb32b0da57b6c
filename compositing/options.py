"""Rendering options: what `runtime_config` may hold, checked before anything is charged."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from compositing.errors import InvalidOption
from schemas.engines import EngineName

MIN_WIDTH_PX, MAX_WIDTH_PX = 256, 2048
WORKING_SIDE_PX, LARGE_SIDE_PX = 1024, 2048
"""Photos are worked on at no more than this size, for looks up to 1024 wide and for larger ones."""
ASPECT = 1.5
"""Height over width of every look."""
FORMATS = ("webp", "png", "jpeg")
DEFAULT_MANNEQUIN: Literal["FEMALE"] = "FEMALE"
"""Who wears a look whose `user_category` is null."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Of a garment's quality, 0 to 1: below `floor` it is refused, below `dress` placed whole, from
    there on dressed."""

    floor: float = 0.4
    dress: float = 0.5


DEFAULT_BARS = Bars()


@dataclass(frozen=True, slots=True)
class LookOptions:
    """How a look is drawn. `background`: studio, transparent, or a colour as #rrggbb."""

    mannequin: Literal["MALE", "FEMALE"] = DEFAULT_MANNEQUIN
    width_px: int = 768
    format: Literal["webp", "png", "jpeg"] = "webp"
    quality: int = 90
    background: str = "studio"
    tuck: bool = False
    layers: bool = False
    """Whether each garment is kept as a picture of its own too."""
    engine: str | None = None
    """Who makes it; None: whoever makes those of its tenant."""

    @property
    def working_side_px(self) -> int:
        """At which photos are read for such a look: the longer side."""
        return WORKING_SIDE_PX if self.width_px <= WORKING_SIDE_PX else LARGE_SIDE_PX

    @property
    def height_px(self) -> int:
        """Follows from the width."""
        return round(self.width_px * ASPECT)


def _width(value: object) -> dict[str, object]:
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not MIN_WIDTH_PX <= value <= MAX_WIDTH_PX
    ):
        raise InvalidOption(
            "width", f"must be a whole number of pixels from {MIN_WIDTH_PX} to {MAX_WIDTH_PX}"
        )
    return {"width_px": value}


def _format(value: object) -> dict[str, object]:
    if value not in FORMATS:
        raise InvalidOption("format", f"must be one of {', '.join(FORMATS)}")
    return {"format": value}


def _quality(value: object) -> dict[str, object]:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 100:
        raise InvalidOption("quality", "must be a whole number from 1 to 100")
    return {"quality": value}


def _background(value: object) -> dict[str, object]:
    if not isinstance(value, str) or not re.fullmatch(r"studio|transparent|#[0-9a-fA-F]{6}", value):
        raise InvalidOption("background", "must be `studio`, `transparent` or a colour as #rrggbb")
    return {"background": value}


def _tuck(value: object) -> dict[str, object]:
    if not isinstance(value, bool):
        raise InvalidOption("tuck", "must be true or false")
    return {"tuck": value}


def _layers(value: object) -> dict[str, object]:
    if not isinstance(value, bool):
        raise InvalidOption("layers", "must be true or false")
    return {"layers": value}


def _engine(value: object) -> dict[str, object]:
    if value not in tuple(EngineName):
        raise InvalidOption("engine", f"must be one of {', '.join(EngineName)}")
    return {"engine": value}


OPTIONS: dict[str, Callable[[object], dict[str, object]]] = {
    "width": _width,
    "format": _format,
    "quality": _quality,
    "background": _background,
    "tuck": _tuck,
    "layers": _layers,
    "engine": _engine,
}


def parse_options(
    runtime_config: Mapping[str, object] | None, user_category: str | None
) -> tuple[LookOptions, tuple[str, ...]]:
    """The options of a request and a warning for each that is not known. Raises InvalidOption for a
    bad value."""
    chosen: dict[str, object] = {}
    warnings = []
    for name, value in (runtime_config or {}).items():
        if name in OPTIONS:
            chosen |= OPTIONS[name](value)
        else:
            warnings.append(f"unknown option {name[:40]!r} was ignored")
    if user_category is not None:
        chosen["mannequin"] = _mannequin(user_category)
    options = LookOptions(**chosen)  # type: ignore[arg-type]  # each reader returns fields of LookOptions
    if options.background == "transparent" and options.format == "jpeg":
        raise InvalidOption("background", "a jpeg can't be transparent")
    return options, tuple(warnings)


def _mannequin(user_category: str) -> Literal["MALE", "FEMALE"]:
    match user_category:
        case "MALE":
            return "MALE"
        case "FEMALE":
            return "FEMALE"
        case _:
            raise InvalidOption("user_category", "must be MALE or FEMALE")
