"""Pictures that nobody would draw on purpose, through the engine's public door: a look comes out,
or an error with a name.

Shapes as screenshots, logos and packaging are, with EXIF of every form; modes and formats, kinds of
damage and categories each in turn, so that every one is met. LOOKS_FUZZ_EXAMPLES=5000 looks longer;
with LOOKS_FUZZ_SEED set, at others than the suite does.

What comes out through the guard (`compositing.guard`) has a name, and is a gap in the engine all
the same: there may be none. The outcomes are counted and shown (`pytest -rP`).
"""

import io
import os
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from compositing import CompositingError, GarmentError, GarmentInput, LookOptions, compose
from schemas.categories import CATEGORIES
from schemas.failures import FailureCode

EXAMPLES = int(os.environ.get("LOOKS_FUZZ_EXAMPLES", "0"))
SEED = os.environ.get("LOOKS_FUZZ_SEED")
CODES = {code.value for code in FailureCode}
NAMES = sorted(category.value for category in CATEGORIES)

T = TypeVar("T")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Drawing:
    """Shapes on a ground; places are shares of the sides."""

    size: tuple[int, int]
    ground: str
    shapes: tuple[tuple[str, Box, str], ...]

    def picture(self) -> Image.Image:
        image = Image.new("RGB", self.size, self.ground)
        draw = ImageDraw.Draw(image)
        for kind, (x0, y0, x1, y1), fill in self.shapes:
            at = [min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)]
            box = [round(share * (side - 1)) for share, side in zip(at, self.size * 2, strict=True)]
            match kind:
                case "line":
                    draw.line(box, fill, 12)
                case "ring":
                    draw.ellipse(box, None, fill, 9)
                case "triangle":
                    draw.polygon(
                        [box[0], box[3], (box[0] + box[2]) // 2, box[1], box[2], box[3]], fill
                    )
                case _:
                    getattr(draw, kind)(box, fill)
        return image


SHARE = st.integers(0, 40).map(lambda part: part / 40)
GROUNDS = st.sampled_from(["white"] * 5 + ["#f0f0f0", "black", "grey", "orange"])
COLOURS = st.sampled_from(["white", "black", "orange", "navy", "grey", "#f0f0f0", "#010101", "red"])
SHAPES = st.tuples(
    st.sampled_from(["rectangle", "ellipse", "line", "ring", "triangle"]),
    st.tuples(SHARE, SHARE, SHARE, SHARE),
    COLOURS,
)
USUAL = [(260, 330), (256, 560), (560, 256), (300, 400)]
SIZES = st.sampled_from(USUAL * 4 + [(256, 256), (1, 1), (2, 700), (700, 3), (33, 47)])
DRAWINGS = st.builds(Drawing, SIZES, GROUNDS, st.lists(SHAPES, min_size=1, max_size=3).map(tuple))
EVERY_FORM = [
    *(("PNG", mode) for mode in ("RGB", "RGBA", "L", "LA", "P", "1", "I;16")),
    *(("JPEG", mode) for mode in ("RGB", "L", "CMYK", "YCbCr")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
]
TAGS = st.sampled_from(
    [0x0112, 0x011A, 0x011B, 0x0128, 0x8769, 0x8825, 0xA005, 0x9286, 0x0000, 0xFFFF]
)
ENTRIES = st.lists(
    st.tuples(
        TAGS,
        st.integers(0, 13),
        st.sampled_from([0, 1, 2, 3, 0xFFFFFFFF]),
        st.binary(min_size=4, max_size=4),
    ),
    max_size=4,
)
TURNS = st.integers(0, 9).map(lambda turn: [(0x0112, 3, 1, struct.pack("<HH", turn, 0))])
EXIF = st.tuples(
    st.one_of(st.just([]), TURNS, st.tuples(TURNS, ENTRIES).map(lambda both: both[0] + both[1])),
    st.binary(max_size=24),
)
DAMAGES = ["none", "cut", "over", "into"]
PIECE = st.binary(min_size=1, max_size=12)


def exif_of(entries: Sequence[tuple[int, int, int, bytes]], tail: bytes) -> bytes:
    """A block of EXIF with these directory entries, whether they make sense or not; offsets into it
    are whatever they are.
    """
    directory = b"".join(
        struct.pack("<HHI", tag, kind, count) + value for tag, kind, count, value in entries
    )
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + directory + bytes(4) + tail


def as_file(image: Image.Image, form: tuple[str, str], exif: bytes) -> bytes:
    """In this format and mode, with this EXIF."""
    kind, mode = form
    out = io.BytesIO()
    deep = image.convert("I").point(lambda value: value * 257) if mode == "I;16" else image
    deep.convert(mode).save(out, kind, exif=exif)
    return out.getvalue()


def damaged(data: bytes, how: str, share: float, piece: bytes) -> bytes:
    """As it is, cut short, written over, or with something put in."""
    at = round(share * len(data))
    match how:
        case "none":
            return data
        case "cut":
            return data[:at]
        case "over":
            return data[:at] + piece + data[at + len(piece) :]
        case _:
            return data[:at] + piece + data[at:]


def composed(items: Sequence[GarmentInput]) -> str:
    """What came of it, in a word; a fault that came through the guard by its name and where it
    arose.
    """
    try:
        look = compose(items, LookOptions(width_px=256, format="png"))
    except CompositingError as error:
        return named(error, len(items))
    with Image.open(io.BytesIO(look.image)) as picture:
        assert picture.size == (look.width_px, look.height_px)
    return "a look"


def named(error: CompositingError, items: int) -> str:
    """An error's name, that a client may be told."""
    if not isinstance(error, GarmentError):
        return type(error).__name__
    assert error.code in CODES
    assert error.item_index is None or 0 <= error.item_index < items
    return (
        f"{error.code} {error.fault} {type(error.__cause__).__name__}"
        if error.fault
        else error.code
    )


def tell(title: str, came: Counter[str]) -> None:
    """Show what came out, and hold the guard to it."""
    through = {
        what: count
        for what, count in came.items()
        if what.startswith(FailureCode.PHOTO_NOT_PROCESSED)
    }
    tried = f"{title}: {sum(came.values())} tried, {sum(through.values())} through the guard"
    print(f"{tried}: {dict(came.most_common())}")  # noqa: T201 (this is the record)
    assert came["a look"], "nothing was made: this tries nothing"
    assert not through


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """So many different ones, or as many as are asked for."""
    found: list[T] = []

    @seed(int(SEED or 0))
    @settings(
        max_examples=EXAMPLES or count,
        deadline=None,
        derandomize=SEED is None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(strategy)
    def draw(one: T) -> None:
        found.append(one)

    draw()
    return found


@pytest.mark.hostile(row=33)
@pytest.mark.timeout(1200)  # dozens of looks, on a busy machine
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_every_shape_in_every_form_is_a_look_or_an_error_with_a_name() -> None:
    came: Counter[str] = Counter()
    forms, names = cycle(EVERY_FORM), cycle(NAMES)
    for drawings, exif in drawn(st.tuples(st.lists(DRAWINGS, min_size=1, max_size=2), EXIF), 52):
        form = next(forms)
        came[
            composed(
                [
                    GarmentInput(as_file(one.picture(), form, exif_of(*exif)), next(names))
                    for one in drawings
                ]
            )
        ] += 1
    tell("shapes", came)


@pytest.mark.hostile(row=33)
@pytest.mark.timeout(1200)  # dozens of looks, on a busy machine
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::RuntimeWarning")
def test_every_damaged_file_is_a_look_or_an_error_with_a_name() -> None:
    came: Counter[str] = Counter()
    forms, names, kinds = cycle(EVERY_FORM), cycle(NAMES), cycle(DAMAGES)
    for drawing, exif, share, piece in drawn(st.tuples(DRAWINGS, EXIF, SHARE, PIECE), 60):
        data = damaged(
            as_file(drawing.picture(), next(forms), exif_of(*exif)), next(kinds), share, piece
        )
        came[composed([GarmentInput(data, next(names))])] += 1
    tell("files", came)
