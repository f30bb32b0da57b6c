"""`/v1/webhooks`: where a tenant is told of its finished looks. Another tenant's endpoint and no
endpoint look the same.
"""

import secrets

from fastapi import APIRouter, Request, Response

from api import cursors, examples
from api.answers import Answers, gives, header, link, next_page, takes
from api.errors import ApiError, invalid
from api.gates import credential_of
from api.owned import WebhookRoute, find_webhook, no_such_webhook
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusals import OF_A_WEBHOOK, READING, WITH_A_BODY, but, refusals
from domain.webhooks import SECRET_BYTES, make_secret
from schemas.errors import ErrorCode
from schemas.ids import new_request_id
from schemas.webhooks import (
    CreateWebhook,
    RotateSecret,
    UpdateWebhook,
    Webhook,
    WebhookList,
    WebhookPayload,
    WebhookSecret,
    WebhookWithSecret,
)
from storage.webhooks import MAX_PER_TENANT, NewSecret, NewWebhook, WebhookChange, WebhookRow

router = APIRouter(route_class=WebhookRoute, tags=["webhooks"])

INVALID = refusals({422: "VALIDATION_ERROR: also for a URL that must not be called"})
LIMIT = refusals({409: f"LIMIT_REACHED: there are {MAX_PER_TENANT} endpoints"})

TRIED_AGAIN: Answers = {"default": {"description": "tried again, 8 times in 24 hours; 410: never"}}

FOLLOWED_BY = (
    "get_webhook",
    "update_webhook",
    "delete_webhook",
    "rotate_webhook_secret",
    "test_webhook",
    "list_webhook_deliveries",
)


@router.post(
    "/v1/webhooks",
    status_code=201,
    response_model=WebhookWithSecret,
    responses={**READING, **WITH_A_BODY, **INVALID, **LIMIT}
    | gives(
        201,
        {**examples.WEBHOOK, "secret": "whsec_..."},
        headers={"Location": header("path of the endpoint")},
        links={name: link(name, webhook_id="$response.body#/id") for name in FOLLOWED_BY},
    ),
    openapi_extra=takes(
        {
            "url": "https://example.com/hooks/looks",
            "event_types": ["look.completed"],
            "description": "the shop",
        }
    ),
    operation_id="create_webhook",
)
async def create_webhook(
    request: Request, response: Response, body: CreateWebhook
) -> WebhookWithSecret:
    """Add an endpoint. The answer holds the secret that its deliveries are signed with; it is not
    shown again.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    await _check_target(request, body.url)
    new = NewWebhook(
        webhook_id=new_request_id(),
        url=body.url,
        event_types=tuple(kind.value for kind in dict.fromkeys(body.event_types)),
        description=body.description,
        secret=make_secret(secrets.token_bytes(SECRET_BYTES)),
        include_image_url=body.include_image_url,
    )
    row = await ports.webhooks.create(who.tenant_id, who.environment, new)
    if row is None:
        raise ApiError(
            ErrorCode.LIMIT_REACHED,
            f"There are {MAX_PER_TENANT} endpoints, as many as there may be.",
        )
    response.headers["Location"] = f"/v1/webhooks/{row.webhook_id}"
    return WebhookWithSecret(**shown(row).model_dump(), secret=new.secret)


@router.get(
    "/v1/webhooks",
    response_model=WebhookList,
    responses=READING
    | gives(
        200,
        {"items": [examples.WEBHOOK], "next_cursor": None},
        links=next_page("list_webhooks"),
    ),
    operation_id="list_webhooks",
)
async def list_webhooks(
    request: Request,
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> WebhookList:
    """This tenant's endpoints, newest first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    scope = ("webhooks", who.tenant_id, who.environment)
    rows = await ports.webhooks.webhooks(
        who.tenant_id, who.environment, limit + 1, cursors.read(cursor, *scope)
    )
    page = rows[:limit]
    more = cursors.make(page[-1].webhook_id, *scope) if len(rows) > limit else None
    return WebhookList(items=[shown(row) for row in page], next_cursor=more, count=len(page))


