"""Values that several examples of the published contract share. The examples themselves stand at
their routes; a test holds each against the schema that it stands beside.
"""

from typing import Any, Final

REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
AT, DONE = "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"
_META: Final[dict[str, Any]] = {
    "width": 768,
    "height": 1152,
    "sha256": "9f" * 32,
    "content_type": "image/webp",
    "bytes": 48213,
}


def _billing(refunded: int, at: str | None) -> dict[str, Any]:
    return {
        "credits_charged": 10, "charged_at": AT, "credits_refunded": refunded, "refunded_at": at,
        "charged": 10, "refunded": refunded,
    }  # fmt: skip


PICTURE: Final[dict[str, Any]] = {
    "image_url": "https://objects.example/looks/...?X-Amz-Signature=...",
    "kind": "image",
    "role": "final",
    "label": "look",
    "meta": _META,
}
EVENT: Final[dict[str, Any]] = {
    "event_id": "01ARZ3NDEK8A4G2Q4VJ6Y5S1ZC",
    "seq": 3,
    "status": "SUCCESS",
    "event_type": "succeeded",
    "visibility": "public",
    "stage": None,
    "message": "",
    "artifacts": [PICTURE],
    "extra": {"duration_ms": 1180, "engine_version": "0.2.0"},
    "created_at": DONE,
}
JOB: Final[dict[str, Any]] = {
    "request_id": REQUEST_ID,
    "job_id": REQUEST_ID,
    "job_type": "look",
    "status": "SUCCESS",
    "credits_cost": 10,
    "refunded": False,
    "billing": _billing(0, None),
    "created_at": AT,
    "updated_at": DONE,
    "deadline_at": "2026-01-02T03:14:05Z",
    "error": None,
    "latest_event": EVENT,
    "user_category": "FEMALE",
    "items": [{"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}],
    "runtime_config": {"format": "webp", "width": 768},
    "reference": "order-1042",
    "metadata": {"sku": "TS-1042-M"},
}
CANCELLED_JOB: Final[dict[str, Any]] = {
    **JOB,
    "status": "FAILURE",
    "refunded": True,
    "billing": _billing(10, DONE),
    "error": {
        "code": "cancelled",
        "message": "The look was cancelled on request.",
        "item_index": None,
    },
    "latest_event": None,
    "artifacts": [],
}
RENDER: Final[dict[str, Any]] = {
    "request_id": REQUEST_ID,
    "user_category": "FEMALE",
    "picture": PICTURE,
    "cutouts": [],
    "garments": [
        {
            "trial_image": "users/abc/trial/shirt-1.jpg",
            "trial_item_category": "shirt",
            "layer_order": 32,
            "layer": "32",
            "box": [176, 187, 594, 562],
            "warnings": [],
        }
    ],
    "created_at": AT,
    "completed_at": DONE,
}
LOOK: Final[dict[str, Any]] = {
    "user_category": "FEMALE",
    "items": [{"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}],
    "runtime_config": {"format": "webp", "width": 768},
    "reference": "order-1042",
    "metadata": {"sku": "TS-1042-M"},
}

WEBHOOK: Final[dict[str, Any]] = {
    "id": "01ARZ3NDEKWEBH00K000000001",
    "url": "https://example.com/hooks/looks",
    "event_types": ["look.completed", "look.failed"],
    "description": "the shop",
    "include_image_url": False,
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": AT,
}
DELIVERY: Final[dict[str, Any]] = {
    "id": "01ARZ3NDEKDE11VERY00000001",
    "event_id": EVENT["event_id"],
    "event_type": "look.completed",
    "request_id": REQUEST_ID,
    "status": "delivered",
    "attempts": 1,
    "next_attempt_at": None,
    "last_attempt": {
        "at": DONE,
        "duration_ms": 84,
        "status_code": 204,
        "error": None,
        "answer": "",
    },
    "created_at": DONE,
}
PENDING_DELIVERY: Final[dict[str, Any]] = {
    **DELIVERY,
    "status": "pending",
    "attempts": 0,
    "next_attempt_at": DONE,
    "last_attempt": None,
}
UPLOAD_KEY = "users/abc/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV.jpg"
ME: Final[dict[str, Any]] = {
    "tenant_id": "demo",
    "environment": "live",
    "key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "key_name": "web shop",
    "capabilities": ["jobs:create", "jobs:read"],
    "object_key_prefixes": ["users/abc/"],
    "strict_fields": True,
    "strict_options": True,
}
