"""Which errors routes answer with, as their OpenAPI declares them: the tables that several share.

A description names the codes, so that the document has an example for each.
"""

from collections.abc import Mapping
from typing import Any

from schemas.errors import STATUS, ErrorCode
from schemas.responses import ErrorEnvelope, HTTPValidationError

Answers = dict[int | str, dict[str, Any]]
"""What FastAPI takes as a route's `responses`."""


def refusals(descriptions: Mapping[int, str]) -> Answers:
    """Errors by status."""
    invalid = STATUS[ErrorCode.VALIDATION_ERROR]
    return {
        status: {
            "model": HTTPValidationError if status == invalid else ErrorEnvelope,
            "description": description,
        }
        for status, description in descriptions.items()
    }


def only(answers: Answers, *statuses: int) -> Answers:
    """Those of these statuses."""
    return {status: answers[status] for status in statuses}


def but(answers: Answers, *statuses: int) -> Answers:
    """Those of other statuses."""
    return {status: answer for status, answer in answers.items() if status not in statuses}


CREATING = refusals(
    {
        401: "UNAUTHENTICATED",
        402: "INSUFFICIENT_BALANCE: nothing created, nothing charged",
        403: "CAPABILITY_MISSING",
        406: "NOT_ACCEPTABLE: the Accept header rules out what this route gives",
        408: "REQUEST_TIMEOUT",
        409: "IDEMPOTENCY_IN_PROGRESS",
        413: "PAYLOAD_TOO_LARGE",
        415: "UNSUPPORTED_MEDIA_TYPE",
        422: "VALIDATION_ERROR or IDEMPOTENCY_KEY_REUSED: nothing charged",
        429: "RATE_LIMITED",
        503: "UNAVAILABLE: try again, with the same Idempotency-Key",
    }
)
READING = only(CREATING, 401, 403, 406, 422, 429, 503)
WITH_A_BODY = only(CREATING, 408, 413, 415)
OF_A_JOB = READING | refusals({404: "JOB_NOT_FOUND, also for another tenant's"})
OF_A_WEBHOOK = READING | refusals({404: "WEBHOOK_NOT_FOUND, also for another tenant's"})
