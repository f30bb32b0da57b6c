"""`python -m bench.gallery [FOLDER]`: every photo of a folder, alone and in outfits, on both
mannequins, as one HTML page.

The folder holds a manifest.json with `garments`: file, category and, where there is one, a mask.
Without one the page shows the garments that the project draws itself. The page is made of its own
files and is never committed.
"""

import html
import json
import statistics
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.measures import Measured, iou, measure, truths
from compositing import GarmentError, GarmentInput, LookOptions, compose
from compositing.cut.cutout import separated
from compositing.decode import Photo, decode
from compositing.engine import prepare, shape_of
from compositing.options import DEFAULT_BARS, WORKING_SIDE_PX, Bars
from devstack.folder import CHECKOUT
from devstack.wardrobe import WARDROBE, draw
from schemas.categories import CATEGORIES, BodyRegion, canonical

PHOTOS = CHECKOUT.parent / "shared" / "garments"
OUTLINES = Path(__file__).parent / "outlines.json"
OUT = CHECKOUT / "gallery-output"
WIDTH_PX = 512
OUTFITS = 12
EVERYTHING = Bars(0.0, 0.0)
MANNEQUINS: tuple[Literal["FEMALE"], Literal["MALE"]] = ("FEMALE", "MALE")


@dataclass(frozen=True, slots=True)
class Shown:
    """One photo: its bytes, what it is of, and, where one is known, the garment's true mask."""

    name: str
    data: bytes
    category: str
    messy: bool
    truth: NDArray[np.bool_] | None


def photos(folder: Path) -> Iterator[Shown]:
    """The photos of a folder, or the drawn garments where there is none."""
    if not (folder / "manifest.json").exists():
        for name, category in WARDROBE.items():
            yield Shown(name, draw(name), category, False, None)
        return
    outlines: dict[str, Any] = json.loads(OUTLINES.read_text())
    for one in json.loads((folder / "manifest.json").read_text())["garments"]:
        data = (folder / one["file"]).read_bytes()
        truth = None
        if one.get("mask") and not one.get("mask_note"):
            mask = cv2.imread(str(folder / one["mask"]), cv2.IMREAD_GRAYSCALE)
            truth = None if mask is None else np.asarray(mask > 127)
        elif one["file"] in outlines:
            truth = _filled(outlines[one["file"]])
        yield Shown(one["file"], data, one["category"], one.get("background") == "messy", truth)


def _filled(outline: dict[str, Any]) -> NDArray[np.bool_]:
    width, height = outline["size"]
    mask = np.zeros((height, width), np.uint8)
    for polygon in outline["polygons"]:
        cv2.fillPoly(mask, [np.array(polygon, np.int32)], 1)
    for hole in outline.get("holes", []):
        cv2.fillPoly(mask, [np.array(hole, np.int32)], 0)
    return np.asarray(mask > 0)


@dataclass(frozen=True, slots=True)
class Row:
    """What the page says of one photo."""

    name: str
    category: str
    messy: bool
    mode: str
    iou: float | None
    measured: dict[str, Measured]
    refused: str = ""


def row_of(shown: Shown, out: Path) -> Row:
    """Cut out, dress and measure one photo; writes its pictures."""
    category = canonical(shown.category)
    if category is None:
        raise ValueError(f"{shown.name}: unknown category {shown.category}")
    try:
        photo = decode(shown.data, WORKING_SIDE_PX)
        _, alpha, mode = separated(photo, shape=shape_of(shown.category))
        garment = prepare(GarmentInput(shown.data, shown.category, shown.name))
    except GarmentError as error:
        return Row(shown.name, shown.category, shown.messy, "", None, {}, error.code)
    overlap = None
    if shown.truth is not None:
        truth = cv2.resize(
            shown.truth.astype(np.uint8), alpha.shape[::-1], interpolation=cv2.INTER_AREA
        )
        overlap = iou(alpha > 0.5, truth > 0)
    measured: dict[str, Measured] = {}
    for mannequin in MANNEQUINS:
        options = LookOptions(mannequin=mannequin, width_px=WIDTH_PX)
        measured[mannequin], pixels = measure(
            category, garment, photo, options, truths().get(shown.name)
        )
        _write(out / f"{_stem(shown.name)}-{mannequin}.webp", pixels)
    _write(out / f"{_stem(shown.name)}-photo.webp", _reduced(photo))
    return Row(shown.name, shown.category, shown.messy, mode, overlap, measured)


def outfits(items: list[Shown], out: Path) -> list[str]:
    """Outfits of one garment a region, drawn up in order; writes their pictures and returns their
    names.
    """
    by_region: dict[BodyRegion, list[Shown]] = {}
    for one in items:
        category = canonical(one.category)
        if category is not None:
            by_region.setdefault(CATEGORIES[category].region, []).append(one)
    made = []
    for number in range(OUTFITS):
        worn = [
            group[(number * 7 + 3) % len(group)]
            for region in (BodyRegion.UPPER, BodyRegion.LOWER, BodyRegion.FEET)
            if (group := by_region.get(region))
        ]
        mannequin = MANNEQUINS[number % 2]
        options = LookOptions(mannequin=mannequin, width_px=WIDTH_PX, tuck=number % 3 == 2)
        try:
            look = compose(
                [GarmentInput(one.data, one.category, one.name) for one in worn],
                options,
                EVERYTHING,
            )
        except GarmentError:
            continue
        (out / f"outfit-{number}.webp").write_bytes(look.image)
        made.append(f"outfit-{number}.webp")
    return made


