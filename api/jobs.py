"""`GET /v1/jobs...`: where a tenant's own jobs stand. Another tenant's job and no job at all look the same."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from api import cursors, present
from api.errors import ApiError
from api.gates import GatedRoute, credential_of
from api.looks import ERRORS
from api.ports import Ports
from schemas.errors import ErrorCode
from schemas.http import JobStatus
from schemas.responses import ErrorEnvelope, EventList, Job, JobList
from storage.jobs import JobFilter, JobRow

router = APIRouter(route_class=GatedRoute, tags=["jobs"])

READ_ERRORS: dict[int | str, dict[str, Any]] = {status: ERRORS[status] for status in (401, 403, 422, 429, 503)}
JOB_ERRORS: dict[int | str, dict[str, Any]] = {
    **READ_ERRORS,
    404: {"model": ErrorEnvelope, "description": "JOB_NOT_FOUND, also for another tenant's"},
}
MAX_SEQ = 2**31 - 1


@router.get("/v1/jobs", response_model=JobList, responses=READ_ERRORS, operation_id="list_jobs")
async def list_jobs(  # noqa: PLR0913 (each argument is a query parameter)
    request: Request,
    job_type: Annotated[list[str] | None, Query(description="only these types", max_length=10)] = None,
    status: Annotated[list[JobStatus] | None, Query(description="only these states", max_length=4)] = None,
    created_after: Annotated[datetime | None, Query(description="RFC 3339; inclusive")] = None,
    created_before: Annotated[datetime | None, Query(description="RFC 3339; exclusive")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(description="`next_cursor` of the page before", max_length=200)] = None,
) -> JobList:
    """This tenant's jobs, newest first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    types, states = tuple(sorted(job_type or ())), tuple(sorted(status or ()))
    scope = ("jobs", who.tenant_id, who.environment, types, states, str(created_after), str(created_before))
    chosen = JobFilter(types, states, _aware(created_after), _aware(created_before), cursors.read(cursor, *scope))
    rows = await ports.jobs.jobs(who.tenant_id, who.environment, chosen, limit + 1)
    page = rows[:limit]
    more = cursors.make(page[-1].request_id, *scope) if len(rows) > limit else None
    return JobList(items=[present.summary(row, ports.links) for row in page], next_cursor=more, count=len(page))


@router.get("/v1/jobs/{request_id}", response_model=Job, responses=JOB_ERRORS, operation_id="get_job")
async def get_job(request: Request, request_id: str) -> Job:
    """One job, with its picture once it is SUCCESS."""
    ports: Ports = request.app.state.ports
    return present.full(await find(request, request_id), ports.links)


@router.get("/v1/jobs/{request_id}/events", response_model=EventList, responses=JOB_ERRORS, operation_id="list_job_events")
async def list_events(
    request: Request,
    request_id: str,
    since: Annotated[int, Query(ge=0, le=MAX_SEQ, description="only events with a larger seq")] = 0,
) -> EventList:
    """The job's events in order, without gaps."""
    ports: Ports = request.app.state.ports
    job = await find(request, request_id)
    rows = await ports.jobs.events(job.request_id, since)
    latest_seq = rows[-1].seq if rows else job.latest_event.seq if job.latest_event else 0
    return EventList(items=[present.event(row, job, ports.links) for row in rows], latest_seq=latest_seq)


async def find(request: Request, request_id: str) -> JobRow:
    """A job of the caller. Raises ApiError 404."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    job = None if "\x00" in request_id else await ports.jobs.job(who.tenant_id, who.environment, request_id)
    if job is None:
        raise ApiError(ErrorCode.JOB_NOT_FOUND, "There is no such job.")
    return job


def _aware(at: datetime | None) -> datetime | None:
    return at.astimezone() if at is not None and at.tzinfo is None else at
