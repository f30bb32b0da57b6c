"""`GET /v1/jobs...`: where a tenant's own jobs stand. Another tenant's job and no job at all look
the same.
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import StringConstraints

from api import cursors, examples, present
from api.answers import Answers, gives, link, next_page
from api.errors import invalid
from api.gates import GatedRoute, credential_of
from api.idempotency import MAX_CHARS, unquoted
from api.news import is_settled, wait_for
from api.owned import find_job
from api.ports import Ports
from api.queries import AfterSeq, Cursor, PageLimit, UtcTime, Wait, seen_seq
from api.refusals import OF_A_JOB, READING, refusals
from api.streams import EventStream
from api.waiting import Hub
from domain.following import TERMINAL_EVENTS, resume
from schemas.categories import GarmentCategory, canonical
from schemas.http import (
    MAX_CATEGORY_CHARS,
    MAX_METADATA_NAME_CHARS,
    MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE_CHARS,
    MAX_REFERENCE_CHARS,
    NO_CONTROLS,
    JobStatus,
)
from schemas.responses import EventList, EventType, Job, JobList
from storage.jobs import JobFilter, JobRow

router = APIRouter(route_class=GatedRoute, tags=["jobs"])

SENT: dict[str, Any] = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "event": {"enum": [*(kind.value for kind in EventType), "reset", "reconnect"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/Event"},
                    {"type": "object", "maxProperties": 0},
                ]
            },
        },
    },
}
"""One event of the stream. OpenAPI 3.2 has `itemSchema` for it, 3.1 no word."""
STREAM_ANSWERS: Answers = {
    **OF_A_JOB,
    **gives(
        200,
        description="`id:` is the event's seq, `event:` its type, `data:` the event as in the "
        "list; also the events "
        "`reset` (Last-Event-ID is beyond the latest seq: all follows anew) and `reconnect` (come "
        "back with Last-Event-ID)",
        content={
            "text/event-stream": {
                "schema": {"type": "string"},
                "x-itemSchema": SENT,
                "example": "retry: 3000\nid: 1\nevent: queued\n"
                f'data: {{"event_id": "{examples.REQUEST_ID}", "seq": 1}}\n\n',
            }
        },
    ),
    **gives(
        204, description="the job has ended and you have seen its last event: do not come back"
    ),
    **refusals({429: "RATE_LIMITED: too many requests, or too many open streams"}),
}


Pair = Annotated[
    str,
    StringConstraints(
        max_length=MAX_METADATA_NAME_CHARS + 1 + MAX_METADATA_VALUE_CHARS,
        pattern=r"^[^\x00-\x1f\x7f]+:[^\x00-\x1f\x7f]*$",
    ),
]
JobType = Annotated[str, StringConstraints(pattern="^[a-z][a-z_-]{0,63}$")]

OfKey = Annotated[
    str | None,
    Query(
        description="only the job that was made with this key",
        max_length=MAX_CHARS + 2,
        pattern="^[!-~]+$",
    ),
]
OfReference = Annotated[
    str | None,
    Query(
        description="only jobs of looks with exactly this `reference`",
        min_length=1,
        max_length=MAX_REFERENCE_CHARS,
        pattern=NO_CONTROLS,
    ),
]
OfCategory = Annotated[
    str | None,
    Query(
        description="only jobs of looks with a garment of this category, said or guessed: a "
        "key or synonym of `GET /v1/garment-categories`",
        max_length=MAX_CATEGORY_CHARS,
    ),
]
OfMetadata = Annotated[
    list[Pair] | None,
    Query(
        description="`name:value`: only jobs of looks with this pair; given more than once, "
        "with all of them",
        max_length=MAX_METADATA_PAIRS,
    ),
]


@router.get(
    "/v1/jobs",
    response_model=JobList,
    responses=READING
    | gives(
        200,
        {"items": [examples.JOB], "next_cursor": None, "count": 1},
        links=next_page("list_jobs"),
    ),
    operation_id="list_jobs",
)
async def list_jobs(  # noqa: PLR0913 (each argument is a query parameter)
    request: Request,
    job_type: Annotated[
        list[JobType] | None, Query(description="only these types", max_length=10)
    ] = None,
    status: Annotated[
        list[JobStatus] | None, Query(description="only these states", max_length=4)
    ] = None,
    created_after: Annotated[UtcTime | None, Query(description="RFC 3339; inclusive")] = None,
    created_before: Annotated[UtcTime | None, Query(description="RFC 3339; exclusive")] = None,
    idempotency_key: OfKey = None,
    reference: OfReference = None,
    category: OfCategory = None,
    metadata: OfMetadata = None,
    limit: PageLimit = 20,
    cursor: Cursor = None,
) -> JobList:
    """This tenant's jobs, newest first. With `category` or `metadata` a page is searched for in
    1,000 jobs: it may have fewer than `limit`, or none, and still name the next one.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    types, states = tuple(sorted(job_type or ())), tuple(sorted(status or ()))
    key, kind, pairs = _text(idempotency_key), _kind(category), tuple(sorted(metadata or ()))
    scope = (
        "jobs",
        who.tenant_id,
        who.environment,
        types,
        states,
        str(created_after),
        str(created_before),
        key,
        *(() if reference is None else (reference,)),
        *(() if kind is None else ("category", kind)),
        *(("metadata", *pairs) if pairs else ()),
    )
    before = cursors.read(cursor, *scope)
    chosen = JobFilter(
        types, states, created_after, created_before, before, key, reference, kind, pairs
    )
    if chosen.is_searched:
        since = await ports.jobs.searched_until(who.tenant_id, who.environment, chosen)
        chosen = replace(chosen, since=since)
    rows = await ports.jobs.jobs(who.tenant_id, who.environment, chosen, limit + 1)
    page = rows[:limit]
    last = page[-1].request_id if len(rows) > limit else chosen.since
    more = cursors.make(last, *scope) if last is not None else None
    return JobList(
        items=[present.summary(row, ports.links) for row in page], next_cursor=more, count=len(page)
    )


