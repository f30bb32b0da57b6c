"""What a tenant used: by day, and by day and key."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.answers import gives
from api.errors import invalid
from api.gates import GatedRoute, credential_of
from api.ports import Ports
from api.queries import Day
from api.refusals import READING
from schemas.reads import Usage, UsageByKey, UsageDay, UsageOfKey
from storage.usage import UsageRow

router = APIRouter(route_class=GatedRoute, tags=["account"])

MAX_USAGE_DAYS = 366
DEFAULT_USAGE_DAYS = 30
First = Annotated[
    Day | None,
    Query(alias="from", description="first day, UTC; by default 29 days before the last"),
]
Last = Annotated[
    Day | None, Query(alias="to", description="last day, UTC, included; by default today")
]

EXAMPLE_DAY = {
    "day": "2026-01-02",
    "operation": "look",
    "requests": 12,
    "succeeded": 11,
    "failed": 1,
    "credits_charged": 120,
    "credits_refunded": 10,
    "credits_net": 110,
}
EXAMPLE_RANGE = {"first_day": "2025-12-04", "last_day": "2026-01-02"}
EXAMPLE_KEY = {
    "key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "key_name": "web shop",
    "key_last4": "x7Qa",
}


@router.get(
    "/v1/usage",
    response_model=Usage,
    responses=READING | gives(200, {**EXAMPLE_RANGE, "items": [EXAMPLE_DAY]}),
    operation_id="get_usage",
)
async def get_usage(request: Request, first: First = None, last: Last = None) -> Usage:
    """Requests and credits by day and operation. Past days change until their last request has
    ended.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    since, until = _days(first, last)
    rows = await ports.usage.by_day(who.tenant_id, who.environment, since, until)
    return Usage(first_day=since, last_day=until, items=[UsageDay(**_sums(row)) for row in rows])


@router.get(
    "/v1/usage/keys",
    response_model=UsageByKey,
    responses=READING | gives(200, {**EXAMPLE_RANGE, "items": [{**EXAMPLE_DAY, **EXAMPLE_KEY}]}),
    operation_id="get_usage_by_key",
)
async def get_usage_by_key(request: Request, first: First = None, last: Last = None) -> UsageByKey:
    """The same for each key. A key that was rotated has another id from then on."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    since, until = _days(first, last)
    rows = await ports.usage.by_day_and_key(who.tenant_id, who.environment, since, until)
    items = [
        UsageOfKey(
            **_sums(row.sums), key_id=row.key_id, key_name=row.key_name, key_last4=row.key_last4
        )
        for row in rows
    ]
    return UsageByKey(first_day=since, last_day=until, items=items)


def _days(first: date | None, last: date | None) -> tuple[date, date]:
    """Raises ApiError 422 for a range that is upside down or too long."""
    until = last or datetime.now(UTC).date()
    since = first or until - timedelta(days=DEFAULT_USAGE_DAYS - 1)
    if not 0 <= (until - since).days < MAX_USAGE_DAYS:
        raise invalid(("query", "from"), f"must be at most {MAX_USAGE_DAYS} days up to `to`")
    return since, until


def _sums(row: UsageRow) -> dict[str, object]:
    return {
        "day": row.day,
        "operation": row.operation,
        "requests": row.requests,
        "succeeded": row.succeeded,
        "failed": row.failed,
        "credits_charged": row.charged,
        "credits_refunded": row.refunded,
        "credits_net": row.charged - row.refunded,
    }
