"""Credits, prices and categories, and whose the key is."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import cursors, examples, present
from api.answers import gives, next_page
from api.errors import invalid
from api.gates import GatedRoute, credential_of
from api.ports import Ports
from api.queries import Cursor, Day, PageLimit
from api.refusals import READING, but
from schemas.categories import CATEGORIES
from schemas.reads import Me, Usage, UsageDay
from schemas.responses import (
    Credits,
    GarmentCategoryList,
    GarmentCategoryOut,
    LedgerEntryOut,
    Operation,
    OperationList,
)

router = APIRouter(route_class=GatedRoute, tags=["account"])

MAX_USAGE_DAYS = 366
DEFAULT_USAGE_DAYS = 30


class AnyKeyRoute(GatedRoute):
    """For every key that works, whatever it may do."""

    needs = dict.fromkeys(("GET",), "")


whoever = APIRouter(route_class=AnyKeyRoute, tags=["account"])


@whoever.get(
    "/v1/me",
    response_model=Me,
    responses=but(READING, 403) | gives(200, examples.ME),
    operation_id="get_me",
)
async def get_me(request: Request) -> Me:
    """Whose key this is and what it may do."""
    return present.me(credential_of(request))


EXAMPLE_OF_CREDITS = {
    "balance": 90,
    "entries": [
        {
            "id": 2,
            "request_id": examples.REQUEST_ID,
            "kind": "charge",
            "amount": -10,
            "created_at": examples.AT,
        }
    ],
    "next_cursor": None,
}


@router.get(
    "/v1/credits",
    response_model=Credits,
    responses=READING | gives(200, EXAMPLE_OF_CREDITS, links=next_page("get_credits")),
    operation_id="get_credits",
)
async def get_credits(
    request: Request,
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> Credits:
    """The balance, and the ledger entries that it is the sum of, newest first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    scope = ("credits", who.tenant_id, who.environment)
    before = cursors.read(cursor, *scope)
    rows = await ports.accounts.statement(
        who.tenant_id, who.environment, limit + 1, int(before) if before else None
    )
    page = rows[:limit]
    return Credits(
        balance=await ports.accounts.balance(who.tenant_id, who.environment),
        entries=[
            LedgerEntryOut.model_validate(
                {
                    "id": row.id,
                    "request_id": row.request_id,
                    "kind": row.kind,
                    "amount": row.amount,
                    "created_at": row.created_at,
                }
            )
            for row in page
        ],
        next_cursor=cursors.make(str(page[-1].id), *scope) if len(rows) > limit else None,
    )


EXAMPLE_OF_USAGE = {
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
}


@router.get(
    "/v1/usage",
    response_model=Usage,
    responses=READING | gives(200, EXAMPLE_OF_USAGE),
    operation_id="get_usage",
)
async def get_usage(
    request: Request,
    first: Annotated[
        Day | None,
        Query(alias="from", description="first day, UTC; by default 29 days before the last"),
    ] = None,
    last: Annotated[
        Day | None, Query(alias="to", description="last day, UTC, included; by default today")
    ] = None,
) -> Usage:
    """Requests and credits by day and operation. Past days change until their last request has
    ended.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    until = last or datetime.now(UTC).date()
    since = first or until - timedelta(days=DEFAULT_USAGE_DAYS - 1)
    if not 0 <= (until - since).days < MAX_USAGE_DAYS:
        raise invalid(("query", "from"), f"must be at most {MAX_USAGE_DAYS} days up to `to`")
    rows = await ports.usage.by_day(who.tenant_id, who.environment, since, until)
    items = [
        UsageDay(
            day=row.day,
            operation=row.operation,
            requests=row.requests,
            succeeded=row.succeeded,
            failed=row.failed,
            credits_charged=row.charged,
            credits_refunded=row.refunded,
            credits_net=row.charged - row.refunded,
        )
        for row in rows
    ]
    return Usage(first_day=since, last_day=until, items=items)


EXAMPLE_OF_OPERATIONS = {
    "items": [{"name": "look", "op_class": "composite", "credits_cost": 10, "enabled": True}]
}


@router.get(
    "/v1/operations",
    response_model=OperationList,
    responses=READING | gives(200, EXAMPLE_OF_OPERATIONS),
    operation_id="list_operations",
)
async def list_operations(request: Request) -> OperationList:
    """The operations that cost credits, and what each costs now."""
    ports: Ports = request.app.state.ports
    look = Operation(
        name="look", op_class="composite", credits_cost=ports.look.credits_cost, enabled=True
    )
    return OperationList(items=[look])


EXAMPLE_OF_CATEGORIES = {
    "items": [
        {
            "key": "boots",
            "label": "Boots",
            "body_region": "feet",
            "layer": 11,
            "synonyms": ["boot"],
        }
    ]
}


@router.get(
    "/v1/garment-categories",
    response_model=GarmentCategoryList,
    responses=READING | gives(200, EXAMPLE_OF_CATEGORIES),
    operation_id="list_garment_categories",
)
async def list_garment_categories() -> GarmentCategoryList:
    """The categories that `trial_item_category` may name, by key or synonym."""
    return GarmentCategoryList(
        items=[
            GarmentCategoryOut(
                key=key,
                label=facts.label,
                body_region=facts.region,
                layer=facts.layer,
                synonyms=list(facts.synonyms),
            )
            for key, facts in CATEGORIES.items()
        ]
    )
