"""`/ops/v1/erasures`: tenants that are erased."""

import asyncio
import re
from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from api.answers import gives
from api.errors import ApiError, invalid
from api.ops.gates import OpsRoute, RowLimit, needs, operator_of
from api.ops.ports import OpsPorts, actor
from api.ops.refusals import ACTING, SEEING, OpsRefused
from domain.erasure import TENANT_ID, words_pattern
from domain.operators import OperatorRole
from operations.erasing import erase_kept, hindrances
from schemas.errors import ErrorCode
from schemas.operations import (
    EraseTenant,
    ErasureAnswer,
    ErasureItem,
    ErasureItemList,
)
from storage.erasure import NoSuchTenant

router = APIRouter(route_class=OpsRoute, tags=["erasures"])

ACCEPTED = 202


@router.get(
    "/ops/v1/erasures",
    response_model=ErasureItemList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_erasures(request: Request, limit: RowLimit = 100) -> ErasureItemList:
    """Erasures, the newest first. Whose one was is known until it is finished."""
    ports: OpsPorts = request.app.state.ports
    running = {name for name, task in ports.erasing.items() if not task.done()}
    rows = await ports.views.erasures(limit)
    return ErasureItemList(
        items=[ErasureItem(**asdict(row), running=row.tenant_id in running) for row in rows]
    )


@router.post(
    "/ops/v1/erasures",
    response_model=ErasureAnswer,
    responses=ACTING
    | gives(200, {"begun": False, "hindrances": []})
    | gives(ACCEPTED, {"begun": True, "hindrances": []}, description="it has begun"),
    openapi_extra=needs(OperatorRole.ADMIN, {"tenant_id": "acme", "why": "asked for by mail"}),
)
async def erase_tenant(request: Request, response: Response, body: EraseTenant) -> ErasureAnswer:
    """Erase a tenant for good: pictures, photos, rows and words; amounts stay under a pseudonym.
    Without `confirm`: a dry run, which says what hinders it. Safe to repeat: it goes on where it
    stopped.
    """
    ports: OpsPorts = request.app.state.ports
    _sound(body)
    if any(not task.done() for task in ports.erasing.values()):
        raise OpsRefused("OPERATOR_BUSY", "An erasure runs: one at a time.")
    try:
        lines = await hindrances(
            ports.database, body.tenant_id, revoke=body.revoke, leave_shared=body.leave_shared
        )
    except NoSuchTenant:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such tenant.") from None
    if body.confirm is None:
        return ErasureAnswer(begun=False, hindrances=lines)
    if lines:
        raise OpsRefused("ERASURE_REFUSED", "; ".join(lines))
    who = actor(operator_of(request), body.why)
    work = erase_kept(
        ports.database, body.tenant_id, who, revoke=body.revoke, leave_shared=body.leave_shared
    )
    ports.erasing.clear()
    ports.erasing[body.tenant_id] = asyncio.create_task(work)
    response.status_code = ACCEPTED
    return ErasureAnswer(begun=True, hindrances=[])


def _sound(body: EraseTenant) -> None:
    """Raises ApiError 422."""
    if not TENANT_ID.fullmatch(body.tenant_id):
        raise invalid(("body", "tenant_id"), "is no tenant's id")
    if body.confirm not in (None, body.tenant_id):
        raise invalid(("body", "confirm"), "must be the tenant's id once more")
    if re.search(words_pattern(body.tenant_id, ()), body.why):
        raise invalid(("body", "why"), "is kept: it must not name the tenant")
