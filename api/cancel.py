"""`POST /v1/jobs/{request_id}/cancel`: the pipeline decides, in order with the request; this waits for what it decides."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request, Response

from api import present
from api.errors import ApiError
from api.gates import GatedRoute, credential_of
from api.jobs import JOB_ERRORS, find
from api.ports import Ports
from schemas.errors import ErrorCode
from schemas.failures import FailureCode
from schemas.http import JobStatus
from schemas.responses import ErrorEnvelope, Job
from storage.jobs import JobRow

router = APIRouter(route_class=GatedRoute, tags=["jobs"])

WAIT_S = 10.0
POLL_S = 0.1

CANCEL_ERRORS: dict[int | str, dict[str, Any]] = {
    **JOB_ERRORS,
    202: {"model": Job, "description": "asked; not decided yet: ask again or read the job"},
    409: {"model": ErrorEnvelope, "description": "OUTCOME_CAME_FIRST: it had succeeded or failed before the cancel was read"},
}


@router.post(
    "/v1/jobs/{request_id}/cancel",
    response_model=Job,
    responses=CANCEL_ERRORS,
    operation_id="cancel_job",
    summary="Cancel a job that has no outcome yet",
)
async def cancel_job(request: Request, response: Response, request_id: str) -> Job:
    """Either FAILURE (cancelled) and the credits back, or the outcome that came first; never both. Safe to repeat."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    job = await find(request, request_id)
    await ports.cancellations.cancel(who.tenant_id, who.environment, job.request_id)
    give_up_s = time.monotonic() + WAIT_S
    while not is_final(job) and time.monotonic() < give_up_s:
        await asyncio.sleep(POLL_S)
        job = await find(request, request_id)
    if not is_final(job):
        response.status_code = 202
        response.headers["Retry-After"] = "1"
    elif job.error is None or job.error[0] != FailureCode.CANCELLED:
        how = "succeeded" if job.error is None else f"failed ({job.error[0]})"
        raise ApiError(ErrorCode.OUTCOME_CAME_FIRST, f"The job had {how} before it could be cancelled.")
    return present.full(job, ports.links)


def is_final(job: JobRow) -> bool:
    """Whether the job has its outcome and, where that is owed, its refund."""
    return job.status == JobStatus.SUCCESS or (job.status == JobStatus.FAILURE and job.refunded)
