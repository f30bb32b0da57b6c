"""An engine over HTTP behind the port (docs/remote-engine.md). Nothing that it says is believed
that can be checked.

What it says of a photo, by a reason code of ours, fails the look at once. All else that goes wrong
is our fault, not the photo's, and is tried again by the schedule: the order carries its request id
as `Idempotency-Key`, so that is safe.
"""

import hashlib
import io
from typing import Final, TypeVar

from PIL import Image
from pydantic import BaseModel, ValidationError

from consumers.compositor.dresser import DressedLook, ItemPlacement, Order, Picture
from consumers.compositor.exchange import Answer, Call, Exchange, NoAnswer
from consumers.compositor.parts import BadParts, parts_of
from consumers.compositor.results import NotRendered
from runtime import logs
from runtime.settings import EngineSettings
from schemas.engines import (
    COMPOSE_PATH,
    ENGINE_PATH,
    MANIFEST_PART,
    MAX_ERROR_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_PICTURE_BYTES,
    OF_PHOTOS_TOGETHER,
    ORDER_PART,
    PHOTO_FAULTS,
    PHOTO_PART,
    PICTURE_PART,
    AnsweredItem,
    AnsweredPicture,
    ComposeManifest,
    ComposeOrder,
    EngineCard,
    EngineRefusal,
    OrderedItem,
    OrderedOptions,
)
from schemas.failures import FailureCode, FailureReason

log = logs.get(__name__)

VERSION_PREFIX: Final = "remote:"
MULTIPART_OVERHEAD_BYTES: Final = 4096
KINDS: Final = {
    "webp": ("WEBP", "image/webp"),
    "png": ("PNG", "image/png"),
    "jpeg": ("JPEG", "image/jpeg"),
}
_ITS_OWN: Final = "in the remote engine: its own log has more"
_OUT_OF_ORDER: Final = "The engine that makes this look is out of order or out of reach."


M = TypeVar("M", bound=BaseModel)


class Malformed(Exception):
    """An answer that is not what the protocol says; the message says why, to operators."""


class RemoteDresser:
    """Of one worker process."""

    repeatable = False
    """Nobody here can hold it to that: a picture's key tells its bytes."""

    def __init__(self, settings: EngineSettings) -> None:
        """Connects with the first look. Raises ValueError without a URL."""
        self._exchange = Exchange(settings)

    def describe(self) -> EngineCard:
        """Who the engine is and what it takes. Blocks. Raises NoAnswer or Malformed."""
        answer = self._exchange.call(Call("GET", ENGINE_PATH, MAX_ERROR_BYTES, {}))
        if answer.status != 200:
            raise Malformed(f"it answered {answer.status}")
        return _parsed(EngineCard, answer.body)

    def dress(self, order: Order) -> DressedLook | NotRendered:
        """Have the look made. Blocks for as long as the engine takes, within the time limit."""
        try:
            answer = self._exchange.call(_call(order))
            return (
                _good_enough(order, _dressed(order, answer))
                if answer.status == 200
                else _refused(order, answer)
            )
        except (NoAnswer, BadParts, Malformed) as error:
            log.error("the remote engine failed", request_id=order.request_id, error=str(error))
            return NotRendered(
                FailureReason(code=FailureCode.INTERNAL, message=_OUT_OF_ORDER), can_heal=True
            )


def _call(order: Order) -> Call:
    options = order.options
    asked = ComposeOrder(
        request_id=order.request_id,
        items=tuple(
            OrderedItem(
                category=one.category,
                bytes=len(one.data),
                sha256=hashlib.sha256(one.data).hexdigest(),
            )
            for one in order.garments
        ),
        options=OrderedOptions(
            mannequin=options.mannequin,
            width_px=options.width_px,
            height_px=options.height_px,
            format=options.format,
            quality=options.quality,
            background=options.background,
            tuck=options.tuck,
        ),
    )
    photos = (
        (PHOTO_PART, (str(index), one.data, "application/octet-stream"))
        for index, one in enumerate(order.garments)
    )
    return Call(
        "POST",
        COMPOSE_PATH,
        MAX_PICTURE_BYTES + MAX_MANIFEST_BYTES + MULTIPART_OVERHEAD_BYTES,
        {"X-Request-Id": order.request_id, "Idempotency-Key": order.request_id},
        ((ORDER_PART, (None, asked.model_dump_json().encode(), "application/json")), *photos),
    )


def _good_enough(order: Order, look: DressedLook) -> DressedLook | NotRendered:
    """The look, unless the engine itself says that a garment is below the tenant's floor."""
    for item in look.items:
        if item.quality is not None and item.quality < (order.quality_floor or 0.0):
            why = "; ".join(item.quality_reasons) or "the engine gives no reason"
            message = f"The garment cannot be dressed well enough to be sold: {why}."[:1000]
            return NotRendered(
                FailureReason(
                    code=FailureCode.CANNOT_BE_DRESSED, message=message, item_index=item.item_index
                )
            )
    return look


