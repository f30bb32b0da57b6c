"""What can go wrong.

    LooksError
    ├── ConnectionFailed           no answer came, or none that is one of Looks'
    ├── WaitTimeout                the look was not finished in the time given; it goes on
    ├── WebhookVerificationError   a call that Looks did not make, or not now
    └── APIError                   an answer that is not 2xx: status, code, field, request_id
        ├── AuthenticationError    401
        ├── InsufficientBalance    402: nothing was charged; top up and send the same again
        ├── PermissionDenied       403
        ├── NotFound               404
        ├── Conflict               409
        ├── InvalidRequest         every other 4xx; `field` says what of it
        ├── RateLimited            429, after the retries
        └── ServerError            5xx, after the retries

A look that failed is none of these: its job says why, in `error`, and was refunded.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from looks_client.models import ErrorEnvelope, ValidationErrorItem

UNREADABLE: Final = "UNREADABLE_ANSWER"
"""Of an answer without the envelope: something between sent it."""


class LooksError(Exception):
    """All of them."""


class ConnectionFailed(LooksError):
    """No answer, or none that can be read. What was asked for may have happened all the same: send
    it again with the same idempotency key.
    """

    def __init__(self, message: str, idempotency_key: str | None = None) -> None:
        """`idempotency_key`: of the request, where it had one."""
        super().__init__(message)
        self.idempotency_key = idempotency_key


class WaitTimeout(LooksError, TimeoutError):
    """The time given is over. The look goes on: wait again."""

    def __init__(self, request_id: str, timeout_s: float) -> None:
        """For this request."""
        super().__init__(f"{request_id} is not finished after {timeout_s:g} s")
        self.request_id = request_id


class WebhookVerificationError(LooksError):
    """Answer 401, and do nothing of what the call says."""


class APIError(LooksError):
    """An answer that is not 2xx. Nothing was charged."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        request_id: str,
        detail: tuple[ValidationErrorItem, ...] = (),
    ) -> None:
        """As the envelope says. `request_id`: of this exchange; quote it when you ask for help."""
        super().__init__(f"{status} {code}: {message} (request {request_id})")
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.detail = detail
        self.retry_after_s: float | None = None
        """How long the service asks to wait, where it does."""
        self.idempotency_key: str | None = None
        """Of the request, where it had one."""

    @property
    def field(self) -> str | None:
        """The first place that is wrong, such as `body.items.0.trial_item_category`."""
        return ".".join(map(str, self.detail[0].loc)) if self.detail else None


class AuthenticationError(APIError):
    """The key is missing, misspelt, revoked or expired."""


class InsufficientBalance(APIError):
    """The balance does not cover the look."""


class PermissionDenied(APIError):
    """The key may not do this."""


class NotFound(APIError):
    """There is no such thing, or it is another tenant's."""


class Conflict(APIError):
    """Something else came first."""


class InvalidRequest(APIError):
    """What was sent can't be used."""


class RateLimited(APIError):
    """Too many requests."""


class ServerError(APIError):
    """An error on the service's side."""


_CLASSES: Final[Mapping[int, type[APIError]]] = {
    401: AuthenticationError,
    402: InsufficientBalance,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> APIError:
    """The exception for an answer that is not 2xx; it is not raised."""
    kind = _CLASSES.get(status, ServerError if status >= 500 else InvalidRequest)
    try:
        envelope = ErrorEnvelope.model_validate_json(body)
    except ValidationError:
        start = body[:200].decode(errors="replace")
        error = kind(status, UNREADABLE, start, headers.get("x-request-id", ""))
    else:
        said = envelope.error
        error = kind(status, said.code, said.message, said.request_id, _detail(body))
    error.retry_after_s = _seconds(headers.get("retry-after"))
    return error


def _detail(body: bytes) -> tuple[ValidationErrorItem, ...]:
    detail: Any = json.loads(body).get("detail")
    try:
        return tuple(ValidationErrorItem.model_validate(one) for one in detail or ())
    except (ValidationError, TypeError):
        return ()


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
