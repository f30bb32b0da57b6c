"""Credits, prices and categories."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from api import cursors
from api.gates import GatedRoute, credential_of
from api.jobs import READ_ERRORS
from api.ports import Ports
from schemas.categories import CATEGORIES
from schemas.responses import (
    Credits,
    GarmentCategoryList,
    GarmentCategoryOut,
    LedgerEntryOut,
    Operation,
    OperationList,
)

router = APIRouter(route_class=GatedRoute, tags=["account"])


@router.get("/v1/credits", response_model=Credits, responses=READ_ERRORS, operation_id="get_credits")
async def get_credits(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
) -> Credits:
    """The balance, and the ledger entries that it is the sum of, newest first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    scope = ("credits", who.tenant_id, who.environment)
    before = cursors.read(cursor, *scope)
    rows = await ports.accounts.statement(who.tenant_id, who.environment, limit + 1, int(before) if before else None)
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


@router.get("/v1/operations", response_model=OperationList, responses=READ_ERRORS, operation_id="list_operations")
async def list_operations(request: Request) -> OperationList:
    """What can be asked for, and what it costs now."""
    ports: Ports = request.app.state.ports
    look = Operation(name="look", op_class="composite", credits_cost=ports.look.credits_cost, enabled=True)
    return OperationList(items=[look])


@router.get(
    "/v1/garment-categories", response_model=GarmentCategoryList, responses=READ_ERRORS, operation_id="list_garment_categories"
)
async def list_garment_categories() -> GarmentCategoryList:
    """The categories that `trial_item_category` may name, by key or synonym."""
    return GarmentCategoryList(
        items=[
            GarmentCategoryOut(
                key=key, label=facts.label, body_region=facts.region, layer=facts.layer, synonyms=list(facts.synonyms)
            )
            for key, facts in CATEGORIES.items()
        ]
    )
