"""`POST /v1/looks/batch`: up to 100 looks in one request, each accepted or refused on its own.

Each look is a submission of its own, with a charge of its own and, where the batch has an
`Idempotency-Key`, with a key that is made of it and the look's place. So a batch that broke off
goes on where it was when it is sent again, and nothing is charged twice (DESIGN 3.2).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from api import errors, examples
from api.answers import REPLAYED, gives, takes
from api.checking import check
from api.errors import ApiError, unavailable
from api.gates import GatedRoute, credential_of
from api.idempotency import IdempotencyKeyHeader, key_of, reused
from api.inline_photos import stored
from api.observed import traceparent_of
from api.ports import Ports
from api.refusals import CREATING, but
from api.submitting import fingerprint, look_of, submission_of, taken
from runtime import logs
from schemas.batches import BatchedLook, BatchProblem, LookBatch, LookBatchResult
from schemas.envelope import continued
from schemas.errors import STATUS, ErrorCode
from schemas.http import WorkflowAcceptedResponse
from storage.submissions import IdempotencyKey, KeyReused, Submission

router = APIRouter(route_class=GatedRoute, tags=["looks"])

PATH = "/v1/looks/batch"
ROUTE = f"POST {PATH}"
AT_ONCE = 25
"""Looks of one batch that wait for a commit at a time: others' looks come in between."""
BATCHES_MAX = 8
"""That one process works on at a time; more are answered 503."""

EXAMPLE = {
    "items": [
        {
            "accepted": {
                "request_id": examples.REQUEST_ID,
                "job_id": examples.REQUEST_ID,
                "status": "NOT_STARTED",
                "credits_cost": 10,
            }
        },
        {
            "problem": {
                "status": 402,
                "code": "INSUFFICIENT_BALANCE",
                "message": "A look costs 10 credits; 4 are left.",
                "detail": [],
            }
        },
    ],
    "accepted": 1,
    "refused": 1,
    "credits_cost": 10,
}


@dataclass(frozen=True, slots=True)
class _Decided:
    """An entry of the answer, and whether it had been given before."""

    entry: BatchedLook
    replayed: bool = False


@router.post(
    PATH,
    response_model=LookBatchResult,
    response_model_exclude_none=True,
    responses=but(CREATING, 402) | gives(200, EXAMPLE, headers=REPLAYED),
    openapi_extra=takes({"looks": [examples.LOOK, examples.LOOK]}),
    operation_id="create_looks",
    summary="Dispatch up to 100 looks, each on its own",
)
async def create_looks(
    request: Request,
    response: Response,
    body: LookBatch,
    idempotency_key: IdempotencyKeyHeader = None,
) -> LookBatchResult:
    """Each look is charged and recorded, or refused, as `POST /v1/look` would. In order: where the
    credits do not suffice for all, the first ones get them.
    """
    text = key_of(request.headers.getlist("idempotency-key"))
    places: asyncio.Semaphore = request.app.state.batch_places
    if places.locked():
        raise unavailable("Too many batches at once.")
    async with places:
        key = None if text is None else (text, fingerprint(await request.json()))
        asked = [
            await _prepared(request, place, look, key) for place, look in enumerate(body.looks)
        ]
        decided = await _decided(request, asked)
    if any(one.replayed for one in decided):
        response.headers["Idempotency-Replayed"] = "true"
    costs = [one.entry.accepted.credits_cost for one in decided if one.entry.accepted is not None]
    return LookBatchResult(
        items=[one.entry for one in decided],
        accepted=len(costs),
        refused=len(decided) - len(costs),
        credits_cost=sum(costs),
    )


async def _prepared(
    request: Request, place: int, asked: object, key: tuple[str, bytes] | None
) -> Submission | BatchedLook:
    """What is to be accepted of one look, or what is wrong with it."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    try:
        look = look_of(asked)
        given = asked if isinstance(asked, dict) else {}
        return replace(
            submission_of(ports, who, look, check(look, given, who, ports)),
            items=await stored(look, who, request.app.state),
            idempotency=key and IdempotencyKey(ROUTE, f"{key[0]}#{place}", key[1]),
            traceparent=continued(traceparent_of(request.scope)),
        )
    except errors.EXPECTED as error:
        return _problem(request, place, error)


async def _decided(request: Request, asked: Sequence[Submission | BatchedLook]) -> list[_Decided]:
    """Each in turn. With an idempotency key the first goes alone: it tells whether the key came
    with another batch, before more is charged. Raises ApiError 409 and 422 then.
    """
    first = next(
        (place for place, one in enumerate(asked) if isinstance(one, Submission)), len(asked)
    )
    keyed = any(isinstance(one, Submission) and one.idempotency for one in asked)
    begin = first + 1 if keyed else 0
    decided = [await _one(request, place, asked[place], alone=True) for place in range(begin)]
    for start in range(begin, len(asked), AT_ONCE):
        places = range(start, min(start + AT_ONCE, len(asked)))
        decided += await asyncio.gather(*(_one(request, place, asked[place]) for place in places))
    return decided


async def _one(
    request: Request, place: int, asked: Submission | BatchedLook, *, alone: bool = False
) -> _Decided:
    """`alone`: what speaks of the key speaks of the whole batch, and is raised."""
    if isinstance(asked, BatchedLook):
        return _Decided(asked)
    ports: Ports = request.app.state.ports
    try:
        verdict = await ports.acceptance.accept(asked)
        if isinstance(verdict, KeyReused):
            raise reused("batch")
        request_id, answer, replayed = taken(verdict, asked)
    except errors.EXPECTED as error:
        if alone and isinstance(error, ApiError) and error.code in _OF_THE_KEY:
            raise
        return _Decided(_problem(request, place, error))
    if not replayed:
        logs.each_look("look accepted", __name__, [(request_id, asked.traceparent)])
    accepted = WorkflowAcceptedResponse.model_validate_json(answer)
    return _Decided(BatchedLook(accepted=accepted), replayed)


_OF_THE_KEY = frozenset({ErrorCode.IDEMPOTENCY_KEY_REUSED, ErrorCode.IDEMPOTENCY_IN_PROGRESS})


def _problem(request: Request, place: int, error: Exception) -> BatchedLook:
    refusal = errors.refusal_of(request, error)
    own = ["body", "looks", place]
    detail = [
        item.model_copy(update={"loc": [*own, *item.loc[1:]]}) if item.loc[:1] == ["body"] else item
        for item in refusal.items
    ]
    message = refusal.message
    if message.startswith("body"):
        message = f"{'.'.join(str(part) for part in own)}{message[len('body') :]}"
    return BatchedLook(
        problem=BatchProblem(
            status=STATUS[refusal.code], code=refusal.code, message=message, detail=detail
        )
    )
