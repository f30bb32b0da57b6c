"""`POST /v1/look`: check everything, charge and record in one commit, answer 202.

An ASGI endpoint below FastAPI's nesting: the same gates, models and errors as every route, in one
pass over the headers, one over the body, one over the answer. FastAPI documents it (`documented`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from api import errors, examples, strict_json
from api.answers import COME_BACK, REPLAYED, gives, link, takes
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
from api.idempotency import IdempotencyKeyHeader, key_of, reused
from api.inline_photos import stored
from api.looks import check
from api.observed import traceparent_of
from api.ports import Ports
from api.queries import KnownParameters, Wait
from api.refusals import CREATING
from api.soon import READS, finished_within
from runtime import logs
from schemas.envelope import continued
from schemas.errors import ErrorCode
from schemas.http import JobStatus, LookRequest, WorkflowAcceptedResponse
from schemas.ids import new_request_id
from schemas.responses import Job
from storage.accounts import Credential
from storage.submissions import (
    LOOK_ROUTE,
    AcceptanceResult,
    Accepted,
    IdempotencyKey,
    KeyInProgress,
    KeyReused,
    Submission,
    Unpaid,
)

METHOD, PATH = LOOK_ROUTE.split(" ")
EXACT: Final = 2.0**53
"""Below it a float is one whole number and no other."""
RETRY_AFTER_S: Final = 1
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
_validate = LookRequest.__pydantic_validator__.validate_python
_wait: TypeAdapter[float] = TypeAdapter(Wait)
_answer_json = WorkflowAcceptedResponse.__pydantic_serializer__.to_json


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
        look, asked = _look_in(await _read_body(BoundedBody(receive, self._limit, declared)))
        ports: Ports = scope["app"].state.ports
        warnings = check(look, asked, credential, ports)
        items = await stored(look, credential, scope["app"].state)
        text = key_of(given.get(b"idempotency-key", ()))
        idempotency = None if text is None else _idempotency(text, look)
        submission = replace(
            _submission(ports, credential, look, idempotency, warnings),
            items=items,
            traceparent=continued(traceparent_of(scope)),
        )
        verdict = await ports.acceptance.accept(submission)
        request_id, answer, replayed = _accepted(verdict, submission)
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
        raise _located(error, "query", "wait") from None
    if wait_s and READS not in who.capabilities:
        raise ApiError(
            ErrorCode.CAPABILITY_MISSING,
            f"This key lacks the capability {READS}, by which a job is read: post without `wait`.",
        )
    return wait_s


def _located(error: ValidationError, *place: str) -> RequestValidationError:
    """As FastAPI says where something is wrong."""
    found = error.errors(include_url=False, include_input=False)
    return RequestValidationError([{**one, "loc": (*place, *one["loc"])} for one in found])


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


def _look_in(body: bytes) -> tuple[LookRequest, Mapping[str, Any]]:
    """The look that a body asks for, and as it was sent: all that the models can say of it is said
    here. Raises ApiError or RequestValidationError 422.
    """
    if not body:
        raise RequestValidationError(
            [{"type": "missing", "loc": ("body",), "msg": "Field required"}]
        )
    try:
        # As FastAPI validates bodies, so that what is wrong is called the same on every route.
        asked: Any = strict_json.parse(body)
        look: LookRequest = _validate(asked, from_attributes=True)
    except ValidationError as error:
        raise _located(error, "body") from None
    return look, asked


def _submission(
    ports: Ports,
    who: Credential,
    look: LookRequest,
    idempotency: IdempotencyKey | None,
    warnings: Sequence[str],
) -> Submission:
    request_id, config = new_request_id(), look.runtime_config
    cost = ports.look.credits_cost
    answer = WorkflowAcceptedResponse(
        request_id=request_id,
        job_id=request_id,
        status=JobStatus.NOT_STARTED,
        credits_cost=cost,
        warnings=list(warnings) or None,
    )
    return Submission(
        request_id=request_id,
        tenant_id=who.tenant_id,
        environment=who.environment,
        user_category=look.user_category,
        items=tuple(look.items),
        runtime_config=None if config is None else dict(config),
        credits_cost=cost,
        deadline_s=ports.look.deadline_s,
        answer=_answer_json(answer, exclude_none=True),
        idempotency=idempotency,
        tenants_engine=who.engine,
        reference=look.reference,
        metadata=look.metadata,
    )


def _idempotency(text: str, look: LookRequest) -> IdempotencyKey:
    canonical_body = orjson.dumps(
        _plain_numbers(look.model_dump(exclude_unset=True, mode="json")),
        option=orjson.OPT_SORT_KEYS,
    )
    return IdempotencyKey(LOOK_ROUTE, text, hashlib.sha256(canonical_body).digest())


def _plain_numbers(value: object) -> object:
    """The same value with 1.0 as 1: as RFC 8785 writes numbers, so that the spelling does not
    count.
    """
    match value:
        case dict():
            return {key: _plain_numbers(inner) for key, inner in value.items()}
        case list():
            return [_plain_numbers(inner) for inner in value]
        case float() if value.is_integer() and abs(value) < EXACT:
            return int(value)
        case _:
            return value


def _accepted(verdict: AcceptanceResult, submission: Submission) -> tuple[str, bytes, bool]:
    """Request id, answer, and whether it is a replay. Raises ApiError for what was not accepted."""
    match verdict:
        case Accepted(answer, replayed):
            request_id = orjson.loads(answer)["request_id"] if replayed else submission.request_id
            return request_id, answer, replayed
        case Unpaid(available):
            raise ApiError(
                ErrorCode.INSUFFICIENT_BALANCE,
                f"A look costs {submission.credits_cost} credits; {available} are left.",
            )
        case KeyReused():
            raise reused("body")
        case KeyInProgress():
            raise ApiError(
                ErrorCode.IDEMPOTENCY_IN_PROGRESS,
                "A request with this Idempotency-Key is being decided.",
                headers={"Retry-After": str(RETRY_AFTER_S)},
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
