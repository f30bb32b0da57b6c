"""From a look that is asked for to what is accepted, and what that is answered: the same for one
look and for each of a batch.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from api.errors import ApiError
from api.idempotency import reused
from api.ports import Ports
from schemas.errors import ErrorCode
from schemas.http import JobStatus, LookRequest, WorkflowAcceptedResponse
from schemas.ids import new_request_id
from storage.accounts import Credential
from storage.submissions import (
    AcceptanceResult,
    Accepted,
    KeyInProgress,
    KeyReused,
    Submission,
    Unpaid,
)

EXACT: Final = 2.0**53
"""Below it a float is one whole number and no other."""
RETRY_AFTER_S: Final = 1

_validate = LookRequest.__pydantic_validator__.validate_python
_answer_json = WorkflowAcceptedResponse.__pydantic_serializer__.to_json


def look_of(asked: object) -> LookRequest:
    """The look that a JSON value asks for: all that the models can say of it is said here. Raises
    RequestValidationError 422.
    """
    try:
        # As FastAPI validates bodies, so that what is wrong is called the same on every route.
        look: LookRequest = _validate(asked, from_attributes=True)
    except ValidationError as error:
        raise located(error, "body") from None
    return look


def located(error: ValidationError, *place: str) -> RequestValidationError:
    """As FastAPI says where something is wrong."""
    found = error.errors(include_url=False, include_input=False)
    return RequestValidationError([{**one, "loc": (*place, *one["loc"])} for one in found])


def submission_of(
    ports: Ports, who: Credential, look: LookRequest, warnings: Sequence[str]
) -> Submission:
    """What the ledger is asked to accept, with the answer that it gets then."""
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
        tenants_engine=who.engine,
        reference=look.reference,
        metadata=look.metadata,
        key_id=who.key_id,
    )


def fingerprint(body: Any) -> bytes:
    """Of a JSON value, however its numbers are spelt and its members are ordered."""
    canonical = orjson.dumps(_plain_numbers(body), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).digest()


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


def taken(verdict: AcceptanceResult, submission: Submission) -> tuple[str, bytes, bool]:
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
