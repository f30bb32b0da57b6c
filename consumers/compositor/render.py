"""One look in a worker process: photos from S3, the engine, the picture back to S3.

A result is a value that travels between processes. The picture's key depends on the request alone and its bytes on the
request and the engine's version, so making a look again stores the same picture again.
"""

import resource
import traceback

from compositing import GarmentError, GarmentInput, InvalidOption, Look, LookOptions, compose_cutouts, parse_options
from compositing.guard import guarded
from consumers.compositor.cutouts import CutoutCache, Kept
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from runtime import faults
from runtime.settings import ObjectStoreSettings
from schemas.events import LookRequested, PlacedGarment, StoredImage
from schemas.failures import FailureCode, FailureReason
from storage.object_store import (
    ObjectForbidden,
    ObjectMissing,
    ObjectStore,
    ObjectTooLarge,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)

MAX_PHOTO_BYTES = 25 * 1024 * 1024
MAX_PHOTOS_BYTES = 120 * 1024 * 1024
"""Of all photos of one look together."""
TRACE_CHARS = 8000
EXTENSIONS = {"image/webp": "webp", "image/png": "png", "image/jpeg": "jpg"}


class _Worker:
    """What a worker process keeps between looks."""

    store: ObjectStore
    cutouts: CutoutCache


def prepare(settings: ObjectStoreSettings, memory_bytes: int, keep_cutouts: bool) -> None:
    """Called once in a new worker: bound its memory, connect to the store."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    _Worker.store = ObjectStore(settings)
    _Worker.cutouts = CutoutCache(_Worker.store if keep_cutouts else None)


def render(request: LookRequested) -> Rendered | NotRendered:
    """Make the look of a request and store it. Blocks for seconds; raises only what nobody expected."""
    try:
        options, warnings = parse_options(request.runtime_config, request.user_category)
        garments = _fetch(request)
        if isinstance(garments, NotRendered):
            return garments
        look, kept = _make(request.tenant_id, garments, options)
    except InvalidOption as error:
        return NotRendered(FailureReason(code=FailureCode.INTERNAL, message=f"invalid runtime_config: {error}"[:1000]))
    except GarmentError as error:
        reason = FailureReason(code=FailureCode(error.code), message=str(error)[:1000], item_index=error.item_index)
        return NotRendered(reason, trace=_trace(error) if error.fault else "")
    except MemoryError as error:
        reason = FailureReason(code=FailureCode.INTERNAL, message="The look needs more memory than one may have.")
        return NotRendered(reason, can_heal=True, symptom=Symptom.OUT_OF_MEMORY, trace=_trace(error))
    key = f"results/{request.tenant_id}/{request.request_id}.{EXTENSIONS[look.content_type]}"
    try:
        _Worker.store.put(key, look.image, look.content_type)
    except StoreError as error:
        return _store_failed(error, None)
    faults.at_blocking("worker", faults.Point.AFTER_UPLOAD)
    image = StoredImage(
        bucket=_Worker.store.bucket,
        key=key,
        content_type=look.content_type,
        width=look.width_px,
        height=look.height_px,
        bytes=len(look.image),
        sha256=look.sha256,
    )
    placed = tuple(
        PlacedGarment(
            trial_image=request.items[item.item_index].trial_image,
            trial_item_category=request.items[item.item_index].trial_item_category,
            layer=str(item.layer),
            box=item.box,
            alpha_area_px=item.alpha_area_px,
            landmarks=item.landmarks,
            cutout=kept[item.item_index].image,
            warnings=item.warnings,
        )
        for item in look.manifest.items
    )
    made = look.manifest
    named = tuple(f"items[{item.item_index}]: {warning}" for item in made.items for warning in item.warnings)
    stage_ms = {stage: round(took_ms, 1) for stage, took_ms in made.stage_ms.items()}
    return Rendered(image, placed, made.engine_version, (*warnings, *made.warnings, *named), made.seed, stage_ms)


def _make(tenant_id: str, garments: list[GarmentInput], options: LookOptions) -> tuple[Look, list[Kept]]:
    """All that depends on the photos' bytes alone: what fails here would fail again. Raises GarmentError or MemoryError."""
    kept = []
    for index, garment in enumerate(garments):
        try:
            with guarded(index):
                kept.append(_Worker.cutouts.get(tenant_id, garment))
        except GarmentError as error:
            error.item_index = index
            raise
    with guarded(0 if len(garments) == 1 else None):
        return compose_cutouts([one.cutout for one in kept], [one.category for one in garments], options), kept


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))[-TRACE_CHARS:]


def _fetch(request: LookRequested) -> list[GarmentInput] | NotRendered:
    garments: list[GarmentInput] = []
    left_bytes = MAX_PHOTOS_BYTES
    for index, item in enumerate(request.items):
        try:
            data = _Worker.store.get(item.trial_image, min(MAX_PHOTO_BYTES, left_bytes))
        except StoreError as error:
            return _store_failed(error, index)
        left_bytes -= len(data)
        garments.append(GarmentInput(data=data, category=item.trial_item_category, name=item.trial_image))
    return garments


def _store_failed(error: StoreError, index: int | None) -> NotRendered:
    reason = FailureReason(
        code=_CODES[type(error)], message=_MESSAGES[type(error)].format(error=error)[:1000], item_index=index
    )
    if isinstance(error, StoreRefused | StoreUnavailable):
        return NotRendered(
            reason.model_copy(update={"item_index": None}), can_heal=True, trace=f"{type(error).__name__}: {error}"
        )
    return NotRendered(reason)


_CODES: dict[type[StoreError], FailureCode] = {
    ObjectMissing: FailureCode.OBJECT_NOT_FOUND,
    ObjectForbidden: FailureCode.OBJECT_FORBIDDEN,
    ObjectTooLarge: FailureCode.IMAGE_TOO_LARGE,
    StoreRefused: FailureCode.INTERNAL,
    StoreUnavailable: FailureCode.INTERNAL,
}
_MESSAGES: dict[type[StoreError], str] = {
    ObjectMissing: "There is no object with this key. Upload the photo, then post again.",
    ObjectForbidden: "The object store does not hand this object out ({error}). Others it does: look at this one's rights, "
    "encryption and storage class, or upload the photo under another key.",
    ObjectTooLarge: f"A photo may have {MAX_PHOTO_BYTES} bytes, all photos of a look {MAX_PHOTOS_BYTES}.",
    StoreRefused: "The object store refuses our service; nothing is wrong with the photos.",
    StoreUnavailable: "The object store is out of reach.",
}
