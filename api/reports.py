"""`POST /v1/renders/{request_id}/report`: a bad picture is said to be one, once, and its credits
come back by the rule of `domain.goodwill`.
"""

from fastapi import APIRouter, Request

from api import examples
from api.answers import gives, takes
from api.gates import GatedRoute, credential_of
from api.news import no_such_job
from api.owned import may_exist
from api.ports import Ports
from api.refusals import OF_A_JOB, WITH_A_BODY
from schemas.goodwill import PictureReport, ReportPicture, ReportReason

router = APIRouter(route_class=GatedRoute, tags=["renders"])


@router.post(
    "/v1/renders/{request_id}/report",
    response_model=PictureReport,
    responses=OF_A_JOB
    | WITH_A_BODY
    | gives(
        200,
        {
            "request_id": examples.REQUEST_ID,
            "reason": "cut_out",
            "note": "",
            "credited": 10,
            "withheld": None,
            "created_at": examples.AT,
        },
    ),
    openapi_extra=takes({"reason": "cut_out"}),
    operation_id="report_picture",
    summary="Report a bad picture",
)
async def report_picture(request: Request, request_id: str, body: ReportPicture) -> PictureReport:
    """Report a finished picture. The first report counts: a second one changes nothing and is
    answered with the first.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    told = (
        await ports.goodwill.report(
            who.tenant_id, who.environment, request_id, body.reason.value, body.note
        )
        if may_exist(request_id)
        else None
    )
    if told is None:
        raise no_such_job()
    row, _ = told
    return PictureReport(
        request_id=row.request_id,
        reason=ReportReason(row.reason),
        note=row.note,
        credited=row.credited,
        withheld=None if row.withheld is None else row.withheld.value,
        created_at=row.created_at,
    )
