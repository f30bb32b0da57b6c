"""Every event, by its CloudEvents type. A type's version is its last part; a new version is a new
model beside the old.
"""

from schemas.events.base import RequestEvent
from schemas.events.cancel import CancelLook
from schemas.events.completed import LayerImage, LookCompleted, PlacedGarment, StoredImage
from schemas.events.dead_letter import LookDeadLettered
from schemas.events.failed import LookFailed
from schemas.events.progress import LookProgress, Stage
from schemas.events.refund import CreditRefund
from schemas.events.requested import LookRequested

EVENT_TYPES: dict[str, type[RequestEvent]] = {
    "look.requested.v1": LookRequested,
    "look.cancel.v1": CancelLook,
    "look.progress.v1": LookProgress,
    "look.completed.v1": LookCompleted,
    "look.failed.v1": LookFailed,
    "look.dead-letter.v1": LookDeadLettered,
    "credit.refund.v1": CreditRefund,
}
TYPE_OF: dict[type[RequestEvent], str] = {model: name for name, model in EVENT_TYPES.items()}

__all__ = [
    "EVENT_TYPES",
    "TYPE_OF",
    "CancelLook",
    "CreditRefund",
    "LayerImage",
    "LookCompleted",
    "LookDeadLettered",
    "LookFailed",
    "LookProgress",
    "LookRequested",
    "PlacedGarment",
    "RequestEvent",
    "Stage",
    "StoredImage",
]
