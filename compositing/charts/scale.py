"""One scale for a garment, fused from several cues, so that its lengths keep the photo's ratios."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compositing.charts.body import CLOTH_PX, Body
from compositing.charts.upper_photo import SIDES, UpperPhoto
from schemas.categories import CATEGORIES, BodyRegion, GarmentCategory

C = GarmentCategory
EASE: Mapping[GarmentCategory, float] = {
    C.TANK: 0.04,
    C.CROP_TOP: 0.04,
    C.DRESS: 0.08,
    C.JUMPSUIT: 0.08,
    C.TOP: 0.12,
    C.T_SHIRT: 0.15,
    C.POLO: 0.14,
    C.BLOUSE: 0.16,
    C.SHIRT: 0.12,
    C.SWEATER: 0.17,
    C.CARDIGAN: 0.17,
    C.VEST: 0.18,
    C.BLAZER: 0.15,
    C.HOODIE: 0.2,
    C.JACKET: 0.18,
    C.COAT: 0.2,
}
"""How much wider than the chest a garment of a category is expected to be: so that chests agree
with long sleeves, in the median of photos.
"""
LENGTH_CM: Mapping[GarmentCategory, float] = {
    C.CROP_TOP: 42,
    C.TANK: 60,
    C.TOP: 63,
    C.T_SHIRT: 67,
    C.POLO: 68,
    C.BLOUSE: 66,
    C.SHIRT: 72,
    C.SWEATER: 64,
    C.CARDIGAN: 64,
    C.VEST: 62,
    C.BLAZER: 70,
    C.HOODIE: 67,
    C.JACKET: 66,
    C.COAT: 92,
}
"""From the neck's side to the hem, as most are cut; dresses and jumpsuits have every length."""
USUAL, SURE = 0.8, 0.08
"""How many standard deviations the usual way to photograph is worth, and what these are at least.
"""
STRETCHED = 0.92
"""A garment is not narrower than this share of the body: so much cloth gives way."""
ARMHOLE_CM: Mapping[GarmentCategory, float] = {
    C.TANK: 23.5,
    C.T_SHIRT: 24,
    C.POLO: 24.5,
    C.SHIRT: 25,
    C.BLOUSE: 25,
    C.TOP: 26,
    C.SWEATER: 26,
    C.HOODIE: 26.5,
    C.VEST: 26.5,
    C.JACKET: 26.5,
    C.COAT: 27,
}
NECK_CM, USUAL_ARMHOLE_CM = 17.5, 25.0
SHOULDERS, SLEEVELESS_SHOULDERS = 1.08, 0.95
"""Depth of an armhole, as above; width of a neck; a garment's shoulders over the body's."""
DRAPED_CHEST, DRAPED_ARMHOLE = 0.30, 0.35
"""Doubt of both where sleeves hang before a body that hangs in folds: no width is seen flat."""
CROPPED = 1.05
"""Of a garment that is not longer than this many chests, its category does not tell the length."""
DROPPED = 0.35
"""Doubt of shoulders that would make a garment smaller than other cues do."""
SLENDER, LIKELY_LONG = 0.5, 0.62
LONG_FROM: Mapping[GarmentCategory, float] = {
    C.TOP: 0.74,
    C.BLOUSE: 0.74,
    C.T_SHIRT: 0.85,
    C.DRESS: 0.96,
    C.JUMPSUIT: 0.96,
    C.CROP_TOP: 0.9,
    C.SHIRT: LIKELY_LONG,
    C.POLO: LIKELY_LONG,
}
"""How near to the wrist slender sleeves come that are taken for long ones: other lengths are rare,
but of these categories usual too: three quarters of tops, short ones of shirts."""
OVERLONG, SHORT_OF = 1.27, 0.85
"""Nor are their sleeves long where the garment would be so much longer than most then; nor those of
other categories that come no nearer to the wrist: three quarters of a sweater."""
LONG_DRESS = 0.8
"""A dress that hangs narrow has slender sleeves of every length."""
WIDE_NECK = 0.46
"""A neckline wider than this share of the chest says nothing of the neck."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A scale that one measure suggests, and how far off it may be (standard deviation of its
    logarithm)."""

    name: str
    scale: float
    spread: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Look px per photo px. `long`: its sleeves reach the wrist. `on_form`: the photo shows it on a
    form, not laid flat."""

    value: float
    cues: tuple[Cue, ...]
    long: bool = False
    on_form: bool = False


def fused(cues: Sequence[Cue]) -> float:
    """The weighted log-normal mean."""
    weights = np.array([1 / cue.spread**2 for cue in cues])
    return float(np.exp((weights * np.log([cue.scale for cue in cues])).sum() / weights.sum()))


@dataclass(frozen=True, slots=True)
class Widths:
    """The scales that a width suggests: of a garment that was laid flat, and of one that was shown
    on a form.

    Laid flat it shows half of its girth; on a form that was taken out of the picture its
    silhouette, as on ours.
    `studio`: the photo's background is plain, where forms are usual; elsewhere garments are laid or
    hung.
    """

    name: str
    laid: float
    worn: float
    spread: float
    studio: bool

    def cue(self, others: Sequence[Cue]) -> Cue:
        """The likelier of the two beside what other cues say."""
        if not others:
            return Cue(self.name, float(np.sqrt(self.laid * self.worn)), self.spread)
        thought = np.log(fused(others))
        unsure = max(float(sum(1 / cue.spread**2 for cue in others)) ** -0.5, SURE)
        far = {scale: abs(np.log(scale) - thought) / unsure for scale in (self.laid, self.worn)}
        far[self.worn if self.studio else self.laid] -= USUAL
        return Cue(self.name, min(far, key=lambda scale: far[scale]), self.spread)


def on_form(width: Cue, *, laid: float) -> bool:
    """Whether a width's cue was taken from a garment on a form."""
    return width.scale < 0.999 * laid


