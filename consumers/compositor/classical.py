"""This project's own engine behind the port, with its cut-out cache. The one place where `compositing` makes pictures."""

from compositing import GarmentError, GarmentInput, Look, LookOptions, compose_cutouts
from compositing.guard import guarded
from consumers.compositor.cutouts import CutoutCache, Kept
from consumers.compositor.dresser import Dressed, Order, Picture, Placed
from consumers.compositor.results import NotRendered, trace_of
from schemas.failures import FailureCode, FailureReason


class ClassicalDresser:
    """Of one worker process."""

    repeatable = True

    def __init__(self, cutouts: CutoutCache) -> None:
        """`cutouts`: where garments that were met before are kept."""
        self._cutouts = cutouts

    def dress(self, order: Order) -> Dressed | NotRendered:
        """Make the look. All of it depends on the photos' bytes alone: what fails here would fail again. Raises MemoryError."""
        garments = [GarmentInput(data=one.data, category=one.category, name=one.name) for one in order.garments]
        try:
            kept = self._cut_out(order.tenant_id, garments)
            look = _compose(kept, garments, order.options)
        except GarmentError as error:
            reason = FailureReason(code=FailureCode(error.code), message=str(error)[:1000], item_index=error.item_index)
            return NotRendered(reason, trace=trace_of(error) if error.fault else "")
        return _dressed(look, kept)

    def _cut_out(self, tenant_id: str, garments: list[GarmentInput]) -> list[Kept]:
        kept = []
        for index, garment in enumerate(garments):
            try:
                with guarded(index):
                    kept.append(self._cutouts.get(tenant_id, garment))
            except GarmentError as error:
                error.item_index = index
                raise
        return kept


def _compose(kept: list[Kept], garments: list[GarmentInput], options: LookOptions) -> Look:
    with guarded(0 if len(garments) == 1 else None):
        return compose_cutouts([one.cutout for one in kept], [one.category for one in garments], options)


def _dressed(look: Look, kept: list[Kept]) -> Dressed:
    made = look.manifest
    items = tuple(
        Placed(
            item_index=item.item_index,
            layer=item.layer,
            box=item.box,
            alpha_area_px=item.alpha_area_px,
            landmarks=item.landmarks,
            warnings=item.warnings,
            cutout=kept[item.item_index].image,
        )
        for item in made.items
    )
    picture = Picture(look.image, look.content_type, look.width_px, look.height_px, look.sha256)
    return Dressed(picture, items, made.engine_version, made.seed, made.stage_ms, made.warnings)
