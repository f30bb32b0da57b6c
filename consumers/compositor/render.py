"""One look in a worker process: photos from S3, the engine, the picture back to S3.

A result is a value that travels between processes. The picture's key depends on the request alone
and its bytes on the request and the engine's version, so making a look again stores the same
picture again. Of an engine that may draw another picture the second time, and of photos that were
fetched, the key tells the bytes as well: no attempt ever changes the picture of another.
"""

import hashlib

from compositing import InvalidOption, parse_options
from consumers.compositor.classical import ClassicalDresser
from consumers.compositor.cutouts import CutoutCache
from consumers.compositor.dresser import DressedLook, Dresser, GarmentPhoto, Order, Picture
from consumers.compositor.entry import WorkerSetup
from consumers.compositor.remote import RemoteDresser
from consumers.compositor.results import NotRendered, Rendered, trace_of
from domain.blame import Symptom
from domain.photo_sources import FETCHED
from runtime import faults
from runtime.machine import bound_memory
from schemas.events import LayerImage, LookRequested, PlacedGarment, StoredImage
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
EXTENSIONS = {"image/webp": "webp", "image/png": "png", "image/jpeg": "jpg"}


class _Worker:
    """What a worker process keeps between looks."""

    store: ObjectStore
    dresser: Dresser


def prepare(setup: WorkerSetup) -> None:
    """Called once in a new worker: bound its memory, connect to the store."""
    bound_memory(setup.memory_bytes)
    _Worker.store = ObjectStore(setup.store)
    cutouts = CutoutCache(_Worker.store if setup.keep_cutouts else None)
    remote = setup.remote
    _Worker.dresser = (
        ClassicalDresser(cutouts, setup.bars) if remote is None else RemoteDresser(remote)
    )


def render(request: LookRequested) -> Rendered | NotRendered:
    """Make the look of a request and store it. Blocks for seconds; raises only what nobody
    expected.
    """
    try:
        options, warnings = parse_options(request.runtime_config, request.user_category)
        garments = _fetch(request)
        if isinstance(garments, NotRendered):
            return garments
        order = Order(
            request.request_id, request.tenant_id, tuple(garments), options, request.quality_floor
        )
        look = _Worker.dresser.dress(order)
    except InvalidOption as error:
        return NotRendered(
            FailureReason(
                code=FailureCode.INTERNAL, message=f"invalid runtime_config: {error}"[:1000]
            )
        )
    except MemoryError as error:
        reason = FailureReason(
            code=FailureCode.INTERNAL, message="The look needs more memory than one may have."
        )
        return NotRendered(
            reason, can_heal=True, symptom=Symptom.OUT_OF_MEMORY, trace=trace_of(error)
        )
    return look if isinstance(look, NotRendered) else _stored(request, look, warnings)


def _stored(
    request: LookRequested, look: DressedLook, warnings: tuple[str, ...]
) -> Rendered | NotRendered:
    picture = look.picture
    key = _Worker.store.names.key(_key(request, picture, repeatable=_repeatable(request)))
    try:
        _Worker.store.put(key, picture.data, picture.content_type)
        layers = _stored_layers(key, look)
    except StoreError as error:
        return _store_failed(error, None)
    faults.at_blocking("worker", faults.FaultPoint.AFTER_UPLOAD, request.request_id)
    image = StoredImage(
        bucket=_Worker.store.bucket,
        key=key,
        content_type=picture.content_type,
        width=picture.width_px,
        height=picture.height_px,
        bytes=len(picture.data),
        sha256=picture.sha256,
    )
    placed = tuple(
        PlacedGarment(
            trial_image=request.items[item.item_index].trial_image,
            trial_item_category=request.items[item.item_index].trial_item_category,
            layer=str(item.layer),
            box=item.box,
            alpha_area_px=item.alpha_area_px,
            landmarks=item.landmarks,
            cutout=item.cutout,
            warnings=item.warnings,
            quality=item.quality,
            quality_reasons=item.quality_reasons,
            placed=item.placed,
            guessed_category=item.guessed_category,
            guess_confidence=item.guess_confidence,
            layer_image=layers.get((item.item_index, False)),
            layer_image_alone=layers.get((item.item_index, True)),
        )
        for item in look.items
    )
    named = tuple(
        f"items[{item.item_index}]: {warning}" for item in look.items for warning in item.warnings
    )
    stage_ms = {stage: round(took_ms, 1) for stage, took_ms in look.stage_ms.items()}
    said = (*warnings, *look.warnings, *named)
    bare = layers.get((None, True))
    return Rendered(image, placed, look.engine_version, said, look.seed, stage_ms, bare)


def _stored_layers(key: str, look: DressedLook) -> dict[tuple[int | None, bool], LayerImage]:
    """Beside the picture: by the garment's index, and whether it is worn alone. Raises
    StoreError.
    """
    stored = {}
    for one in look.layers:
        name = "bare" if one.item_index is None else f"{one.item_index}{'-alone' * one.alone}"
        place = f"{key.rpartition('.')[0]}.{name}.{EXTENSIONS[one.content_type]}"
        _Worker.store.put(place, one.image, one.content_type)
        stored[one.item_index, one.alone] = LayerImage(
            bucket=_Worker.store.bucket,
            key=place,
            content_type=one.content_type,
            width=one.width_px,
            height=one.height_px,
            bytes=len(one.image),
            sha256=hashlib.sha256(one.image).hexdigest(),
            x=one.x,
            y=one.y,
        )
    return stored


def _repeatable(request: LookRequested) -> bool:
    """Whether another attempt has the same bytes. What is fetched may be another photo then."""
    fetched = _Worker.store.names.key(f"{FETCHED}/")
    return _Worker.dresser.repeatable and not any(
        item.trial_image.startswith(fetched) for item in request.items
    )


def _key(request: LookRequested, picture: Picture, *, repeatable: bool) -> str:
    own = "" if repeatable else f"-{picture.sha256[:16]}"
    return (
        f"results/{request.tenant_id}/{request.request_id}{own}.{EXTENSIONS[picture.content_type]}"
    )


def _fetch(request: LookRequested) -> list[GarmentPhoto] | NotRendered:
    garments: list[GarmentPhoto] = []
    left_bytes = MAX_PHOTOS_BYTES
    for index, item in enumerate(request.items):
        try:
            data = _Worker.store.get(item.trial_image, min(MAX_PHOTO_BYTES, left_bytes))
        except StoreError as error:
            return _store_failed(error, index)
        left_bytes -= len(data)
        garments.append(
            GarmentPhoto(data=data, category=item.trial_item_category, name=item.trial_image)
        )
    return garments


def _store_failed(error: StoreError, index: int | None) -> NotRendered:
    reason = FailureReason(
        code=_CODES[type(error)],
        message=_MESSAGES[type(error)].format(error=error)[:1000],
        item_index=index,
    )
    if isinstance(error, StoreRefused | StoreUnavailable):
        return NotRendered(
            reason.model_copy(update={"item_index": None}),
            can_heal=True,
            trace=f"{type(error).__name__}: {error}",
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
    ObjectForbidden: "The object store does not hand this object out ({error}). Others it does: "
    "look at this one's rights, "
    "encryption and storage class, or upload the photo under another key.",
    ObjectTooLarge: f"A photo may have {MAX_PHOTO_BYTES} bytes, all photos of a look "
    f"{MAX_PHOTOS_BYTES}.",
    StoreRefused: "The object store refuses our service; nothing is wrong with the photos.",
    StoreUnavailable: "The object store is out of reach.",
}