def upper_scale(photo: UpperPhoto, category: GarmentCategory, body: Body) -> Scale:
    """Of a garment that hangs from the shoulders or the chest."""
    row = body.arm_y + 20
    silhouette, girth = 2 * float(body.half[row] + CLOTH_PX), 2 * float(body.quarter_girth[row])
    whole = CATEGORIES[category].region is BodyRegion.FULL
    cues = _yoke_cues(photo, category, body)
    trunk = max(photo.hem_y - photo.neck_y, 8.0)
    if not whole and trunk > CROPPED * photo.chest:
        cues.append(Cue("length", LENGTH_CM.get(category, 66) * body.px_per_cm / trunk, 0.20))
    if whole:
        cues += _waist_cues(photo, body)
    ease = EASE.get(category, 0.15)
    laid, worn = girth * (1 + ease) / photo.chest, silhouette * (1 + ease / 2) / photo.chest
    spread = DRAPED_CHEST if photo.draped else 0.13
    widths = Widths("chest", laid, worn, spread, photo.studio)
    shoulders = _shoulders(photo, body)
    others = _with_shoulders(shoulders, [*cues, widths.cue(cues)])
    near = _reached(photo, fused(others), body)
    if whole:
        long = _long_sleeved(photo, whole=True) and near > LONG_DRESS
    else:
        long = _long_sleeved(photo, whole=False)
    long = long or (_slender(photo) and near > LONG_FROM.get(category, LIKELY_LONG))
    if not whole and (category in LONG_FROM or near < SHORT_OF):
        long = long and _usual_length(photo, category, body)
    if long:
        cues.append(Cue("sleeve", body.arm_px / (photo.shoulder_px + photo.sleeve_px), 0.045))
    cues = _with_shoulders(shoulders, cues)
    chest = widths.cue(cues)
    cues.append(chest)
    value = float(
        np.clip(fused(cues), STRETCHED * silhouette / photo.chest, 1.6 * girth / photo.chest)
    )
    return Scale(value, tuple(cues), long, on_form(chest, laid=laid))


def _yoke_cues(photo: UpperPhoto, category: GarmentCategory, body: Body) -> list[Cue]:
    if photo.shoulders in ("off", "one"):
        return []
    deep = max(photo.pit_y - photo.neck_y, 4)
    spread = DRAPED_ARMHOLE if photo.draped else 0.20
    armhole = ARMHOLE_CM.get(category, USUAL_ARMHOLE_CM)
    cues = [Cue("armhole", armhole * body.px_per_cm / deep, spread)]
    if photo.neck_width / photo.chest < WIDE_NECK:
        cues.append(Cue("neck", NECK_CM * body.px_per_cm / photo.neck_width, 0.30))
    return cues


