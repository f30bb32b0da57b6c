"""Charts: no cell folds, ribs come in order, wide sleeves stand off, rings look like ellipses."""

import numpy as np
import pytest

from compositing.charts.body import body_of
from compositing.charts.chart import Chart, beyond, cell_areas, untangled
from compositing.charts.sleeve import in_order, sleeve_chart
from compositing.charts.upper_photo import RIBS, Ribs, sleeve_ribs
from compositing.charts.wrap import bowed
from compositing.template.model import UpperSide
from devstack.garments.shape import Pose
from tests.unit.compositing.charts.dressed import Body, laid, prepared


def grid(rows: int = 8, columns: int = 9) -> np.ndarray:
    x, y = np.meshgrid(np.arange(columns) * 10.0, np.arange(rows) * 10.0)
    return np.stack([x, y], -1)


@pytest.mark.parametrize("seed", range(6))
def test_a_twisted_mesh_is_untangled(seed: int) -> None:
    rng = np.random.default_rng(seed)
    photo = grid() + rng.normal(0, 9, (8, 9, 2))
    look = grid() + rng.normal(0, 9, (8, 9, 2))
    assert Chart("body", photo, look).folded() > 0
    assert untangled(Chart("body", photo, look)).folded() == 0


def test_a_mirrored_piece_is_not_folded() -> None:
    mirrored = grid() * [-1, 1]
    assert Chart("before", grid(), mirrored).folded() == 0
    mirrored[3, 3] += [40, 0]
    assert Chart("before", grid(), mirrored).folded() > 0


def test_a_rim_does_not_cross_itself_in_a_hollow() -> None:
    hollow = grid()
    hollow[..., 1] += 30 * np.abs(np.linspace(-1, 1, 9)) ** 0.5 * np.linspace(1, 0, 8)[:, None]
    wide = beyond(Chart("yoke", hollow, hollow * 0.7), "top", 25.0, 0.7)
    assert wide.folded() == 0
    assert (cell_areas(wide.photo) >= -1e-3).all()
    assert (cell_areas(wide.look) >= -1e-3).all()


@pytest.mark.parametrize("mannequin", ["FEMALE", "MALE"])
@pytest.mark.parametrize(
    ("kind", "category", "pose"),
    [
        ("crew-tee", "t-shirt", "closed"),
        ("shirt", "shirt", "folded"),
        ("jacket", "jacket", "closed"),
        ("camisole", "tank", None),
        ("blouse", "blouse", "hanging"),
        ("wide-trousers", "trousers", None),
        ("gathered-skirt", "skirt", None),
    ],
)
def test_no_cell_folds(kind: str, category: str, pose: Pose | None, mannequin: Body) -> None:
    worn = laid(prepared(kind, category, pose=pose), category, mannequin)
    assert sum(chart.folded() for chart in worn.charts) == 0


def test_ribs_that_cross_are_drawn_in_order() -> None:
    y = np.array([0.0, 10, 5, 30])
    outer, inner = np.column_stack([0 * y, y]), np.column_stack([20 + 0 * y, y[::-1]])
    ordered = in_order(outer, inner, 1)
    across = ordered[1] - ordered[0]
    for line in ordered:
        step = np.diff(line, axis=0)
        ahead = across[:-1, 0] * step[:, 1] - across[:-1, 1] * step[:, 0]
        assert (ahead > 0).all()


def _sleeve(half_cuff: float) -> np.ndarray:
    """A long sleeve in the look whose photo is so wide at the cuff: its outer edge."""
    body, t = body_of("FEMALE"), np.linspace(0, 1, RIBS)[:, None]
    half = 60 + (half_cuff - 60) * t
    middle = np.array([0.0, 0.0]) + t * [0.0, 420.0]
    ribs = Ribs(
        middle - half * [1, 0],
        middle + half * [1, 0],
        np.zeros(RIBS, bool),
        np.array([0.0, 1.0]),
        420.0,
    )
    arm = body.arms[-1]
    start, _, _ = arm.at(np.array([arm.tip_length]))
    armpit = np.array(body.mannequin.sides[-1].armpit, float)
    chart = sleeve_chart(
        -1, ribs, 400.0, start=start[0], armpit=armpit, tip_at=arm.tip_length, scale=1.0, body=body
    )
    assert Chart("sleeve", chart.photo, chart.look).folded() == 0
    return np.asarray(chart.look[:, 0])


def test_a_sleeve_ends_where_its_cloth_does() -> None:
    """Ribs that a template drew past the cuff show the trunk beside it, or nothing."""
    mask = np.zeros((500, 400), bool)
    mask[20:480, 150:] = True
    mask[20:300, 90:] = True
    tip, pit = np.array([95.0, 30.0]), np.array([150.0, 150.0])
    corners = {
        "elbow_outer": (90.0, 200.0),
        "cuff_outer": (90.0, 390.0),
        "elbow_inner": (155.0, 260.0),
        "cuff_inner": (155.0, 390.0),
    }
    points = {name: np.array(at) for name, at in corners.items()}
    zero = np.zeros(2)
    side = UpperSide(
        neck=zero,
        tip=tip,
        pit=pit,
        waist=zero,
        hem=zero,
        elbow=zero,
        cuff=zero,
        sleeved=True,
        sleeve_px=300.0,
        **points,
    )
    ribs = sleeve_ribs(mask, side, tip, pit, studio=False)
    assert 280 < ribs.outer[-1][1] < 312
    assert 280 < ribs.lowest < 330


def test_a_wide_sleeve_stands_off_the_arm_and_a_narrow_one_lies_on_it() -> None:
    narrow, bell = _sleeve(45.0), _sleeve(170.0)
    off = narrow[:, 0] - bell[:, 0]
    assert off[-1] > 20
    assert np.abs(off[0]) < 0.5
    assert (np.diff(off[: RIBS // 2]) > -1).all()


def test_rings_are_flat_at_the_cameras_height_and_bow_below() -> None:
    rows, half, columns = np.array([400.0, 900, 1400]), np.full(3, 100.0), np.linspace(-1, 1, 5)
    bow = bowed(rows, half, columns)
    assert np.abs(bow[0]).max() == 0
    assert (bow[1:, 2] > 0).all()
    assert (bow[1:, 0] < 0).all()
    assert bow[2, 2] > 2 * bow[1, 2] - 1e-9


@pytest.mark.parametrize(
    ("seed", "mannequin", "most"), [(1, "MALE", 0.45), (2, "MALE", 0.38), (3, "FEMALE", 0.61)]
)
def test_a_short_sleeves_cuff_is_not_drawn_to_a_point(
    seed: int, mannequin: Body, most: float
) -> None:
    """What of its inner edge is folded up under an arm that hangs drew it down. `most`: how much
    lower it ends, over its width; a sleeve that is shorter than its armhole is deep ends lower."""
    worn = laid(prepared("crew-tee", "t-shirt", seed, "spread"), "t-shirt", mannequin)
    for s, name in ((-1, "left"), (1, "right")):
        cuff = next(one for one in worn.charts if one.part == f"sleeve_{name}").look[-2, 1:-1]
        arm = body_of(mannequin).arms[s]
        way = arm.at(np.array([arm.nearest(cuff.mean(0))]))[2][0]
        across = cuff[-1] - cuff[0]
        assert abs(float(across @ way)) < most * np.linalg.norm(across)
