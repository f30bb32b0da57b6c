"""One garment laid on a body: its charts, its cloth in the look, and what the judge says of it."""

from dataclasses import dataclass, replace

from compositing.charts.body import WIDTH_PX, body_of
from compositing.charts.dress import dress
from compositing.charts.neckline import Above, Neckline, neckline
from compositing.charts.opened import opened
from compositing.charts.small import place_small
from compositing.charts.whole import place_whole
from compositing.charts.worn import Worn
from compositing.cut.extend import grown
from compositing.errors import GarmentError
from compositing.garment import Garment
from compositing.judge.judge import judged, refusal
from compositing.judge.quality import Quality
from compositing.options import Bars, LookOptions
from compositing.paint.cloth import Cloth, sampled, source
from compositing.template.model import Suit, Upper
from schemas.categories import GarmentCategory


@dataclass(frozen=True, slots=True)
class How:
    """How a garment is dressed. `is_open`: its front stands open over another garment."""

    options: LookOptions
    bars: Bars
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Laid:
    """A garment on a body. `worn`: in px of a look WIDTH_PX wide; `whole`: placed whole, not
    dressed."""

    worn: Worn
    quality: Quality
    whole: bool


def lay(category: GarmentCategory, garment: Garment, how: How) -> Laid:
    """Raises GarmentError: no_garment_found, or cannot_be_dressed below the floor."""
    worn = _worn(category, garment, how.options)
    found = judged(garment, worn)
    if found.value < how.bars.floor:
        raise GarmentError("cannot_be_dressed", refusal(found))
    if garment.template is not None and found.value < how.bars.dress:
        size = garment.cutout.alpha.shape
        return Laid(
            place_whole((size[0], size[1]), garment.template, worn, body_of(how.options.mannequin)),
            found,
            True,
        )
    return Laid(opened(worn) if how.is_open else worn, found, False)


def _worn(category: GarmentCategory, garment: Garment, options: LookOptions) -> Worn:
    """Its charts on the body. Raises GarmentError no_garment_found."""
    cutout = garment.cutout
    body = body_of(options.mannequin)
    if garment.template is None:
        return place_small(category, cutout, body)
    if not cutout.mask.any():
        raise GarmentError(
            "no_garment_found",
            "We couldn't find a garment in this photo. Use a photo of one garment on a plain "
            "background that differs in colour.",
        )
    studio = cutout.mode != "messy"
    worn = dress(cutout.mask, garment.template, category, body, studio=studio)
    return replace(worn, neckline=_neckline(category, garment, worn))


def _neckline(category: GarmentCategory, garment: Garment, worn: Worn) -> Neckline | None:
    """The front neckline of a garment that hangs from the shoulders."""
    cutout, template, photo = garment.cutout, garment.template, worn.photo
    upper = template.upper if isinstance(template, Suit) else template
    if not isinstance(upper, Upper) or photo is None or photo.shoulders == "off":
        return None
    necks = upper.left.neck, upper.right.neck, upper.dip
    above: Above = "hood" if photo.hooded else "straps" if photo.shoulders == "straps" else ""
    return neckline(cutout, necks, category, above=above)


def cloths_of(
    category: GarmentCategory, garment: Garment, laid: Laid, options: LookOptions
) -> tuple[Cloth, ...]:
    """The garment's layers in the look, from the skin outwards."""
    cutout, template, worn = garment.cutout, garment.template, laid.worn
    scale = options.width_px / WIDTH_PX
    size = options.width_px, options.height_px
    neck = worn.neckline
    back, rgb = (None, cutout.rgb) if neck is None else (neck.inside, neck.rgb)
    alpha = cutout.alpha
    if cutout.mode == "messy" and template is not None and not laid.whole:
        alpha = grown(alpha)  # the charts' smooth edges are the outline, not the rough cut-out's
    shown = worn.scale.value * scale
    everything = source(rgb, alpha, shown)
    found = []
    for part, charts in worn.layers():
        share = charts[0].share
        used = everything if share is None else source(rgb, alpha * share, shown)
        cloth = sampled(
            part, charts, used, scale=scale, size=size, back=back if part == "body" else None
        )
        if cloth is not None:
            found.append(cloth)
    return tuple(found)
