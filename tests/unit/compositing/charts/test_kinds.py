"""Every kind keeps its shape: jumpsuits have legs, shorts are no t-shirt, lengths hold."""

import cv2
import numpy as np
import pytest

from bench.recovery import recovered, summary
from compositing import GarmentError, GarmentInput, pack, prepare, unpack
from compositing.charts.body import body_of
from compositing.cut.cutout import Cutout
from compositing.judge.kind import like_legs
from compositing.template import fit, parts
from compositing.template.model import Legs, Skirt, Suit, Upper
from compositing.template.notch import joined, notch
from schemas.categories import GarmentCategory
from tests.unit.compositing.charts.dressed import drawn, laid, prepared
from tests.unit.compositing.pictures import save


def test_a_jumpsuit_is_an_upper_garment_with_legs() -> None:
    garment = prepared("jumpsuit", "jumpsuit")
    suit = garment.template
    assert isinstance(suit, Suit)
    assert suit.iou > 0.95
    assert {"trunk", "hips", "leg_left", "leg_right"} <= set(parts(suit))
    for s in (-1, 1):
        assert np.array_equal(suit.upper.side(s).hem, suit.legs.side(s).waist)
    worn = laid(garment, "jumpsuit")
    body = body_of("FEMALE")
    assert body.mannequin.crotch_y < worn.landmarks["crotch"][1] < body.mannequin.crotch_y + 90
    assert worn.landmarks["hem"][1] > 0.9 * body.ankle_y
    assert sum(chart.folded() for chart in worn.charts) == 0
    seam = {chart.part: chart for chart in worn.charts}
    trunk = seam["body"].look[-2, 1:-1]
    for name in ("leg_left", "leg_right"):  # its upper edge lies on the trunk's last row
        edge = seam[name].look[1, 1:-1]
        rows = np.interp(edge[:, 0], trunk[:, 0], trunk[:, 1])
        assert np.abs(edge[:, 1] - rows).max() < 1.0


def test_a_jumpsuit_is_kept_without_loss() -> None:
    garment = prepared("jumpsuit", "jumpsuit")
    again = unpack(pack(garment)).template
    assert isinstance(garment.template, Suit)
    assert isinstance(again, Suit)
    assert again.iou == garment.template.iou
    assert np.array_equal(again.legs.left.crotch, garment.template.legs.left.crotch)
    assert np.array_equal(again.upper.right.pit, garment.template.upper.right.pit)


def silhouette(parted: int, depth: int) -> np.ndarray:
    """A bodice that widens from the waist down, parted so widely and deeply from below."""
    outline = [(70, 10), (130, 10), (140, 90), (125, 160), (150, 260), (155, 440), (45, 440)]
    picture = np.zeros((450, 200), np.uint8)
    cv2.fillPoly(picture, [np.array([*outline, (50, 260), (75, 160), (60, 90)])], 1)
    picture[440 - depth :, 100 - parted : 101 + parted] = 0
    return np.asarray(picture, np.float32)


def test_dungarees_posted_as_a_dress_have_legs_and_a_dress_with_a_slit_has_none() -> None:
    rgb = np.full((450, 200, 3), 90, np.uint8)
    assert isinstance(fit(rgb, silhouette(6, 190), GarmentCategory.DRESS), Suit)
    assert isinstance(fit(rgb, silhouette(6, 90), GarmentCategory.DRESS), Upper)
    assert isinstance(fit(rgb, silhouette(0, 190), GarmentCategory.DRESS), Upper)
    assert isinstance(fit(rgb, silhouette(6, 190), GarmentCategory.TOP), Upper)


def shorts(dip: int) -> np.ndarray:
    """Brief shorts, lowest in the middle, parted there so deeply."""
    outline = [(60, 20), (240, 20), (290, 180), (170, 235), (150, 235 - dip), (130, 235), (10, 180)]
    picture = np.zeros((250, 300), np.uint8)
    cv2.fillPoly(picture, [np.array(outline)], 1)
    return np.asarray(picture, np.float32)


def test_shorts_without_a_notch_are_one_piece() -> None:
    """Two legs would be drawn out of the cloth of their middle."""
    rgb = np.full((250, 300, 3), 90, np.uint8)
    assert isinstance(fit(rgb, shorts(0), GarmentCategory.SHORTS), Skirt)
    assert isinstance(fit(rgb, shorts(40), GarmentCategory.SHORTS), Legs)
    assert isinstance(fit(rgb, shorts(0), GarmentCategory.TROUSERS), Legs)
    assert not joined(np.zeros((40, 40), bool))


