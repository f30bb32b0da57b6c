"""`/ops/v1/dead-letters` and `/ops/v1/quarantine`: what failed and what nobody could read, and what
is done about it. No order is carried out without the plan that a dry run gave for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from api.answers import gives
from api.errors import ApiError, invalid
from api.ops.gates import OpsRoute, RowLimit, needs, operator_of
from api.ops.ports import OpsPorts, actor
from api.ops.refusals import ACTING, SEEING, OpsRefused
from api.queries import UtcTime
from domain.operators import OperatorRole
from domain.redriving import Fault, RecordPosition
from operations.letters.acting import carry_out
from operations.letters.choice import Choice, Window, place_of
from operations.letters.dead import Letters
from operations.letters.desk import Desk
from operations.letters.finding import find, newest
from operations.letters.planning import (
    RedrivePlan,
    discard_letters,
    discard_records,
    redrive_letters,
    redrive_records,
)
from operations.letters.quarantine import Quarantined
from operations.letters.records import record_object
from operations.letters.standing import standing_of
from schemas.errors import ErrorCode
from schemas.failures import FailureCode
from schemas.ids import RequestId
from schemas.namespace import Namespace
from schemas.operations import (
    DeadLetterItem,
    DeadLetterList,
    DiscardLetters,
    DiscardRecords,
    LettersOrder,
    OrderAnswer,
    PlanItem,
    QuarantinedItem,
    QuarantinedList,
    RecordsOrder,
    RedriveLetters,
    RedriveRecords,
    RequestStands,
)
from storage.operator_actions import OperatorBusy

router = APIRouter(route_class=OpsRoute, tags=["letters"])

KEPT_OPEN = timedelta(days=7)
"""How far back lists go when nobody says since when."""
PlanMaker = Callable[[], Awaitable[RedrivePlan]]
ANSWER = {"plan": "9f86d081884c7d65", "done": False, "items": [], "left": 0}
ONE_REQUEST = {"request_ids": ["01ARZ3NDEKTSV4RRFFQ69G5FAV"], "why": "the store was away"}


@router.get(
    "/ops/v1/dead-letters",
    response_model=DeadLetterList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_dead_letters(  # noqa: PLR0913 (query parameters are arguments)
    request: Request,
    reason: FailureCode | None = None,
    fault: Fault | None = None,
    tenant_id: Annotated[str | None, Query(max_length=200)] = None,
    since: UtcTime | None = None,
    unsettled: bool = False,
    limit: RowLimit = 100,
) -> DeadLetterList:
    """Failed requests that were kept whole, of the last seven days unless `since` says otherwise.
    `unsettled`: only those that no operator has dealt with. `fault`: only those that were ours, or
    the tenant's.
    """
    desk, kind = request.app.state.ports.desk, Letters()
    choice = Choice(reason=reason, fault=fault, tenant=tenant_id, window=Window(_since(since)))
    found = await newest(desk, kind, choice, limit, unsettled=unsettled)
    items = [
        DeadLetterItem.model_validate(kind.fields(one.one, one.record, one.state)) for one in found
    ]
    return DeadLetterList(items=sorted(items, key=lambda one: one.at, reverse=True))


@router.get(
    "/ops/v1/requests/{request_id}",
    response_model=RequestStands,
    responses=SEEING,
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def get_request(request: Request, request_id: RequestId) -> RequestStands:
    """Where one request stands: its dead letters whole, its timeline, what operators did."""
    ports: OpsPorts = request.app.state.ports
    letters: list[dict[str, object]] = []
    choice = Choice(frozenset((request_id,)))
    async with aclosing(find(ports.desk.kafka, Letters(), choice)) as found:
        async for _, record in found:
            letters.append(record_object(record))
    stands = await standing_of(ports.desk, request_id)
    if stands.standing is None and not letters:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such request.")
    return RequestStands(request_id=request_id, letters=letters, **stands.fields)


@router.post(
    "/ops/v1/dead-letters/redrive",
    response_model=OrderAnswer,
    responses=ACTING | gives(200, ANSWER),
    openapi_extra=needs(OperatorRole.OPERATOR, ONE_REQUEST),
)
async def redrive_dead_letters(request: Request, body: RedriveLetters) -> OrderAnswer:
    """Make failed requests good: those that failed by our fault and were refunded get a new one at
    no cost, once; a letter that nobody handled is sent again. Without `plan`: a dry run.
    """
    choice = _letters(body)
    return await _ordered(
        request, body, lambda: redrive_letters(_desk(request), choice, body.limit)
    )


@router.post(
    "/ops/v1/dead-letters/discard",
    response_model=OrderAnswer,
    responses=ACTING | gives(200, ANSWER),
    openapi_extra=needs(OperatorRole.OPERATOR, ONE_REQUEST),
)
async def discard_dead_letters(request: Request, body: DiscardLetters) -> OrderAnswer:
    """Put dead letters aside that need nothing more. The records stay on their topic."""
    choice = _letters(body)
    return await _ordered(
        request, body, lambda: discard_letters(_desk(request), choice, body.limit)
    )


@router.get(
    "/ops/v1/quarantine",
    response_model=QuarantinedList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_quarantined(  # noqa: PLR0913 (query parameters are arguments)
    request: Request,
    consumer: Annotated[str | None, Query(max_length=200)] = None,
    topic: Annotated[str | None, Query(max_length=200)] = None,
    since: UtcTime | None = None,
    unsettled: bool = False,
    limit: RowLimit = 100,
) -> QuarantinedList:
    """Records that somebody could not read or handle, of the last seven days unless `since` says
    otherwise.
    """
    desk, kind = request.app.state.ports.desk, Quarantined()
    choice = Choice(topic=topic, consumer=consumer, window=Window(_since(since)))
    found = await newest(desk, kind, choice, limit, unsettled=unsettled)
    items = [
        QuarantinedItem.model_validate(kind.fields(one.one, one.record, one.state)) for one in found
    ]
    return QuarantinedList(items=sorted(items, key=lambda one: one.at, reverse=True))


@router.post(
    "/ops/v1/quarantine/redrive",
    response_model=OrderAnswer,
    responses=ACTING | gives(200, ANSWER),
    openapi_extra=needs(OperatorRole.OPERATOR, {"records": ["3@17"], "why": "mended"}),
)
async def redrive_quarantined(request: Request, body: RedriveRecords) -> OrderAnswer:
    """Send quarantined records back to the topics that they came from, in their order. Without
    `plan`: a dry run.
    """
    choice = _records(body, _desk(request).kafka.names)
    return await _ordered(
        request, body, lambda: redrive_records(_desk(request), choice, body.limit)
    )


@router.post(
    "/ops/v1/quarantine/discard",
    response_model=OrderAnswer,
    responses=ACTING | gives(200, ANSWER),
    openapi_extra=needs(OperatorRole.OPERATOR, {"records": ["3@17"], "why": "a test of ours"}),
)
async def discard_quarantined(request: Request, body: DiscardRecords) -> OrderAnswer:
    """Mark quarantined records as dealt with. The records stay on their topic."""
    choice = _records(body, _desk(request).kafka.names)
    return await _ordered(
        request, body, lambda: discard_records(_desk(request), choice, body.limit)
    )


def _desk(request: Request) -> Desk:
    ports: OpsPorts = request.app.state.ports
    return ports.desk


def _since(since: datetime | None) -> datetime:
    return since or datetime.now(UTC) - KEPT_OPEN


def _letters(body: LettersOrder) -> Choice:
    return _chosen(
        body,
        Choice(
            None if body.request_ids is None else frozenset(body.request_ids),
            body.reason,
            body.tenant_id,
            window=Window(body.since, body.until),
        ),
    )


def _records(body: RecordsOrder, names: Namespace) -> Choice:
    places: set[RecordPosition] = set()
    for index, text in enumerate(body.records or ()):
        try:
            places.add(place_of(text, names))
        except ValueError as error:
            raise invalid(("body", "records", index), str(error)) from None
    return _chosen(
        body,
        Choice(
            reason=body.reason,
            topic=body.topic,
            consumer=body.consumer,
            records=None if body.records is None else frozenset(places),
            window=Window(body.since, body.until),
        ),
    )


def _chosen(body: LettersOrder | RecordsOrder, choice: Choice) -> Choice:
    if choice.is_blanket and not body.everything:
        raise OpsRefused("NOT_SELECTED", "Select records, or say `everything`.")
    return choice


AnyOrder = RedriveLetters | DiscardLetters | RedriveRecords | DiscardRecords


async def _ordered(request: Request, body: AnyOrder, make: PlanMaker) -> OrderAnswer:
    """The plan; or what is done, where that plan is what would be done now."""
    ports: OpsPorts = request.app.state.ports
    if body.plan is None:
        return _answer(plan := await make(), plan.fingerprint, _planned(plan), done=False)
    try:
        async with ports.desk.actions.alone():
            plan = await make()
            if plan.fingerprint != body.plan:
                raise OpsRefused("PLAN_CHANGED", "Something has changed since: look at it anew.")
            who = actor(operator_of(request), body.why)
            items: list[PlanItem] = []
            async with aclosing(carry_out(ports.desk, who, plan.planned)) as done:
                async for one in done:
                    items.append(
                        PlanItem(
                            record=str(one.planned.place),
                            request_id=one.planned.request_id,
                            verb=one.word,
                            detail=one.detail,
                        )
                    )
    except OperatorBusy:
        raise OpsRefused("OPERATOR_BUSY", "Another operator is acting: try again.") from None
    return _answer(plan, body.plan, items, done=True)


def _planned(plan: RedrivePlan) -> list[PlanItem]:
    return [
        PlanItem(record=str(one.place), request_id=one.request_id, verb=one.verb, detail=one.detail)
        for one in plan.planned
    ]


def _answer(
    plan: RedrivePlan, fingerprint: str, items: Sequence[PlanItem], *, done: bool
) -> OrderAnswer:
    return OrderAnswer(plan=fingerprint, done=done, items=list(items), left=plan.left)