@router.get(
    "/v1/webhooks/{webhook_id}",
    response_model=Webhook,
    responses=OF_A_WEBHOOK | gives(200, examples.WEBHOOK),
    operation_id="get_webhook",
)
async def get_webhook(request: Request, webhook_id: str) -> Webhook:
    """One endpoint."""
    return shown(await find_webhook(request, webhook_id))


@router.patch(
    "/v1/webhooks/{webhook_id}",
    response_model=Webhook,
    responses={**OF_A_WEBHOOK, **WITH_A_BODY, **INVALID} | gives(200, examples.WEBHOOK),
    openapi_extra=takes({"enabled": True}),
    operation_id="update_webhook",
)
async def update_webhook(request: Request, webhook_id: str, body: UpdateWebhook) -> Webhook:
    """Change an endpoint; what is absent or null stays. `enabled: false` skips what waits for
    it.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    if body.url is not None:
        await _check_target(request, body.url)
    kinds = (
        tuple(kind.value for kind in dict.fromkeys(body.event_types))
        if body.event_types is not None
        else None
    )
    change = WebhookChange(body.url, kinds, body.description, body.enabled, body.include_image_url)
    row = await ports.webhooks.update(who.tenant_id, who.environment, known.webhook_id, change)
    return shown(row or no_such_webhook())


@router.delete(
    "/v1/webhooks/{webhook_id}",
    status_code=204,
    responses=but(OF_A_WEBHOOK, 406)
    | gives(204),  # there is no content that a client might not accept
    operation_id="delete_webhook",
)
async def delete_webhook(request: Request, webhook_id: str) -> None:
    """Remove an endpoint and its deliveries."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    if not await ports.webhooks.delete(who.tenant_id, who.environment, known.webhook_id):
        no_such_webhook()


@router.post(
    "/v1/webhooks/{webhook_id}/rotate-secret",
    response_model=WebhookSecret,
    responses={**OF_A_WEBHOOK, **WITH_A_BODY}
    | gives(200, {"secret": "whsec_...", "previous_valid_until": "2026-01-03T03:04:05Z"}),
    openapi_extra=takes({"overlap_s": 86_400}),
    operation_id="rotate_webhook_secret",
)
async def rotate_secret(
    request: Request, webhook_id: str, body: RotateSecret | None = None
) -> WebhookSecret:
    """A new secret, shown here alone. During the overlap deliveries carry a signature by each of
    the two.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    new = NewSecret(
        make_secret(secrets.token_bytes(SECRET_BYTES)), (body or RotateSecret()).overlap_s
    )
    until = await ports.webhooks.rotate(who.tenant_id, who.environment, known.webhook_id, new)
    return WebhookSecret(secret=new.text, previous_valid_until=until or no_such_webhook())


def shown(row: WebhookRow) -> Webhook:
    """An endpoint as its tenant sees it."""
    return Webhook.model_validate(
        {
            "id": row.webhook_id,
            "url": row.url,
            "event_types": row.event_types,
            "description": row.description,
            "include_image_url": row.include_image_url,
            "enabled": row.disabled_reason is None,
            "disabled_reason": row.disabled_reason,
            "disabled_at": row.disabled_at,
            "failing_since": row.failing_since,
            "created_at": row.created_at,
        }
    )


async def _check_target(request: Request, url: str) -> None:
    ports: Ports = request.app.state.ports
    problem = await ports.targets.problem(url)
    if problem is not None:
        raise invalid(("body", "url"), problem)


outgoing = APIRouter()
"""Not served: what OpenAPI 3.1 calls webhooks, the calls that we make."""


@outgoing.post(
    "look.completed", operation_id="on_look_completed", responses=TRIED_AGAIN, tags=["webhooks"]
)
@outgoing.post(
    "look.failed", operation_id="on_look_failed", responses=TRIED_AGAIN, tags=["webhooks"]
)
@outgoing.post(
    "webhook.test", operation_id="on_webhook_test", responses=TRIED_AGAIN, tags=["webhooks"]
)
def webhook_call(body: WebhookPayload) -> None:
    """Signed by Standard Webhooks 1.0. Any 2xx within 15 seconds will do."""