def summary(rows: list[Row]) -> dict[str, object]:
    """Medians and worst values over all photos."""
    measured = [one for row in rows for one in row.measured.values()]

    def worst(name: str) -> float | None:
        values = [value for one in measured if (value := getattr(one, name)) is not None]
        return round(max(values), 4) if values else None

    def errors(name: str) -> dict[str, object]:
        values = [abs(value) for one in measured if (value := getattr(one, name)) is not None]
        if not values:
            return {"looks": 0}
        return {
            "looks": len(values),
            "median": round(statistics.median(values), 4),
            "within_5_percent": round(sum(value <= 0.05 for value in values) / len(values), 3),
        }

    def overlaps(*, messy: bool) -> list[float]:
        return sorted(row.iou for row in rows if row.iou is not None and row.messy is messy)

    def spread(values: list[float]) -> dict[str, object]:
        if not values:
            return {"photos": 0}
        return {
            "photos": len(values),
            "median": round(statistics.median(values), 4),
            "worst": round(values[0], 4),
        }

    return {
        "photos": len(rows),
        "refused": {row.name: row.refused for row in rows if row.refused},
        "cutout_iou_studio": spread(overlaps(messy=False)),
        "cutout_iou_messy": spread(overlaps(messy=True)),
        "colour_de2000_median": round(statistics.median(one.colour_de2000 for one in measured), 2),
        "shoulder_error_worst": worst("shoulder_error"),
        "waist_error_worst": worst("waist_error"),
        "looks_with_folded_cells": sum(one.folded > 0 for one in measured),
        "looks_in_one_piece": f"{sum(one.pieces == 1 for one in measured)} of {len(measured)}",
        "sleeve_error": errors("sleeve_error"),
        "leg_error": errors("leg_error"),
        "sides_error": errors("sides_error"),
        "below_the_floor": sum(one.quality < DEFAULT_BARS.floor for one in measured),
        "halo_share_median": round(statistics.median(one.halo_share for one in measured), 4),
        "halo_share_worst": worst("halo_share"),
    }


def page(rows: list[Row], made: list[str], found: dict[str, object]) -> str:
    """The HTML."""
    cells = "".join(f'<figure><img loading="lazy" src="{name}"></figure>' for name in made)
    items = "".join(_section(row) for row in rows)
    facts = html.escape(json.dumps(found, indent=1))
    style = (
        "body{font:14px system-ui;margin:2em;background:#fafafa}img{height:420px}"
        "figure{display:inline-block;margin:4px}"
        "section{border-top:1px solid #ddd;padding:8px "
        "0}pre{white-space:pre-wrap}td{padding-right:1em}"
    )
    return (
        "<!doctype html><meta charset=utf-8><title>Looks: "
        f"gallery</title><style>{style}</style><h1>Gallery</h1>"
        f"<pre>{facts}</pre><h2>Outfits</h2>{cells}<h2>One by one</h2>{items}"
    )


def _section(row: Row) -> str:
    title = html.escape(f"{row.name}: {row.category}")
    if row.refused:
        return f"<section><h3>{title}</h3><p>refused: {row.refused}</p></section>"
    pictures = "".join(
        f'<figure><img loading="lazy" src="{_stem(row.name)}-{kind}.webp"></figure>'
        for kind in ("photo", *MANNEQUINS)
    )
    known = f", IoU {row.iou:.3f}" if row.iou is not None else ""
    lines = "".join(
        f"<tr><td>{mannequin}</td><td>{html.escape(_told(measured))}</td></tr>"
        for mannequin, measured in row.measured.items()
    )
    return (
        f"<section><h3>{title} ({row.mode}{known})</h3>{pictures}<table>{lines}</table></section>"
    )


def _told(measured: Measured) -> str:
    return ", ".join(
        f"{name} {value:.3f}" for name, value in asdict(measured).items() if value is not None
    )


def _stem(name: str) -> str:
    return Path(name).stem


def _reduced(photo: Photo) -> NDArray[np.uint8]:
    scale = min(1.0, 768 / max(photo.rgb.shape))
    return np.asarray(
        cv2.resize(photo.rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
    )


def _write(path: Path, rgb: NDArray[np.uint8]) -> None:
    cv2.imwrite(str(path), rgb[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 90])


def main() -> None:
    """Make the page."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else PHOTOS
    OUT.mkdir(exist_ok=True)
    items = list(photos(folder))
    rows = []
    for number, one in enumerate(items, 1):
        rows.append(row_of(one, OUT))
        sys.stdout.write(f"\r{number} of {len(items)}")
        sys.stdout.flush()
    found = summary(rows)
    (OUT / "index.html").write_text(page(rows, outfits(items, OUT), found))
    (OUT / "summary.json").write_text(json.dumps(found, indent=1))
    sys.stdout.write(f"\n{json.dumps(found, indent=1)}\n{OUT / 'index.html'}\n")


if __name__ == "__main__":
    main()