def _refused(order: Order, answer: Answer) -> NotRendered:
    """What the engine said instead of a picture. Raises Malformed unless it names a photo's fault
    as the protocol says.
    """
    if not 400 <= answer.status < 500 or len(answer.body) > MAX_ERROR_BYTES:
        raise Malformed(f"it answered {answer.status}")
    try:
        fault = _parsed(EngineRefusal, answer.body).error
    except Malformed as error:
        raise Malformed(f"it answered {answer.status} with {error}") from None
    together = fault.item_index is None and fault.code in OF_PHOTOS_TOGETHER
    named = fault.item_index is not None and fault.item_index < len(order.garments)
    if fault.code not in PHOTO_FAULTS or not (together or named):
        raise Malformed(f"it answered {answer.status} {fault.code!r} of item {fault.item_index}")
    message = _plain(fault.message) or "The photo can't be used."
    reason = FailureReason(
        code=FailureCode(fault.code), message=message, item_index=fault.item_index
    )
    return NotRendered(
        reason, trace=_ITS_OWN if reason.code is FailureCode.PHOTO_NOT_PROCESSED else ""
    )


def _dressed(order: Order, answer: Answer) -> DressedLook:
    """Raises BadParts or Malformed for an answer that may not be sold."""
    parts = parts_of(answer.content_type, answer.body, (MANIFEST_PART, PICTURE_PART))
    if len(parts[MANIFEST_PART]) > MAX_MANIFEST_BYTES:
        raise Malformed(f"the manifest has more than {MAX_MANIFEST_BYTES} bytes")
    manifest = _parsed(ComposeManifest, parts[MANIFEST_PART])
    if manifest.request_id != order.request_id:
        raise Malformed("the answer is to another order")
    if sorted(item.item_index for item in manifest.items) != list(range(len(order.garments))):
        raise Malformed("the manifest does not name each item once")
    return DressedLook(
        picture=_picture(order, manifest.picture, parts[PICTURE_PART]),
        items=tuple(
            _placed(order, item)
            for item in sorted(manifest.items, key=lambda item: item.item_index)
        ),
        engine_version=VERSION_PREFIX + manifest.engine_version,
        seed=manifest.seed,
        stage_ms={_plain(name): took_ms for name, took_ms in manifest.stage_ms.items()},
        warnings=tuple(_plain(warning) for warning in manifest.warnings),
    )


def _picture(order: Order, said: AnsweredPicture, data: bytes) -> Picture:
    """The picture, held against what was said and what was asked, and decoded whole: what can't be
    opened is not sold.
    """
    kind, content_type = KINDS[order.options.format]
    size = (order.options.width_px, order.options.height_px)
    digest = hashlib.sha256(data).hexdigest()
    if (said.bytes, said.sha256) != (len(data), digest):
        raise Malformed(
            f"the picture has {len(data)} bytes with SHA-256 {digest}, not {said.bytes} with "
            f"{said.sha256}"
        )
    if (said.content_type, (said.width_px, said.height_px)) != (content_type, size):
        raise Malformed(
            f"{said.content_type} of {said.width_px} x {said.height_px} is not {content_type} of "
            f"{size}"
        )
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            if image.size != size or getattr(image, "n_frames", 1) != 1:
                raise Malformed(
                    f"the picture is {image.size} in {getattr(image, 'n_frames', 1)} frames, not "
                    f"{size} in 1"
                )
            image.load()
    except Malformed:
        raise
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        IndexError,
        TypeError,
        OverflowError,
        Warning,
        Image.DecompressionBombError,
    ) as error:
        raise Malformed(f"the picture can't be read as {kind}: {error}"[:200]) from error
    return Picture(data, content_type, *size, digest)


def _placed(order: Order, item: AnsweredItem) -> ItemPlacement:
    width_px, height_px = order.options.width_px, order.options.height_px
    x0, y0, x1, y1 = box = item.box or (0, 0, width_px, height_px)
    if not (0 <= x0 <= x1 <= width_px and 0 <= y0 <= y1 <= height_px):
        raise Malformed(f"the box {box} of item {item.item_index} is not in the picture")
    if item.alpha_area_px is not None and item.alpha_area_px > width_px * height_px:
        raise Malformed(f"item {item.item_index} covers more than the picture")
    return ItemPlacement(
        item_index=item.item_index,
        layer=item.layer,
        box=box,
        alpha_area_px=item.alpha_area_px,
        landmarks={_plain(name): point for name, point in item.landmarks.items()},
        warnings=tuple(_plain(warning) for warning in item.warnings),
        quality=item.quality,
        quality_reasons=tuple(_plain(reason) for reason in item.quality_reasons),
        placed=item.placed,
    )


def _parsed(model: type[M], data: bytes) -> M:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Malformed(
            f"{model.__name__}: {'.'.join(str(part) for part in first['loc'])}: {first['msg']}"[
                :200
            ]
        ) from None


def _plain(text: str) -> str:
    """Without characters that would not print: clients are shown what an engine says."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
