"""`/v1/webhooks/{id}/deliveries`: what an endpoint was sent, what it answered, and how to send it
again.
"""

from datetime import UTC, datetime
from typing import Annotated, NoReturn

import orjson
from fastapi import APIRouter, Query, Request

from api import cursors, examples
from api.answers import gives, link, next_page
from api.errors import ApiError
from api.gates import credential_of
from api.owned import WebhookRoute, find_webhook, may_exist
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusals import OF_A_WEBHOOK, refusals
from domain.webhook_events import trial
from schemas.errors import ErrorCode
from schemas.ids import new_request_id
from schemas.webhooks import Delivery, DeliveryAttempt, DeliveryInFull, DeliveryList, DeliveryStatus
from storage.webhook_deliveries import DeliveryPage, DeliveryRow, EndpointDisabled

router = APIRouter(route_class=WebhookRoute, tags=["webhooks"])

DISABLED = refusals({409: "WEBHOOK_DISABLED: enable it first"})
OF_A_DELIVERY = OF_A_WEBHOOK | refusals(
    {404: "WEBHOOK_NOT_FOUND or DELIVERY_NOT_FOUND, also for another tenant's"}
)

EXAMPLE_OF_PAYLOAD = {
    "type": "look.completed",
    "timestamp": examples.DONE,
    "data": {
        "request_id": examples.REQUEST_ID,
        "status": "SUCCESS",
        "seq": 3,
        "credits_cost": 10,
        "credits_refunded": 0,
        "job_url": f"/v1/jobs/{examples.REQUEST_ID}",
    },
}
FOLLOWED_BY = ("get_webhook_delivery", "redeliver_webhook_delivery")
OF_THIS_TEST = {
    "webhook_id": "$request.path.webhook_id",
    "delivery_id": "$response.body#/id",
}


@router.post(
    "/v1/webhooks/{webhook_id}/test",
    status_code=202,
    response_model=Delivery,
    responses={**OF_A_WEBHOOK, **DISABLED}
    | gives(
        202,
        {**examples.PENDING_DELIVERY, "event_type": "webhook.test", "request_id": None},
        links={name: link(name, **OF_THIS_TEST) for name in FOLLOWED_BY},
    ),
    operation_id="test_webhook",
)
async def send_test(request: Request, webhook_id: str) -> Delivery:
    """Send a `webhook.test` to an endpoint, once. Read the delivery to see what came of it."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    event = trial(new_request_id(), datetime.now(UTC))
    return _due(
        await ports.deliveries.send(who.tenant_id, who.environment, known.webhook_id, event)
    )


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    response_model=DeliveryList,
    responses=OF_A_WEBHOOK
    | gives(
        200,
        {"items": [examples.DELIVERY], "next_cursor": None},
        links=next_page("list_webhook_deliveries", webhook_id="$request.path.webhook_id"),
    ),
    operation_id="list_webhook_deliveries",
)
async def list_deliveries(
    request: Request,
    webhook_id: str,
    status: Annotated[
        DeliveryStatus | None, Query(description="only those that stand there")
    ] = None,
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> DeliveryList:
    """Deliveries to an endpoint, newest first. Finished ones are kept for 30 days."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    scope = ("deliveries", who.tenant_id, who.environment, known.webhook_id, status)
    chosen = DeliveryPage(limit + 1, status.value if status else None, cursors.read(cursor, *scope))
    rows = await ports.deliveries.deliveries(
        who.tenant_id, who.environment, known.webhook_id, chosen
    )
    page = rows[:limit]
    more = cursors.make(page[-1].delivery_id, *scope) if len(rows) > limit else None
    return DeliveryList(items=[_shown(row) for row in page], next_cursor=more, count=len(page))


@router.get(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
    response_model=DeliveryInFull,
    responses=OF_A_DELIVERY | gives(200, {**examples.DELIVERY, "payload": EXAMPLE_OF_PAYLOAD}),
    operation_id="get_webhook_delivery",
)
async def get_delivery(request: Request, webhook_id: str, delivery_id: str) -> DeliveryInFull:
    """One delivery, its latest try, and what is sent."""
    row = await _find(request, webhook_id, delivery_id)
    return DeliveryInFull(**_shown(row).model_dump(), payload=orjson.loads(row.payload))


@router.post(
    "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver",
    status_code=202,
    response_model=Delivery,
    responses={**OF_A_DELIVERY, **DISABLED} | gives(202, examples.PENDING_DELIVERY),
    operation_id="redeliver_webhook_delivery",
)
async def redeliver(request: Request, webhook_id: str, delivery_id: str) -> Delivery:
    """Send a delivery again, with the same id and body, whatever came of it before."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await _find(request, webhook_id, delivery_id)
    return _due(
        await ports.deliveries.redeliver(
            who.tenant_id, who.environment, webhook_id, known.delivery_id
        )
    )


async def _find(request: Request, webhook_id: str, delivery_id: str) -> DeliveryRow:
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await find_webhook(request, webhook_id)
    if not may_exist(delivery_id):
        _missing()
    row = await ports.deliveries.delivery(
        who.tenant_id, who.environment, known.webhook_id, delivery_id
    )
    return row or _missing()


def _due(outcome: DeliveryRow | EndpointDisabled | None) -> Delivery:
    if isinstance(outcome, EndpointDisabled):
        raise ApiError(ErrorCode.WEBHOOK_DISABLED, "This webhook is disabled: enable it first.")
    return _shown(outcome or _missing())


def _missing() -> NoReturn:
    raise ApiError(ErrorCode.DELIVERY_NOT_FOUND, "There is no such delivery.")


def _shown(row: DeliveryRow) -> Delivery:
    last = None
    if row.last is not None:
        last = DeliveryAttempt(
            at=row.last.at,
            duration_ms=row.last.duration_ms,
            status_code=row.last.status_code,
            error=row.last.error,
            answer=row.last.answer,
        )
    return Delivery(
        id=row.delivery_id,
        event_id=row.event_id,
        event_type=row.event_type,
        request_id=row.request_id,
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        next_attempt_at=row.due_at,
        last_attempt=last,
        created_at=row.created_at,
    )
