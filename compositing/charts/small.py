"""Shoes and accessories as charts."""

import numpy as np

from compositing.charts.body import Body
from compositing.charts.chart import Chart
from compositing.charts.scale import Scale
from compositing.charts.worn import Worn
from compositing.cut.cutout import Cutout
from compositing.small.place import place
from compositing.small.placed import Placed
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory


def place_small(category: GarmentCategory, cutout: Cutout, body: Body) -> Worn:
    """Where shoes or an accessory go. Raises GarmentError no_garment_found."""
    pieces = place(category, cutout, body.mannequin)
    charts = tuple(Chart(piece.order, piece.photo, piece.look, piece.share) for piece in pieces)
    feet = CATEGORIES[category].region is BodyRegion.FEET
    unlike = max(piece.unlike for piece in pieces) if feet else None
    return Worn(charts, Scale(_scale(pieces), ()), unlike=unlike)


def _scale(pieces: list[Placed]) -> float:
    """Look px per photo px, as the largest piece shows it."""

    def area(grid: np.ndarray) -> float:
        across, down = grid[:-1, 1:] - grid[:-1, :-1], grid[1:, :-1] - grid[:-1, :-1]
        return float(np.abs(across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).sum())

    return float(max(np.sqrt(area(piece.look) / max(area(piece.photo), 1.0)) for piece in pieces))
