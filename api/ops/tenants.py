"""`/ops/v1/tenants`: tenants, what they can spend, and grants; `/ops/v1/looks/waiting`: what they
wait for.
"""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.answers import gives
from api.errors import ApiError
from api.ops.gates import OpsRoute, RowLimit, needs, operator_of
from api.ops.ports import OpsPorts, actor
from api.ops.refusals import ACTING, SEEING, OpsRefused
from api.queries import whole
from domain.erasure import is_pseudonym
from domain.operators import OperatorRole
from operations.grants import grant
from schemas.errors import ErrorCode
from schemas.operations import (
    EnvironmentName,
    Grant,
    Granted,
    LedgerItem,
    TenantDetail,
    TenantItem,
    TenantItemList,
    WaitingLookItem,
    WaitingLookList,
)
from storage.accounts import GrantRefused, UnknownTenant

router = APIRouter(route_class=OpsRoute, tags=["tenants"])

ENVIRONMENTS: tuple[EnvironmentName, ...] = ("live", "test")
ENTRIES = 20


@router.get(
    "/ops/v1/tenants",
    response_model=TenantItemList,
    responses=SEEING | gives(200, {"items": [], "more": False}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_tenants(
    request: Request,
    query: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = "",
    webhooks_disabled: bool = False,
    limit: RowLimit = 100,
) -> TenantItemList:
    """Tenants by id; `query`: a part of it. `webhooks_disabled`: only those with a webhook that was
    disabled after failed calls.
    """
    ports: OpsPorts = request.app.state.ports
    found = await ports.views.tenants(query, limit + 1, with_broken_webhooks=webhooks_disabled)
    items = [TenantItem(**asdict(one)) for one in found[:limit]]
    return TenantItemList(items=items, more=len(found) > limit)


@router.get(
    "/ops/v1/tenants/{tenant_id}",
    response_model=TenantDetail,
    responses=SEEING,
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def get_tenant(request: Request, tenant_id: str) -> TenantDetail:
    """One tenant: balances and the newest entries of its ledgers."""
    accounts = request.app.state.ports.accounts
    try:
        row = await accounts.tenant(_name(tenant_id))
        balances = {one: await accounts.balance(tenant_id, one) for one in ENVIRONMENTS}
    except UnknownTenant:
        raise _unknown() from None
    entries = {one: await accounts.statement(tenant_id, one, ENTRIES) for one in ENVIRONMENTS}
    return TenantDetail(
        tenant_id=row.tenant_id,
        key_prefixes=list(row.key_prefixes),
        engine=row.engine,
        quality_floor=row.quality_floor,
        balances=balances,
        entries={
            name: [
                LedgerItem(
                    id=one.id,
                    kind=one.kind,
                    amount=one.amount,
                    request_id=one.request_id,
                    at=one.created_at,
                )
                for one in found
            ]
            for name, found in entries.items()
        },
    )


@router.post(
    "/ops/v1/tenants/{tenant_id}/grants",
    response_model=Granted,
    responses=ACTING | gives(200, {"granted": True, "balance": 1500}),
    openapi_extra=needs(OperatorRole.OPERATOR, {"amount": 500, "reference": "ticket-4711"}),
)
async def grant_credits(request: Request, tenant_id: str, body: Grant) -> Granted:
    """Give credits, once per reference: the same order given again changes nothing."""
    ports: OpsPorts = request.app.state.ports
    who = actor(operator_of(request), body.why)
    try:
        given = await grant(
            ports.accounts, (_name(tenant_id), body.environment), body.amount, body.reference, who
        )
        balance = await ports.accounts.balance(tenant_id, body.environment)
    except UnknownTenant:
        raise _unknown() from None
    except GrantRefused as error:
        raise OpsRefused("GRANT_REFUSED", f"Nothing was granted: {error}.") from None
    return Granted(granted=given, balance=balance)


@router.get(
    "/ops/v1/looks/waiting",
    response_model=WaitingLookList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_waiting_looks(
    request: Request,
    older_than_s: Annotated[int, Query(ge=0, le=10**7), whole] = 60,
    limit: RowLimit = 100,
) -> WaitingLookList:
    """Looks without an outcome that were accepted so long ago, and those past their deadline."""
    ports: OpsPorts = request.app.state.ports
    found = await ports.views.waiting(older_than_s, limit)
    return WaitingLookList(items=[WaitingLookItem(**asdict(one)) for one in found])


def _name(tenant_id: str) -> str:
    if "\x00" in tenant_id or is_pseudonym(tenant_id):
        raise _unknown()
    return tenant_id


def _unknown() -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, "There is no such tenant.")
