"""`POST /v1/look`: check everything, charge and record in one commit, answer 202."""

import hashlib

import orjson
from fastapi import APIRouter, Request, Response

from api.errors import ApiError, invalid
from api.gates import GatedRoute, credential_of
from api.idempotency import IdempotencyKeyHeader, key_of, reused
from api.ports import Ports
from api.refusals import CREATING, but
from compositing import InvalidOption, parse_options
from domain.engines import OPTION, asked_for
from domain.object_keys import may_name, problem
from runtime.settings import EngineSettings
from schemas.categories import canonical
from schemas.engines import EngineName
from schemas.errors import ErrorCode
from schemas.http import JobStatus, LookRequest, WorkflowAcceptedResponse
from schemas.ids import new_request_id
from schemas.reads import LookValidation
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

router = APIRouter(route_class=GatedRoute, tags=["looks"])

ROUTE = LOOK_ROUTE
MAX_CONFIG_BYTES = 16 * 1024
EXACT = 2.0**53
"""Below it a float is one whole number and no other."""


@router.post(
    "/v1/look",
    status_code=202,
    response_model=WorkflowAcceptedResponse,
    responses=CREATING,
    operation_id="create_look",
    summary="Dispatch a look (mannequin composite) workflow",
)
async def create_look(
    request: Request,
    body: LookRequest,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Response:
    """Charge the look, record it, and answer at once; the picture follows."""
    ports: Ports = request.app.state.ports
    credential = credential_of(request)
    check(body, credential, ports.engine)
    request_id = new_request_id()
    answer = WorkflowAcceptedResponse(
        request_id=request_id,
        job_id=request_id,
        status=JobStatus.NOT_STARTED,
        credits_cost=ports.look.credits_cost,
    )
    submission = Submission(
        request_id=request_id,
        tenant_id=credential.tenant_id,
        environment=credential.environment,
        user_category=body.user_category,
        items=tuple(body.items),
        runtime_config=dict(body.runtime_config) if body.runtime_config is not None else None,
        credits_cost=ports.look.credits_cost,
        deadline_s=ports.look.deadline_s,
        answer=answer.model_dump_json().encode(),
        idempotency=_idempotency(request, idempotency_key, body),
        tenants_engine=credential.engine,
    )
    return _respond(await ports.acceptance.accept(submission), submission)


@router.post(
    "/v1/look/validate",
    response_model=LookValidation,
    responses=but(CREATING, 402, 409),
    operation_id="validate_look",
    summary="Check and price a look without charging it",
)
async def validate_look(request: Request, body: LookRequest) -> LookValidation:
    """The checks of `POST /v1/look` over the same body. Whether the photos exist is seen only when
    a look is made.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    warnings = check(body, who, ports.engine)
    balance = await ports.accounts.balance(who.tenant_id, who.environment)
    cost = ports.look.credits_cost
    return LookValidation(
        credits_cost=cost, balance=balance, sufficient=balance >= cost, warnings=list(warnings)
    )


def check(body: LookRequest, credential: Credential, engine: EngineSettings) -> tuple[str, ...]:
    """All that must hold before a charge and that the models can't say; returns warnings. Raises
    ApiError 422, or 503 for an engine of the tenant's that this deployment does not have.
    """
    for index, item in enumerate(body.items):
        place = ("body", "items", index)
        fault = problem(item.trial_image)
        if fault is not None:
            raise invalid((*place, "trial_image"), f"the object key {fault}")
        if not may_name(item.trial_image, credential.key_prefixes):
            raise invalid(
                (*place, "trial_image"), "the object key is not below a prefix of this tenant"
            )
        if canonical(item.trial_item_category) is None:
            raise invalid(
                (*place, "trial_item_category"),
                "unknown garment category; see GET /v1/garment-categories",
                "enum",
            )
    warnings = _check_options(body) if body.runtime_config is not None else ()
    asked = asked_for(body.runtime_config, credential.engine)
    if asked == EngineName.REMOTE and engine.url is None:
        if OPTION in (body.runtime_config or {}):
            raise invalid(
                ("body", "runtime_config", OPTION), "there is no remote engine here", "enum"
            )
        raise ApiError(
            ErrorCode.UNAVAILABLE,
            "The engine of this tenant is not there.",
            headers={"Retry-After": "60"},
        )
    return warnings


def _check_options(body: LookRequest) -> tuple[str, ...]:
    if len(orjson.dumps(dict(body.runtime_config or {}))) > MAX_CONFIG_BYTES:
        raise invalid(
            ("body", "runtime_config"), f"larger than {MAX_CONFIG_BYTES} bytes", "too_long"
        )
    try:
        return parse_options(body.runtime_config, body.user_category)[1]
    except InvalidOption as error:
        raise invalid(("body", "runtime_config", error.name), str(error)) from None


def _idempotency(request: Request, key: str | None, body: LookRequest) -> IdempotencyKey | None:
    text = key_of(request, key)
    if text is None:
        return None
    canonical_body = orjson.dumps(
        _plain_numbers(body.model_dump(exclude_unset=True, mode="json")),
        option=orjson.OPT_SORT_KEYS,
    )
    return IdempotencyKey(ROUTE, text, hashlib.sha256(canonical_body).digest())


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


def _respond(verdict: AcceptanceResult, submission: Submission) -> Response:
    match verdict:
        case Accepted(answer, replayed):
            request_id = orjson.loads(answer)["request_id"] if replayed else submission.request_id
            headers = {"Location": f"/v1/jobs/{request_id}", "Retry-After": "1"}
            if replayed:
                headers["Idempotency-Replayed"] = "true"
            return Response(answer, 202, headers, media_type="application/json")
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
                headers={"Retry-After": "1"},
            )
