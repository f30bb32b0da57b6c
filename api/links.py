"""OpenAPI links: which answer names what another operation asks for, so that clients and tests can
follow.
"""

from typing import Any

_REQUEST_ID = {"request_id": "$response.body#/request_id"}
_WEBHOOK_ID = {"webhook_id": "$response.body#/id"}
_DELIVERY_ID = {"webhook_id": "$request.path.webhook_id", "delivery_id": "$response.body#/id"}
_OF_A_JOB = ("get_job", "list_job_events", "stream_job_events", "cancel_job", "get_render")
_OF_A_WEBHOOK = (
    "get_webhook",
    "update_webhook",
    "delete_webhook",
    "rotate_webhook_secret",
    "test_webhook",
    "list_webhook_deliveries",
)
_PAGED = {
    "list_jobs": {},
    "list_renders": {},
    "get_credits": {},
    "list_webhooks": {},
    "list_webhook_deliveries": {"webhook_id": "$request.path.webhook_id"},
}


def _to(operation: str, **parameters: str) -> dict[str, Any]:
    return {"operationId": operation, "parameters": parameters}


LINKS: dict[tuple[str, str], dict[str, Any]] = {
    ("create_look", "202"): {name: _to(name, **_REQUEST_ID) for name in _OF_A_JOB},
    ("cancel_job", "202"): {name: _to(name, **_REQUEST_ID) for name in ("get_job", "cancel_job")},
    ("list_job_events", "200"): {
        "after": _to(
            "list_job_events",
            request_id="$request.path.request_id",
            since="$response.body#/latest_seq",
        )
    },
    ("upload_photo", "201"): {
        "dressed": {
            "operationId": "create_look",
            "requestBody": {
                "items": [
                    {"trial_image": "$response.body#/upload_key", "trial_item_category": "top"}
                ]
            },
        }
    },
    ("create_webhook", "201"): {name: _to(name, **_WEBHOOK_ID) for name in _OF_A_WEBHOOK},
    ("test_webhook", "202"): {
        name: _to(name, **_DELIVERY_ID)
        for name in ("get_webhook_delivery", "redeliver_webhook_delivery")
    },
} | {
    (name, "200"): {"next": _to(name, cursor="$response.body#/next_cursor", **path)}
    for name, path in _PAGED.items()
}
"""(operation id, status) -> links by name."""


def add_links(document: dict[str, Any]) -> None:
    """Put the links into an OpenAPI document."""
    for operation in (
        operation for path in document["paths"].values() for operation in path.values()
    ):
        for status, answer in operation["responses"].items():
            links = LINKS.get((operation["operationId"], status))
            if links is not None:
                answer["links"] = links
