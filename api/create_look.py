"""`POST /v1/look`: check everything, charge and record in one commit, answer 202.

An ASGI endpoint below FastAPI's nesting: the same gates, models and errors as every route, in one
pass over the headers, one over the body, one over the answer. FastAPI documents it (`documented`).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors, examples, strict_json
from api.answers import COME_BACK, REPLAYED, gives, link, takes
from api.checking import check
from api.errors import ApiError
from api.gates import (
    CAPABILITY,
    IDENTITY,
    JSON,
    BodyLimit,
    BoundedBody,
    acceptable,
    admit,
    plain,
    sends_json,
)
from api.idempotency import IdempotencyKeyHeader, key_of
from api.inline_photos import stored
from api.observed import traceparent_of
from api.ports import Ports
from api.queries import KnownParameters, Wait
from api.refusals import CREATING
from api.soon import READS, finished_within
from api.submitting import (
    RETRY_AFTER_S,
    fingerprint,
    located,
    look_of,
    submission_of,
    taken,
)
from runtime import logs
from schemas.envelope import continued
from schemas.errors import ErrorCode
from schemas.http import LookRequest, WorkflowAcceptedResponse
from schemas.ids import new_request_id
from schemas.responses import Job
from storage.accounts import Credential
from storage.submissions import LOOK_ROUTE, IdempotencyKey

METHOD, PATH = LOOK_ROUTE.split(" ")
ACCEPTED: Final = 202
PARAMETERS: Final = KnownParameters(frozenset(("wait",)))

ConsultedHeaders = dict[bytes, list[str]]
HeaderList = list[tuple[bytes, bytes]]

_CONSULTED: Final = frozenset(
    (
        b"authorization",
        b"accept",
        b"content-encoding",
        b"content-type",
        b"content-length",
        b"idempotency-key",
    )
)
_wait: TypeAdapter[float] = TypeAdapter(Wait)


class CreateLook:
    """The ASGI endpoint."""

    path = PATH  # as FastAPI's routes say theirs

    def __init__(self, limit: BodyLimit) -> None:
        """`limit`: of a body."""
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange. Raises what nobody expected; then nothing was sent."""
        scope["route"] = self
        try:
            status, headers, body = await self._create(scope, receive)
        except errors.EXPECTED as error:
            await errors.answer(Request(scope), error)(scope, receive, send)
        except ClientDisconnect:
            return
        else:
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _create(self, scope: Scope, receive: Receive) -> tuple[int, HeaderList, bytes]:
        given = _consulted(scope)
        query = scope["query_string"]
        credential = await admit(scope, given.get(b"authorization", ()), CAPABILITY[METHOD])
        acceptable(given.get(b"accept", ()), JSON)
        plain(_first(given, b"content-encoding", IDENTITY))
        wait_s = _wait_in(QueryParams(query), credential) if query else 0.0
        sends_json(_first(given, b"content-type", ""))
        declared = _first(given, b"content-length", "0").encode()
        asked = _parsed(await _read_body(BoundedBody(receive, self._limit, declared)))
        look = look_of(asked)
        ports: Ports = scope["app"].state.ports
        warnings = check(look, asked, credential, ports)
        text = key_of(given.get(b"idempotency-key", ()))
        submission = replace(
            submission_of(ports, credential, look, warnings),
            items=await stored(look, credential, scope["app"].state),
            idempotency=None if text is None else _idempotency(text, look),
            traceparent=continued(traceparent_of(scope)),
        )
        verdict = await ports.acceptance.accept(submission)
        request_id, answer, replayed = taken(verdict, submission)
        if not replayed:
            logs.each_look("look accepted", __name__, [(request_id, submission.traceparent)])
        finished = await finished_within(scope, credential, request_id, wait_s) if wait_s else None
        status, body = (ACCEPTED, answer) if finished is None else (200, finished)
        return status, _headers(scope, request_id, len(body), status, replayed=replayed), body


class FirstInLine:
    """ASGI middleware: one endpoint is served before anything else is asked."""

    def __init__(self, app: ASGIApp, endpoint: ASGIApp) -> None:
        """All but the endpoint's own requests go on to `app`."""
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        mine = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == METHOD
        await (self._endpoint if mine else self._app)(scope, receive, send)


