"""Which errors routes answer with, as their OpenAPI declares them: the tables that several share.

A description names the codes; the document has an example of each.
"""

from collections.abc import Mapping
from typing import Any, Final

from api.answers import JSON, ON_EVERY_ANSWER, SECONDS, Answers, HeaderTable, header
from api.examples import REQUEST_ID
from schemas.errors import STATUS, ErrorCode
from schemas.responses import ErrorEnvelope, HTTPValidationError

RETRY_AFTER: Final[HeaderTable] = {"Retry-After": header("seconds", SECONDS)}
BY_STATUS: Final[Mapping[int, HeaderTable]] = {
    401: {"WWW-Authenticate": header("`Bearer`")},
    429: {"Retry-After": header("seconds until the request would be allowed", SECONDS)},
    503: RETRY_AFTER,
}
INVALID: Final = STATUS[ErrorCode.VALIDATION_ERROR]


def refusals(descriptions: Mapping[int, str], headers: HeaderTable | None = None) -> Answers:
    """Errors by status; `headers` beside those that every answer of the status has."""
    return {
        status: {
            "model": HTTPValidationError if status == INVALID else ErrorEnvelope,
            "description": description,
            "headers": {**ON_EVERY_ANSWER, **BY_STATUS.get(status, {}), **(headers or {})},
            "content": {JSON: {"examples": _examples(status, description)}},
        }
        for status, description in descriptions.items()
    }


def only(answers: Answers, *statuses: int) -> Answers:
    """Those of these statuses."""
    return {status: answers[status] for status in statuses}


def but(answers: Answers, *statuses: int) -> Answers:
    """Those of other statuses."""
    return {status: answer for status, answer in answers.items() if status not in statuses}


def _examples(status: int, description: str) -> dict[str, Any]:
    codes = [code for code in ErrorCode if STATUS[code] == status and code in description]
    return {code.value: {"value": _error(code)} for code in codes}


def _error(code: ErrorCode) -> dict[str, Any]:
    error = {
        "code": code.value,
        "message": "What is wrong, in a sentence.",
        "exchange_id": REQUEST_ID,
        "request_id": REQUEST_ID,
    }
    if STATUS[code] != INVALID:
        return {"error": error}
    wrong = {
        "loc": ["query", "limit"],
        "msg": "Input should be less than or equal to 100",
        "type": "less_than_equal",
    }
    if code is ErrorCode.IDEMPOTENCY_KEY_REUSED:
        wrong = {
            "loc": ["header", "Idempotency-Key"],
            "msg": error["message"],
            "type": "idempotency_key_reused",
        }
    return {"detail": [wrong], "error": error}


CREATING = refusals(
    {
        401: "UNAUTHENTICATED",
        402: "INSUFFICIENT_BALANCE: nothing created, nothing charged",
        403: "CAPABILITY_MISSING, or ORIGIN_REFUSED for a cookie from another site",
        406: "NOT_ACCEPTABLE: the Accept header rules out what this route gives",
        408: "REQUEST_TIMEOUT",
        413: "PAYLOAD_TOO_LARGE",
        415: "UNSUPPORTED_MEDIA_TYPE",
        422: "VALIDATION_ERROR or IDEMPOTENCY_KEY_REUSED: nothing charged",
        429: "RATE_LIMITED",
        503: "UNAVAILABLE: try again, with the same Idempotency-Key",
    }
) | refusals({409: "IDEMPOTENCY_IN_PROGRESS"}, RETRY_AFTER)
READING = only(CREATING, 401, 403, 406, 422, 429, 503)
WITH_A_BODY = only(CREATING, 408, 413, 415)
OF_A_JOB = READING | refusals({404: "JOB_NOT_FOUND, also for another tenant's"})
OF_A_WEBHOOK = READING | refusals({404: "WEBHOOK_NOT_FOUND, also for another tenant's"})
