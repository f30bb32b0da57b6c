"""`python -m bench.pictures`: the pictures of the docs and the console's samples: garments that the
project draws itself.
"""

import sys
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from compositing import GarmentInput, LookOptions, compose
from compositing.encode import encode
from devstack.folder import CHECKOUT
from devstack.wardrobe import WARDROBE, draw

PICTURES = CHECKOUT / "docs" / "pictures"
SAMPLES = CHECKOUT / "api" / "console" / "static" / "samples"
SAMPLE_PX = (480, 640)
SAMPLE_NAMES = ("tee", "shirt", "sweater", "jacket", "jeans", "skirt", "dress", "shoes")
WIDTH_PX, SHOWN_PX = 768, 384
CROP = slice(57, 327)
"""The columns between the hands."""
QUALITY = 86

MannequinName = Literal["MALE", "FEMALE"]
OUTFITS: tuple[tuple[MannequinName, tuple[str, ...], bool], ...] = (
    ("FEMALE", ("tee", "jeans", "shoes"), False),
    ("MALE", ("shirt", "trousers", "shoes"), False),
    ("FEMALE", ("stripe-tee", "skirt", "shoes"), True),
    ("MALE", ("tee", "shorts", "shoes"), False),
    ("FEMALE", ("dress", "shoes"), False),
    ("MALE", ("tee", "jacket", "jeans", "shoes"), False),
)


def _look(
    mannequin: MannequinName, names: tuple[str, ...], *, tuck: bool = False
) -> NDArray[np.uint8]:
    options = LookOptions(mannequin=mannequin, width_px=WIDTH_PX, format="png", tuck=tuck)
    made = compose([GarmentInput(draw(name), WARDROBE[name]) for name in names], options)
    decoded = np.asarray(
        cv2.imdecode(np.frombuffer(made.image, np.uint8), cv2.IMREAD_COLOR), np.uint8
    )
    shown = cv2.resize(
        decoded,
        (SHOWN_PX, SHOWN_PX * made.height_px // made.width_px),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(shown, np.uint8)[:, CROP, ::-1]


def _save(path: Path, rows: list[list[NDArray[np.uint8]]]) -> None:
    pixels = np.ascontiguousarray(np.vstack([np.hstack(row) for row in rows]))
    path.write_bytes(encode(pixels, "webp", QUALITY))
    sys.stdout.write(f"{path}\n")


def main() -> None:
    """Write them."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    _save(
        PICTURES / "looks.webp",
        [[_look(mannequin, names, tuck=tuck) for mannequin, names, tuck in OUTFITS]],
    )
    mannequins: tuple[MannequinName, MannequinName] = ("FEMALE", "MALE")
    _save(
        PICTURES / "gallery.webp",
        [[_look(mannequin, (name,)) for name in WARDROBE] for mannequin in mannequins],
    )
    SAMPLES.mkdir(parents=True, exist_ok=True)
    for name in SAMPLE_NAMES:
        (SAMPLES / f"{name}.jpg").write_bytes(draw(name, size_px=SAMPLE_PX))
    sys.stdout.write(f"{SAMPLES}\n")


if __name__ == "__main__":
    main()