def _shoulders(photo: UpperPhoto, body: Body) -> Cue | None:
    """From tip to tip of the shoulders."""
    if photo.shoulders != "full" or photo.halter:
        return None
    across = max(float(photo.tip[1][0] - photo.tip[-1][0]), 4)
    tips = body.mannequin.facts.shoulder_tip
    own = float(tips[1][0] - tips[-1][0])
    share, spread = (SHOULDERS, 0.14) if photo.ribs else (SLEEVELESS_SHOULDERS, 0.20)
    return Cue("shoulders", share * own / across, spread)


def _with_shoulders(shoulders: Cue | None, cues: list[Cue]) -> list[Cue]:
    """Cues and the shoulders': these may drop down the arm, and say little then."""
    if shoulders is None:
        return cues
    dropped = bool(cues) and shoulders.scale < fused(cues)
    return [*cues, replace(shoulders, spread=DROPPED) if dropped else shoulders]


def _reached(photo: UpperPhoto, scale: float, body: Body) -> float:
    """How near to the wrist the sleeves come at this scale, as a share of the arm; 0 without."""
    if not photo.ribs or photo.shoulders == "off":
        return 0.0
    return (photo.shoulder_px + photo.sleeve_px) * scale / body.arm_px


def _usual_length(photo: UpperPhoto, category: GarmentCategory, body: Body) -> bool:
    """Whether it would not be overlong if its sleeves reached the wrist."""
    scale = body.arm_px / max(photo.shoulder_px + photo.sleeve_px, 1.0)
    usual = LENGTH_CM.get(category, 66) * body.px_per_cm
    return scale * (photo.hem_y - photo.neck_y) < OVERLONG * usual


def _slender(photo: UpperPhoto) -> bool:
    """Whether there are sleeves with elbows, or nearly."""
    slender = [ribs.slender for ribs in photo.ribs.values()]
    return bool(slender) and float(np.mean(slender)) > SLENDER


def _waist_cues(photo: UpperPhoto, body: Body) -> list[Cue]:
    """A dress that is drawn in at the waist tells where the waist is, and how wide."""
    rows = np.arange(int(photo.pit_y), min(int(photo.hem_y), photo.mask.shape[0] - 1))
    if len(rows) < 20:
        return []
    middle = photo.mask[rows]
    at = int(np.clip(photo.axis, 0, middle.shape[1] - 1))
    left = np.where(middle[:, :at], -1, np.arange(at)).max(1, initial=-1)
    right = np.where(middle[:, at:], middle.shape[1], np.arange(at, middle.shape[1])).min(
        1, initial=middle.shape[1]
    )
    run = (right - left).astype(float)
    upper = run[: int(0.6 * len(run))]
    narrowest = int(upper.argmin())
    if upper[narrowest] > 0.88 * photo.chest or run[narrowest:].max() < 1.12 * upper[narrowest]:
        return []
    down = rows[narrowest] - photo.neck_y
    neck_y = float(body.mannequin.top[int(body.centre_x + body.mannequin.neck_width_px * 0.6)])
    height = Cue("waist's height", (body.mannequin.waist_y - neck_y) / max(float(down), 4), 0.12)
    laid, worn = (
        2 * float(half[body.mannequin.waist_y]) for half in (body.quarter_girth, body.half)
    )
    wide = max(float(upper[narrowest]), 4)
    waist = Widths("waist", laid * 1.1 / wide, worn * 1.08 / wide, 0.14, photo.studio)
    return [height, waist.cue([height])]


def _long_sleeved(photo: UpperPhoto, *, whole: bool) -> bool:
    if not photo.ribs:
        return False
    wide = 0.25 * sum(photo.half(s, "waist") + photo.half(s, "hem") for s in SIDES)
    slender = photo.sleeve_px / max(wide, 1)
    trunk = max(photo.hem_y - photo.neck_y, 1)
    return slender > 2.0 if whole else photo.sleeve_px / trunk > 0.60 and slender > 1.5