@router.get(
    "/v1/jobs/{request_id}",
    response_model=Job,
    responses=OF_A_JOB | gives(200, {**examples.JOB, "artifacts": [examples.PICTURE]}),
    operation_id="get_job",
)
async def get_job(request: Request, request_id: str, wait: Wait = 0) -> Job:
    """One job, with its picture once it is SUCCESS. With `wait`: once it has ended, and is refunded
    where it failed.
    """
    ports: Ports = request.app.state.ports
    job = await find_job(request, request_id)
    if wait:
        _hub(request).refuse_if_full(credential_of(request))
        job = (await wait_for(request, request_id, job.latest_seq, is_settled, within_s=wait)).job
    return present.full(job, ports.links)


NEWER_EVENTS = link(
    "list_job_events",
    request_id="$request.path.request_id",
    since="$response.body#/latest_seq",
)


@router.get(
    "/v1/jobs/{request_id}/events",
    response_model=EventList,
    responses=OF_A_JOB
    | gives(200, {"items": [examples.EVENT], "latest_seq": 3}, links={"after": NEWER_EVENTS}),
    operation_id="list_job_events",
)
async def list_events(
    request: Request,
    request_id: str,
    since: AfterSeq = 0,
    wait: Wait = 0,
) -> EventList:
    """The job's events in order, without gaps. With `wait`: once there is one after `since`, or no
    more to come.
    """
    ports: Ports = request.app.state.ports
    await find_job(request, request_id)
    if wait:
        _hub(request).refuse_if_full(credential_of(request))
    news = await wait_for(
        request,
        request_id,
        since,
        lambda seen: bool(seen.events) or has_ended(seen.job),
        within_s=wait,
    )
    items = [present.event(row, news.job, ports.links) for row in news.events]
    return EventList(items=items, latest_seq=items[-1].seq if items else news.job.latest_seq)


@router.get(
    "/v1/jobs/{request_id}/events/stream",
    response_class=Response,
    responses=STREAM_ANSWERS,
    operation_id="stream_job_events",
    summary="The job's events as server-sent events",
)
async def stream_events(
    request: Request,
    request_id: str,
    since: AfterSeq = 0,
    last_event_id: Annotated[
        str | None,
        Header(
            alias="Last-Event-ID",
            description="the id of the last event you have; goes before `since`",
            json_schema_extra={"pattern": "^[ \\t]*([0-9]{1,19})?[ \\t]*$"},
        ),
    ] = None,
) -> Response:
    """The same events as they come, each with its seq as id. Ends after the last one."""
    seen = seen_seq(request, since)
    job = await find_job(request, request_id)
    start = resume(seen, job.latest_seq, ended=has_ended(job))
    if start.nothing_left:
        return Response(status_code=204)
    _hub(request).refuse_if_full(credential_of(request))
    return EventStream(request, job.request_id, start)


def has_ended(job: JobRow) -> bool:
    """Whether the last event that the job will ever have can be shown."""
    return job.latest_event is not None and job.latest_event.event_type in TERMINAL_EVENTS


def _hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


def _kind(category: str | None) -> GarmentCategory | None:
    """Raises ApiError 422 for what names no category."""
    if category is None or (found := canonical(category)) is not None:
        return None if category is None else found
    raise invalid(("query", "category"), "names no category of GET /v1/garment-categories")


def _text(key: str | None) -> str | None:
    return None if key is None else unquoted(key)
