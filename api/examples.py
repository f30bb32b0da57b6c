"""Examples of the published contract, one place: a test holds each against the schema that it
stands beside.
"""

from typing import Any

from schemas.errors import STATUS, ErrorCode

REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
_AT, _DONE = "2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z"
_META = {
    "width": 768,
    "height": 1152,
    "sha256": "9f" * 32,
    "content_type": "image/webp",
    "bytes": 48213,
}
_PICTURE = {
    "image_url": "https://objects.example/looks/...?X-Amz-Signature=...",
    "kind": "image",
    "role": "final",
    "label": "look",
    "meta": _META,
}
_EVENT = {
    "event_id": "01ARZ3NDEK8A4G2Q4VJ6Y5S1ZC",
    "seq": 3,
    "event_type": "succeeded",
    "visibility": "public",
    "stage": None,
    "message": "",
    "artifacts": [_PICTURE],
    "extra": {"duration_ms": 1180, "engine_version": "0.2.0"},
    "created_at": _DONE,
}
_JOB = {
    "request_id": REQUEST_ID,
    "job_id": REQUEST_ID,
    "job_type": "look",
    "status": "SUCCESS",
    "credits_cost": 10,
    "refunded": False,
    "billing": {"charged": 10, "charged_at": _AT, "refunded": 0, "refunded_at": None},
    "created_at": _AT,
    "updated_at": _DONE,
    "deadline_at": "2026-01-02T03:14:05Z",
    "error": None,
    "latest_event": _EVENT,
}
_CANCELLED = {
    **_JOB,
    "status": "FAILURE",
    "refunded": True,
    "billing": {"charged": 10, "charged_at": _AT, "refunded": 10, "refunded_at": _DONE},
    "error": {
        "code": "cancelled",
        "message": "The look was cancelled on request.",
        "item_index": None,
    },
    "latest_event": None,
    "artifacts": [],
}
_RENDER = {
    "request_id": REQUEST_ID,
    "user_category": "FEMALE",
    "picture": _PICTURE,
    "cutouts": [],
    "garments": [
        {"trial_item_category": "shirt", "layer": "32", "box": [176, 187, 594, 562], "warnings": []}
    ],
    "created_at": _AT,
    "completed_at": _DONE,
}
_LOOK = {
    "user_category": "FEMALE",
    "items": [{"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}],
    "runtime_config": {"format": "webp", "width": 768},
}

_WEBHOOK = {
    "id": "01ARZ3NDEKWEBH00K000000001",
    "url": "https://example.com/hooks/looks",
    "event_types": ["look.completed", "look.failed"],
    "description": "the shop",
    "enabled": True,
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": _AT,
}
_DELIVERY = {
    "id": "01ARZ3NDEKDE11VERY00000001",
    "event_id": _EVENT["event_id"],
    "event_type": "look.completed",
    "request_id": REQUEST_ID,
    "status": "delivered",
    "attempts": 1,
    "next_attempt_at": None,
    "last_attempt": {
        "at": _DONE,
        "duration_ms": 84,
        "status_code": 204,
        "error": None,
        "answer": "",
    },
    "created_at": _DONE,
}
_PENDING = {
    **_DELIVERY,
    "status": "pending",
    "attempts": 0,
    "next_attempt_at": _DONE,
    "last_attempt": None,
}
_UPLOAD_KEY = "users/abc/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV.jpg"

REQUESTS: dict[str, Any] = {
    "create_look": _LOOK,
    "validate_look": _LOOK,
    "presign_upload": {"content_type": "image/jpeg", "bytes": 182_044},
    "create_webhook": {
        "url": "https://example.com/hooks/looks",
        "event_types": ["look.completed"],
        "description": "the shop",
    },
    "update_webhook": {"enabled": True},
    "rotate_webhook_secret": {"overlap_s": 86_400},
}
"""Operation id -> a body."""

ANSWERS: dict[str, dict[str, Any]] = {
    "create_look": {
        "202": {
            "request_id": REQUEST_ID,
            "job_id": REQUEST_ID,
            "status": "NOT_STARTED",
            "credits_cost": 10,
        },
    },
    "validate_look": {
        "200": {
            "credits_cost": 10,
            "balance": 120,
            "sufficient": True,
            "warnings": ["unknown option 'glitter' was ignored"],
        },
    },
    "get_me": {
        "200": {
            "tenant_id": "demo",
            "environment": "live",
            "key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "capabilities": ["jobs:create", "jobs:read"],
            "object_key_prefixes": ["users/abc/"],
            "strict_fields": True,
        }
    },
    "list_jobs": {"200": {"items": [_JOB], "next_cursor": None, "count": 1}},
    "get_job": {"200": {**_JOB, "artifacts": [_PICTURE]}},
    "list_job_events": {"200": {"items": [_EVENT], "latest_seq": 3}},
    "stream_job_events": {
        "200": f'retry: 3000\nid: 1\nevent: queued\ndata: {{"event_id": "{REQUEST_ID}", "seq": '
        f"1}}\n\n"
    },
    "cancel_job": {
        "200": _CANCELLED,
        "202": {**_JOB, "status": "IN_PROGRESS", "latest_event": None, "artifacts": []},
    },
    "upload_photo": {"201": {"upload_key": _UPLOAD_KEY, "image_url": _PICTURE["image_url"]}},
    "presign_upload": {
        "201": {
            "upload_key": _UPLOAD_KEY,
            "url": "https://objects.example/looks",
            "fields": {"key": _UPLOAD_KEY, "Content-Type": "image/jpeg", "policy": "..."},
            "expires_at": "2026-01-02T03:14:05Z",
        },
    },
    "create_webhook": {"201": {**_WEBHOOK, "secret": "whsec_..."}},
    "list_webhooks": {"200": {"items": [_WEBHOOK], "next_cursor": None}},
    "get_webhook": {"200": _WEBHOOK},
    "update_webhook": {"200": _WEBHOOK},
    "rotate_webhook_secret": {
        "200": {"secret": "whsec_...", "previous_valid_until": "2026-01-03T03:04:05Z"}
    },
    "test_webhook": {"202": {**_PENDING, "event_type": "webhook.test", "request_id": None}},
    "list_webhook_deliveries": {"200": {"items": [_DELIVERY], "next_cursor": None}},
    "get_webhook_delivery": {"200": _DELIVERY},
    "redeliver_webhook_delivery": {"202": _PENDING},
    "list_renders": {"200": {"items": [_RENDER], "next_cursor": None}},
    "get_render": {"200": _RENDER},
    "get_credits": {
        "200": {
            "balance": 90,
            "entries": [
                {
                    "id": 2,
                    "request_id": REQUEST_ID,
                    "kind": "charge",
                    "amount": -10,
                    "created_at": _AT,
                }
            ],
            "next_cursor": None,
        },
    },
    "get_usage": {
        "200": {
            "first_day": "2025-12-04",
            "last_day": "2026-01-02",
            "items": [
                {
                    "day": "2026-01-02",
                    "operation": "look",
                    "requests": 12,
                    "succeeded": 11,
                    "failed": 1,
                    "credits_charged": 120,
                    "credits_refunded": 10,
                    "credits_net": 110,
                }
            ],
        },
    },
    "list_operations": {
        "200": {
            "items": [
                {"name": "look", "op_class": "composite", "credits_cost": 10, "enabled": True}
            ]
        }
    },
    "list_garment_categories": {
        "200": {
            "items": [
                {
                    "key": "boots",
                    "label": "Boots",
                    "body_region": "feet",
                    "layer": 11,
                    "synonyms": ["boot"],
                }
            ]
        },
    },
}
"""Operation id -> status -> a body."""


def add_examples(document: dict[str, Any]) -> None:
    """Put the examples, and one for each error code that an answer's description names, into an
    OpenAPI document.
    """
    for operation in (
        operation for path in document["paths"].values() for operation in path.values()
    ):
        name = operation["operationId"]
        if name in REQUESTS:
            operation["requestBody"]["content"]["application/json"]["example"] = REQUESTS[name]
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                if status in ANSWERS.get(name, {}):
                    content["example"] = ANSWERS[name][status]
                elif not status.startswith("2"):
                    content["examples"] = _errors(int(status), answer["description"])


def _errors(status: int, description: str) -> dict[str, Any]:
    codes = [code for code in ErrorCode if STATUS[code] == status and code in description]
    return {code.value: {"value": _error(code)} for code in codes}


def _error(code: ErrorCode) -> dict[str, Any]:
    error = {
        "code": code.value,
        "message": "What is wrong, in a sentence.",
        "request_id": REQUEST_ID,
    }
    if STATUS[code] != STATUS[ErrorCode.VALIDATION_ERROR]:
        return {"error": error}
    wrong = {
        "loc": ["query", "limit"],
        "msg": "Input should be less than or equal to 100",
        "type": "less_than_equal",
    }
    if code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
        wrong = {
            "loc": ["header", "Idempotency-Key"],
            "msg": error["message"],
            "type": "idempotency_key_reused",
        }
    return {"detail": [wrong], "error": error}
