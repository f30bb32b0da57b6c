"""Fields of a request that nobody knows: a typo must not be charged as something else."""

from collections.abc import Mapping
from typing import Any

from api.errors import MAX_DETAILS, ApiError
from schemas.errors import ErrorCode
from schemas.http import FieldPath, unknown_fields
from schemas.responses import ValidationErrorItem
from storage.accounts import Credential

MAX_NAME_CHARS = 40
KIND = "extra_forbidden"


def check_fields(body: Mapping[str, Any], who: Credential) -> tuple[str, ...]:
    """A warning for each unknown field of a valid LookRequest, as it was sent. Raises ApiError 422
    where the key is strict, as those are that were made since unknown fields are refused.
    """
    unknown = unknown_fields(body)[:MAX_DETAILS]
    if not unknown:
        return ()
    told = [(_place(place), _meant(near)) for place, near in unknown]
    if not who.strict_fields:
        return tuple(f"unknown field {_dotted(at)!r} was ignored{meant}" for at, meant in told)
    at, meant = told[0]
    raise ApiError(
        ErrorCode.VALIDATION_ERROR,
        f"{_dotted(at)}: there is no such field{meant}",
        detail=[
            ValidationErrorItem(loc=list(one), msg=f"there is no such field{near}", type=KIND)
            for one, near in told
        ],
    )


def _place(place: FieldPath) -> FieldPath:
    return "body", *(part if isinstance(part, int) else part[:MAX_NAME_CHARS] for part in place)


def _dotted(place: FieldPath) -> str:
    return ".".join(str(part) for part in place)


def _meant(near: str | None) -> str:
    return f"; did you mean {near}?" if near else ""
