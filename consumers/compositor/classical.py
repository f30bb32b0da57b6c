"""This project's own engine behind the port, with its cut-out cache. The one place where
`compositing` makes pictures.
"""

from collections.abc import Mapping, Sequence

from compositing import Bars, GarmentError, GarmentInput, Look, LookOptions, compose_garments
from compositing.guard import guarded
from compositing.guess import Guess, guess
from compositing.options import DEFAULT_BARS
from consumers.compositor.cutouts import CutoutCache, KeptGarment
from consumers.compositor.dresser import (
    DressedLook,
    GarmentPhoto,
    ItemPlacement,
    Order,
    Picture,
)
from consumers.compositor.results import NotRendered, trace_of
from schemas.categories import AUTO
from schemas.failures import FailureCode, FailureReason


class ClassicalDresser:
    """Of one worker process."""

    repeatable = True

    def __init__(self, cutouts: CutoutCache, bars: Bars = DEFAULT_BARS) -> None:
        """`cutouts`: where garments that were met before are kept; `bars`: below which quality none
        is sold.
        """
        self._cutouts, self._bars = cutouts, bars

    def dress(self, order: Order) -> DressedLook | NotRendered:
        """Make the look. All of it depends on the photos' bytes alone: what fails here would fail
        again. Raises MemoryError.
        """
        side_px = order.options.working_side_px
        try:
            guesses = _guessed(order.garments, side_px)
            garments = [
                GarmentInput(
                    data=one.data,
                    category=guesses[index].category if index in guesses else one.category,
                    name=one.name,
                )
                for index, one in enumerate(order.garments)
            ]
            kept = self._prepared(order.tenant_id, garments, side_px)
            look = _compose(kept, garments, order.options, self._bars_of(order))
        except GarmentError as error:
            reason = FailureReason(
                code=FailureCode(error.code), message=str(error)[:1000], item_index=error.item_index
            )
            return NotRendered(reason, trace=trace_of(error) if error.fault else "")
        return _dressed(look, kept, guesses)

    def _prepared(
        self, tenant_id: str, garments: list[GarmentInput], side_px: int
    ) -> list[KeptGarment]:
        kept = []
        for index, garment in enumerate(garments):
            try:
                with guarded(index):
                    kept.append(self._cutouts.get(tenant_id, garment, side_px))
            except GarmentError as error:
                error.item_index = index
                raise
        return kept

    def _bars_of(self, order: Order) -> Bars:
        """A tenant's own floor may be higher; what is dressed is never below it."""
        floor = max(self._bars.floor, order.quality_floor or 0.0)
        return Bars(floor, max(self._bars.dress, floor))


def _guessed(photos: Sequence[GarmentPhoto], side_px: int) -> dict[int, Guess]:
    """What those garments are whose category was left to us. Raises GarmentError."""
    guesses = {}
    for index, one in enumerate(photos):
        if one.category == AUTO:
            try:
                with guarded(index):
                    guesses[index] = guess(one.data, side_px)
            except GarmentError as error:
                error.item_index = index
                raise
    return guesses


def _compose(
    kept: list[KeptGarment], garments: list[GarmentInput], options: LookOptions, bars: Bars
) -> Look:
    with guarded(0 if len(garments) == 1 else None):
        return compose_garments(
            [one.garment for one in kept], [one.category for one in garments], options, bars
        )


def _dressed(look: Look, kept: list[KeptGarment], guesses: Mapping[int, Guess]) -> DressedLook:
    made = look.manifest
    items = tuple(
        ItemPlacement(
            item_index=item.item_index,
            layer=item.layer,
            box=item.box,
            alpha_area_px=item.alpha_area_px,
            landmarks=item.landmarks,
            warnings=item.warnings,
            cutout=kept[item.item_index].image,
            quality=item.quality,
            quality_reasons=item.quality_reasons,
            placed=item.placed,
            guessed_category=guesses[item.item_index].category
            if item.item_index in guesses
            else None,
            guess_confidence=(
                guesses[item.item_index].confidence if item.item_index in guesses else None
            ),
        )
        for item in made.items
    )
    picture = Picture(look.image, look.content_type, look.width_px, look.height_px, look.sha256)
    facts = (made.engine_version, made.seed, made.stage_ms, made.warnings)
    return DressedLook(picture, items, *facts, look.layers)
