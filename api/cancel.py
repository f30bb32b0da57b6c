"""`POST /v1/jobs/{request_id}/cancel`: the pipeline decides, in order with the request; this waits
for what it decides.
"""

from fastapi import APIRouter, Request, Response

from api import examples, present
from api.answers import COME_BACK, gives, link
from api.errors import ApiError
from api.gates import GatedRoute, credential_of
from api.news import is_settled, wait_for
from api.owned import find_job
from api.ports import Ports
from api.refusals import OF_A_JOB, refusals
from schemas.errors import ErrorCode
from schemas.failures import FailureCode
from schemas.responses import Job

router = APIRouter(route_class=GatedRoute, tags=["jobs"])

WAIT_S = 10.0

CANCEL_ANSWERS = {
    **OF_A_JOB,
    **gives(200, examples.CANCELLED_JOB),
    **gives(
        202,
        {**examples.JOB, "status": "IN_PROGRESS", "latest_event": None, "artifacts": []},
        headers=COME_BACK,
        links={
            name: link(name, request_id="$response.body#/request_id")
            for name in ("get_job", "cancel_job")
        },
        model=Job,
        description="asked; not decided yet: ask again or read the job",
    ),
    **refusals({409: "OUTCOME_CAME_FIRST: it had succeeded or failed before the cancel was read"}),
}


@router.post(
    "/v1/jobs/{request_id}/cancel",
    response_model=Job,
    responses=CANCEL_ANSWERS,
    operation_id="cancel_job",
    summary="Cancel a job that has no outcome yet",
)
async def cancel_job(request: Request, response: Response, request_id: str) -> Job:
    """Either FAILURE (cancelled) and the credits back, or the outcome that came first; never both.
    Safe to repeat.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    job = await find_job(request, request_id)
    await ports.cancellations.cancel(who.tenant_id, who.environment, job.request_id)
    news = await wait_for(request, job.request_id, job.latest_seq, is_settled, within_s=WAIT_S)
    job = news.job
    if not is_settled(news):
        response.status_code = 202
        response.headers.update({"Location": f"/v1/jobs/{job.request_id}", "Retry-After": "1"})
    elif job.error is None or job.error[0] != FailureCode.CANCELLED:
        how = "succeeded" if job.error is None else f"failed ({job.error[0]})"
        raise ApiError(
            ErrorCode.OUTCOME_CAME_FIRST, f"The job had {how} before it could be cancelled."
        )
    return present.full(job, ports.links)