EXAMPLE = {
    "request_id": examples.REQUEST_ID,
    "job_id": examples.REQUEST_ID,
    "status": "NOT_STARTED",
    "credits_cost": 10,
}
FOLLOWED_BY = ("get_job", "list_job_events", "stream_job_events", "cancel_job", "get_render")
ANSWERS = (
    CREATING
    | gives(
        200,
        {**examples.JOB, "artifacts": [examples.PICTURE]},
        headers=REPLAYED,
        model=Job,
        description="with `wait`: the job has ended; SUCCESS with its picture, or FAILURE and "
        "refunded",
    )
    | gives(
        202,
        EXAMPLE,
        headers={**COME_BACK, **REPLAYED},
        links={name: link(name, request_id="$response.body#/request_id") for name in FOLLOWED_BY},
    )
)


def documented(endpoint: ASGIApp) -> APIRoute:
    """The route by which FastAPI knows the endpoint: its place in the OpenAPI document, and the
    405 of other methods.
    """

    async def create_look(
        body: LookRequest, wait: Wait = 0, idempotency_key: IdempotencyKeyHeader = None
    ) -> WorkflowAcceptedResponse:
        """Charge the look, record it, and answer at once; the picture follows. With `wait`: the
        finished job, where it ends within that time, else the same 202.
        """
        raise NotImplementedError

    route = APIRoute(
        PATH,
        create_look,
        methods=[METHOD],
        status_code=202,
        response_model=WorkflowAcceptedResponse,
        responses=ANSWERS,
        openapi_extra=takes(examples.LOOK),
        operation_id="create_look",
        summary="Dispatch a look (mannequin composite) workflow",
        tags=["looks"],
    )
    route.app = endpoint
    return route


def _consulted(scope: Scope) -> ConsultedHeaders:
    """The headers that are looked at, in one pass."""
    found: ConsultedHeaders = {}
    for name, value in scope["headers"]:
        if name in _CONSULTED:
            found.setdefault(name, []).append(value.decode("latin-1"))
    return found


def _wait_in(query: QueryParams, who: Credential) -> float:
    """Seconds to wait for the finished job. Raises ApiError 403 for a key that may not read one,
    and 422.
    """
    PARAMETERS.check(query, who)
    if "wait" not in query:
        return 0.0
    try:
        wait_s = _wait.validate_python(query["wait"])
    except ValidationError as error:
        raise located(error, "query", "wait") from None
    if wait_s and READS not in who.capabilities:
        raise ApiError(
            ErrorCode.CAPABILITY_MISSING,
            f"This key lacks the capability {READS}, by which a job is read: post without `wait`.",
        )
    return wait_s


def _first(given: ConsultedHeaders, name: bytes, default: str) -> str:
    values = given.get(name)
    return values[0] if values else default


async def _read_body(receive: Receive) -> bytes:
    """A body, to its end. Raises ClientDisconnect, and what `receive` raises."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _parsed(body: bytes) -> Any:
    """The value of a body. Raises ApiError or RequestValidationError 422."""
    if not body:
        raise RequestValidationError(
            [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
        )
    return strict_json.parse(body)


def _idempotency(text: str, look: LookRequest) -> IdempotencyKey:
    return IdempotencyKey(
        LOOK_ROUTE, text, fingerprint(look.model_dump(exclude_unset=True, mode="json"))
    )


def _headers(
    scope: Scope, request_id: str, length: int, status: int, *, replayed: bool
) -> HeaderList:
    limits: Mapping[str, str] = scope["state"]["limit_headers"]
    headers = [
        (b"content-type", JSON.encode()),
        (b"content-length", b"%d" % length),
        (b"location", f"/v1/jobs/{request_id}".encode()),
        *(((b"retry-after", b"%d" % RETRY_AFTER_S),) if status == ACCEPTED else ()),
        (b"x-request-id", new_request_id().encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in limits.items()),
    ]
    if replayed:
        headers.append((b"idempotency-replayed", b"true"))
    return headers
