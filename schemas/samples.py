"""One valid event of each type: the examples of the AsyncAPI document, and where the test kit
begins.
"""

from collections.abc import Mapping
from typing import Any

from schemas.events import EVENT_TYPES, RequestEvent

REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

_OF_REQUEST: Mapping[str, Any] = {"request_id": REQUEST_ID, "tenant_id": "demo"}
_PHOTO: Mapping[str, Any] = {
    "trial_image": "users/abc/trial/shirt-1.jpg",
    "trial_item_category": "shirt",
}
_TIMES: Mapping[str, Any] = {
    "requested_at": "2026-01-02T03:04:05Z",
    "deadline_at": "2026-01-02T03:14:05Z",
}
_REQUESTED: Mapping[str, Any] = {
    **_OF_REQUEST,
    "user_category": "FEMALE",
    "items": [_PHOTO],
    "credits_cost": 10,
    **_TIMES,
}
_REASON: Mapping[str, Any] = {
    "code": "object_not_found",
    "message": "items[0]: there is no such object",
    "item_index": 0,
}

_BODIES: Mapping[str, Mapping[str, Any]] = {
    "look.requested.v1": _REQUESTED,
    "look.cancel.v1": {**_OF_REQUEST, **_TIMES},
    "look.progress.v1": {
        **_OF_REQUEST,
        "stage": "composing",
        "attempt": 1,
        "at": "2026-01-02T03:04:06Z",
    },
    "look.completed.v1": {
        **_OF_REQUEST,
        "image": {
            "bucket": "looks",
            "key": f"results/demo/{REQUEST_ID}.webp",
            "content_type": "image/webp",
            "width": 768,
            "height": 1152,
            "bytes": 41210,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        },
        "items": [{**_PHOTO, "layer": "32", "box": [176, 187, 594, 562], "alpha_area_px": 86313}],
        "engine_version": "0.2.0",
        "duration_ms": 1180,
        "completed_at": "2026-01-02T03:04:07Z",
    },
    "look.failed.v1": {**_OF_REQUEST, "error": _REASON, "failed_at": "2026-01-02T03:04:07Z"},
    "look.dead-letter.v1": {
        **_OF_REQUEST,
        "reason": _REASON,
        "request": _REQUESTED,
        "attempts": 1,
        "decided_by": "compositor",
        "dead_lettered_at": "2026-01-02T03:04:06Z",
    },
    "credit.refund.v1": {
        **_OF_REQUEST,
        "amount": 10,
        "reason": "object_not_found",
        "refunded_at": "2026-01-02T03:04:07Z",
    },
}


def body_of(event_type: str) -> dict[str, Any]:
    """The sample's fields as JSON values. Raises KeyError for a type that is not ours."""
    return dict(_BODIES[event_type])


def sample_of(event_type: str) -> RequestEvent:
    """The sample as an event. Raises KeyError for a type that is not ours."""
    return EVENT_TYPES[event_type].model_validate(_BODIES[event_type])
