"""`/v1/requests`: what was refused of a tenant's requests, by the id that answers say to quote."""

from fastapi import APIRouter, Request

from api import cursors, examples
from api.answers import gives, next_page
from api.errors import ApiError
from api.gates import GatedRoute, credential_of
from api.owned import may_exist
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusal_log import RefusalLog
from api.refusals import READING, refusals
from schemas.errors import ErrorCode
from schemas.refused import RefusedRequest, RefusedRequestList
from storage.refused_requests import RefusedRow

router = APIRouter(route_class=GatedRoute, tags=["account"])

EXAMPLE = {
    "exchange_id": examples.REQUEST_ID,
    "request_id": examples.REQUEST_ID,
    "key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "method": "POST",
    "path": "/v1/look",
    "status": 422,
    "code": "VALIDATION_ERROR",
    "message": "body.items: Field required",
    "created_at": examples.AT,
}


@router.get(
    "/v1/requests",
    response_model=RefusedRequestList,
    responses=READING
    | gives(
        200,
        {"items": [EXAMPLE], "next_cursor": None},
        links=next_page("list_refused_requests"),
    ),
    operation_id="list_refused_requests",
)
async def list_refused_requests(
    request: Request, limit: PageLimit = 20, cursor: Cursor = None
) -> RefusedRequestList:
    """Requests of this tenant's keys that were answered with an error in the last 7 days, newest
    first. Of more than 120 in a minute not all are noted; those without a key that works never are.
    """
    who = credential_of(request)
    scope = ("refused", who.tenant_id, who.environment)
    rows = await _rows(request, limit + 1, before=cursors.read(cursor, *scope))
    page = rows[:limit]
    return RefusedRequestList(
        items=[_shown(row) for row in page],
        next_cursor=cursors.make(page[-1].exchange_id, *scope) if len(rows) > limit else None,
        count=len(page),
    )


@router.get(
    "/v1/requests/{request_id}",
    response_model=RefusedRequest,
    responses=READING
    | refusals({404: "NOT_FOUND: not refused, not noted, too old, or another tenant's"})
    | gives(200, EXAMPLE),
    operation_id="get_refused_request",
)
async def get_refused_request(request: Request, request_id: str) -> RefusedRequest:
    """What was refused, by the `request_id` of its error. Other processes' are there a second
    later.
    """
    rows = await _rows(request, 1, only=request_id) if may_exist(request_id) else []
    if not rows:
        raise ApiError(ErrorCode.NOT_FOUND, "No refused request of this id is on record.")
    return _shown(rows[0])


async def _rows(
    request: Request, limit: int, *, before: str | None = None, only: str | None = None
) -> list[RefusedRow]:
    ports: Ports = request.app.state.ports
    noted: RefusalLog = request.app.state.refusals
    await noted.flush()
    who = credential_of(request)
    return await ports.refused.refused(
        who.tenant_id, who.environment, limit, before=before, only=only
    )


def _shown(row: RefusedRow) -> RefusedRequest:
    return RefusedRequest(
        exchange_id=row.exchange_id,
        request_id=row.exchange_id,
        key_id=row.key_id,
        method=row.method,
        path=row.path,
        status=row.status,
        code=row.code,
        message=row.message,
        created_at=row.created_at,
    )
