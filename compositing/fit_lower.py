"""How garments for the lower body sit: on the waist, over the hips, down the legs."""

import numpy as np

from compositing.landmarks import LowerLandmarks
from compositing.mannequin import Mannequin
from compositing.warp import Handles
from schemas.categories import GarmentCategory

ROWS = 16
FULL_LENGTH = 1.9
"""Trousers taller than this many times their hips' width reach the ankles."""


def fit(category: GarmentCategory, found: LowerLandmarks, body: Mannequin) -> tuple[Handles, tuple[float, float]]:
    """Handles that dress the mannequin, and the garment's stretch."""
    legs = found.crotch_y is not None
    tall = found.hem_y - found.waist_y
    waist_y = body.waist_y + (0.30 if legs else 0.12) * (body.hip_y - body.waist_y)
    hips = float(np.nanmax((found.right - found.left)[int(found.waist_y) : int(found.waist_y + 0.3 * tall) + 1]))
    hips_body = float(body.core_right[body.hip_y] - body.core_left[body.hip_y])
    waist_row = int(found.waist_y + 0.03 * tall)
    waist = float(found.right[waist_row] - found.left[waist_row])
    waist_body = float(body.core_right[int(waist_y)] - body.core_left[int(waist_y)]) + 5 * body.scale
    if found.crotch_y is not None:
        return _legs(category, found, body, waist_y, hips_body / max(hips, 1), waist_body)
    flared = hips > 1.5 * waist
    width = float(
        np.clip(waist_body / waist if flared else 1.03 * hips_body / hips, 0.6 * waist_body / waist, 1.6 * waist_body / waist)
    )
    handles = Handles()
    for share in np.linspace(0.012, 0.985, ROWS):
        row = found.waist_y + share * tall
        target_y = waist_y + width * (row - found.waist_y)
        for side in (-1, 1):
            edge = float((found.left if side < 0 else found.right)[int(row)])
            wide = width * abs(edge - found.axis_x)
            bare = _bare(body, side, target_y, skirt=True)
            wide = waist_body / 2 if share < 0.05 else max(wide, bare + 2.5 * body.scale)
            handles.add((edge, row), (body.centre_x + side * wide, target_y), 1.5)
        handles.add((found.axis_x, row), (body.centre_x, target_y + (5 * body.scale if share < 0.05 else 0)), 0.4)
    return handles, (width, width)


def _bare(body: Mannequin, side: int, y: float, *, skirt: bool) -> float:
    edge = (body.core_left if side < 0 else body.core_right)[int(np.clip(y, 0, len(body.core_left) - 1))]
    bare = abs(float(edge) - body.centre_x) if np.isfinite(edge) else 0.0
    if skirt and y > body.hip_y:
        bare = min(bare, abs(float(body.core_right[body.hip_y]) - body.centre_x))
    return bare


def _legs(  # noqa: PLR0913 (what trousers are measured by)
    category: GarmentCategory, found: LowerLandmarks, body: Mannequin, waist_y: float, by_hips: float, waist_body: float
) -> tuple[Handles, tuple[float, float]]:
    crotch = float(found.crotch_y or 0)
    tall = found.hem_y - found.waist_y
    crotch_y = body.crotch_y + 8 * body.scale
    rise = (crotch_y - waist_y) / max(crotch - found.waist_y, 1)
    width = float(np.clip(rise, 0.95 * by_hips, 1.35 * by_hips))
    ankle_y = float(np.mean([body.sides[side].ankle[1] for side in (-1, 1)]))
    inseam = (found.hem_y - crotch) * np.sqrt(width * rise)
    if category is not GarmentCategory.SHORTS and tall / max(float(np.nanmax(found.right - found.left)), 1) > FULL_LENGTH * 0.8:
        inseam = (ankle_y - crotch_y) * 1.02
    handles = Handles()
    for share in np.linspace(0.012, 0.985, ROWS):
        row = found.waist_y + share * tall
        below = row > crotch
        target_y = (
            crotch_y + (row - crotch) / max(found.hem_y - crotch, 1) * inseam
            if below
            else waist_y + (row - found.waist_y) * rise
        )
        for side in (-1, 1):
            outer = float((found.left if side < 0 else found.right)[int(row)])
            if below:
                inner = float((found.inner_left if side < 0 else found.inner_right)[int(row)])
                _leg_row(handles, body, side, (outer, inner if np.isfinite(inner) else found.axis_x, row), target_y, width)
                continue
            wide = max(min(width * abs(outer - found.axis_x), 1.12 * _bare(body, side, target_y, skirt=False) + 6 * body.scale),
                       _bare(body, side, target_y, skirt=False) + 2.5 * body.scale)  # fmt: skip
            if share < 0.05:
                wide = waist_body / 2
            handles.add((outer, row), (body.centre_x + side * wide, target_y), 1.5)
    handles.add((found.axis_x, crotch), (body.centre_x, crotch_y), 2)
    handles.add((found.axis_x, found.waist_y + 0.012 * tall), (body.centre_x, waist_y + 5 * body.scale), 1)
    return handles, (width, float(rise))


def _leg_row(  # noqa: PLR0913 (one row of one leg)
    handles: Handles, body: Mannequin, side: int, source: tuple[float, float, float], target_y: float, width: float
) -> None:
    """One row of a leg: as wide as the garment's or the bare leg's, around the bare leg's middle."""
    outer, inner, row = source
    ankle = body.sides[side].ankle[1] - 30 * body.scale
    index = int(np.clip(min(target_y, ankle), 0, len(body.core_left) - 1))
    bare_outer = float((body.core_left if side < 0 else body.core_right)[index])
    bare_inner = float((body.inner_left if side < 0 else body.inner_right)[index])
    if not np.isfinite(bare_inner):
        bare_inner = body.centre_x + side * 3 * body.scale
    bare = abs(bare_outer - bare_inner)
    extra = max(abs(outer - inner) * width, bare + 5 * body.scale) - bare
    to_outer, to_inner = bare_outer + side * extra / 2, bare_inner - side * extra / 2
    short = 2 * body.scale - (to_inner - body.centre_x) * side
    if short > 0:
        to_outer, to_inner = to_outer + side * short, to_inner + side * short
    handles.add((outer, row), (to_outer, target_y), 1.2)
    handles.add((inner, row), (to_inner, target_y), 1.0)
