"""Credits, prices and categories, and whose the key is."""

from types import MappingProxyType

from fastapi import APIRouter, Request

from api import cursors, examples, present
from api.answers import gives, next_page, takes
from api.gates import GatedRoute, credential_of
from api.limits import request_claims
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusals import READING, WITH_A_BODY, but
from schemas.categories import CATEGORIES
from schemas.reads import CreditNotice, MyAccount, RateAllowance, SetCreditNotice
from schemas.responses import (
    Credits,
    GarmentCategoryList,
    GarmentCategoryOut,
    LedgerEntryOut,
    Operation,
    OperationList,
)
from storage.accounts import Credential

router = APIRouter(route_class=GatedRoute, tags=["account"])

LOW_BALANCE_LOOKS = 20
"""Whose price is the balance below which a tenant is told, unless it set one itself."""


class AnyKeyRoute(GatedRoute):
    """For every key that works, whatever it may do."""

    needs = dict.fromkeys(("GET",), "")


whoever = APIRouter(route_class=AnyKeyRoute, tags=["account"])


class ManagersRoute(GatedRoute):
    """For who looks after the tenant's keys."""

    needs = MappingProxyType({"GET": "jobs:read", "PUT": "keys:manage"})


notices = APIRouter(route_class=ManagersRoute, tags=["account"])

EXAMPLE_OF_ME = {
    **examples.ME,
    "balance": 90,
    "low_balance": 200,
    "balance_is_low": True,
    "limits": [{"name": "key-reads", "per_s": 1000, "burst": 2000}],
}


@whoever.get(
    "/v1/me",
    response_model=MyAccount,
    responses=but(READING, 403) | gives(200, EXAMPLE_OF_ME),
    operation_id="get_me",
)
async def get_me(request: Request) -> MyAccount:
    """Whose key this is, what it may do, and what there is to spend."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    balance = low = None
    if "jobs:read" in who.capabilities:
        balance = await ports.accounts.balance(who.tenant_id, who.environment)
        low = (await _notice(ports, who)).low_balance
    claims = [one for method in ("GET", "POST") for one in request_claims(ports.api, who, method)]
    return MyAccount(
        **present.me(who).model_dump(),
        balance=balance,
        low_balance=low,
        balance_is_low=None if balance is None or low is None else balance < low,
        limits=[
            RateAllowance(name=one.limit.name, per_s=one.limit.rate_per_s, burst=one.limit.burst)
            for one in claims
        ],
    )


async def _notice(ports: Ports, who: Credential) -> CreditNotice:
    own = await ports.accounts.low_balance(who.tenant_id, who.environment)
    rule = ports.look.credits_cost * LOW_BALANCE_LOOKS
    return CreditNotice(low_balance=rule if own is None else own, is_default=own is None)


@notices.get(
    "/v1/credits/notice",
    response_model=CreditNotice,
    responses=READING | gives(200, {"low_balance": 200, "is_default": True}),
    operation_id="get_credit_notice",
)
async def get_credit_notice(request: Request) -> CreditNotice:
    """Below which balance of this environment the tenant is told."""
    return await _notice(request.app.state.ports, credential_of(request))


@notices.put(
    "/v1/credits/notice",
    response_model=CreditNotice,
    responses=READING | WITH_A_BODY | gives(200, {"low_balance": 500, "is_default": False}),
    openapi_extra=takes({"low_balance": 500}),
    operation_id="set_credit_notice",
)
async def set_credit_notice(request: Request, body: SetCreditNotice) -> CreditNotice:
    """Set that, for all keys of this environment."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    await ports.accounts.set_low_balance(who.tenant_id, who.environment, body.low_balance)
    return await _notice(ports, who)


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
        count=len(page),
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
