"""`GET /v1/renders...`: finished pictures."""

from fastapi import APIRouter, Request

from api import cursors, examples, present
from api.answers import gives, next_page
from api.gates import GatedRoute, credential_of
from api.news import no_such_job
from api.owned import may_exist
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusals import OF_A_JOB, READING
from schemas.reads import Render, RenderList

router = APIRouter(route_class=GatedRoute, tags=["renders"])


@router.get(
    "/v1/renders",
    response_model=RenderList,
    responses=READING
    | gives(
        200,
        {"items": [examples.RENDER], "next_cursor": None},
        links=next_page("list_renders"),
    ),
    operation_id="list_renders",
)
async def list_renders(
    request: Request, limit: PageLimit = 20, cursor: Cursor = None
) -> RenderList:
    """This tenant's finished looks, newest first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    scope = ("renders", who.tenant_id, who.environment)
    before = cursors.read(cursor, *scope)
    rows = await ports.jobs.renders(who.tenant_id, who.environment, limit + 1, before=before)
    page = rows[:limit]
    more = cursors.make(page[-1].request_id, *scope) if len(rows) > limit else None
    items = [present.render(row, ports.links) for row in page]
    return RenderList(items=items, next_cursor=more, count=len(items))


@router.get(
    "/v1/renders/{request_id}",
    response_model=Render,
    responses=OF_A_JOB | gives(200, examples.RENDER),
    operation_id="get_render",
)
async def get_render(request: Request, request_id: str) -> Render:
    """One finished look. A job without a picture is not found here."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    rows = (
        await ports.jobs.renders(who.tenant_id, who.environment, 1, only=request_id)
        if may_exist(request_id)
        else []
    )
    if not rows:
        raise no_such_job()
    return present.render(rows[0], ports.links)