@pytest.mark.parametrize(("deep", "legs"), [(18, False), (40, True)])
def test_what_parts_a_little_below_is_a_jackets_front(deep: int, legs: bool) -> None:
    """One that hung on a hanger, its sleeves along its sides, was refused as trousers."""
    outline = [(70, 10), (230, 10), (250, 90), (290, 200), (172, 230), (150, 230 - deep)]
    picture = np.zeros((240, 300), np.uint8)
    cv2.fillPoly(picture, [np.array([*outline, (128, 230), (10, 200), (50, 90)])], 1)
    cutout = Cutout(np.full((240, 300, 3), 60, np.uint8), picture.astype(np.float32), "messy")
    template = fit(cutout.rgb, cutout.alpha, GarmentCategory.JACKET)
    assert like_legs(cutout, template) is legs


@pytest.mark.parametrize("seed", [1, 2])
def test_shorts_posted_as_a_t_shirt_are_refused(seed: int) -> None:
    photo = save(drawn("shorts", seed).rgb)
    with pytest.raises(GarmentError, match="trousers or shorts") as refused:
        prepare(GarmentInput(photo, "t-shirt", "shorts"))
    assert refused.value.code == "cannot_be_dressed"
    assert isinstance(prepare(GarmentInput(photo, "shorts", "shorts")).template, Legs)


@pytest.mark.parametrize(
    ("kind", "category"),
    [("crew-tee", "t-shirt"), ("crop-top", "crop-top"), ("blazer", "blazer"), ("shirt", "shirt")],
)
def test_tops_are_not_like_legs(kind: str, category: str) -> None:
    garment = prepared(kind, category)
    assert garment.template is not None
    assert not like_legs(garment.cutout, garment.template)


def test_a_notch_is_found_between_legs_and_not_below_a_skirt() -> None:
    mask = np.zeros((120, 80), bool)
    mask[5:115, 15:66] = True
    assert notch(mask) is None
    mask[60:115, 36:44] = False
    found = notch(mask)
    assert found is not None
    assert (abs(found.x - 39.5) <= 1, abs(found.y - 59) <= 1) == (True, True)
    assert found.depth == pytest.approx(55, abs=2)
    assert notch(np.zeros((40, 40), bool)) is None


@pytest.mark.parametrize(
    ("kind", "category"), [("long-sleeve", "top"), ("shirt", "shirt"), ("coat", "coat")]
)
def test_sleeves_keep_their_share_of_the_length_and_are_alike(kind: str, category: str) -> None:
    truth = drawn(kind, pose="spread").points
    assert isinstance(truth, Upper)
    worn = laid(prepared(kind, category, pose="spread"), category)
    body = body_of("FEMALE")
    neck = (worn.landmarks["neck_left"] + worn.landmarks["neck_right"]) / 2
    lengths = []
    for s, name in ((-1, "left"), (1, "right")):
        chart = next(one for one in worn.charts if one.part == f"sleeve_{name}")
        arm = body.arms[s]
        end, _, way = (one[0] for one in arm.at(arm.length[-1:]))
        cuff = chart.look[-2, 1]
        past = max(float((cuff - end) @ way), 0.0)
        lengths.append(arm.nearest(cuff) + past - arm.nearest(worn.landmarks[f"neck_{name}"]))
    assert lengths[0] == pytest.approx(lengths[1], rel=0.02)
    flat = [
        float(np.hypot(*(side.tip - side.neck)) + np.hypot(*(side.cuff_outer - side.tip)))
        for side in (truth.left, truth.right)
    ]
    top, low = (
        (getattr(truth.left, name) + getattr(truth.right, name)) / 2 for name in ("neck", "hem")
    )
    seen = float(worn.landmarks["hem"][1] - neck[1])
    true = float(np.mean(flat) / np.hypot(*(low - top)))
    assert np.mean(lengths) / seen == pytest.approx(true, rel=0.08)


def test_drawn_garments_are_found_again() -> None:
    found = [recovered(seed) for seed in (2, 12, 14, 20, 23, 24)]
    told = summary(found)
    assert told["not_cut_out"] == 0
    assert float(str(told["landmarks_off_median"])) < 0.05
    assert float(str(told["sizes_off_median"])) < 0.06
