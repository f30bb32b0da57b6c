"""Errors as the client sees them: one envelope for all, whoever raises them.

ApiError                 carries one of our codes; everything else is translated:
├── RequestValidationError   422 VALIDATION_ERROR with `detail`
├── HTTPException            404, 405 and the like, from the framework
├── database out of reach    503 UNAVAILABLE, with Retry-After
└── anything else            500 INTERNAL, logged with the exchange's id
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.routing import Match

from api.refusal_log import RefusalLog
from runtime import logs
from schemas.errors import STATUS, ErrorCode
from schemas.ids import new_request_id
from schemas.responses import ErrorBody, ErrorEnvelope, HTTPValidationError, ValidationErrorItem
from storage.acceptance import Overloaded
from storage.accounts import Credential
from storage.database import DATABASE_AWAY
from storage.refused_requests import RefusedRow

log = logs.get(__name__)

RETRY_AFTER_S = 1
MAX_DETAILS = 20
MAX_METHOD_CHARS, MAX_PATH_CHARS, MAX_MESSAGE_CHARS = 20, 200, 500
KNOWN = "known"
"""Where in a request's state the gates leave whose key they knew."""

NOT_ACCEPTED = "Too many requests are waiting. Not accepted, not charged: try again shortly."
OUT_OF_REACH = (
    "The database is out of reach. Try again shortly; with the same Idempotency-Key nothing is "
    "charged twice."
)
"""A connection that is cut during a commit leaves its outcome open, so no more than this can be
promised.
"""


class ApiError(HTTPException):
    """An expected refusal. Raised anywhere below a route."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        detail: Sequence[ValidationErrorItem] = (),
    ) -> None:
        """`detail`: for a 422, what is wrong where."""
        super().__init__(STATUS[code], message, dict(headers or {}))
        self.code = code
        self.message = message
        self.items = list(detail)


def invalid(loc: Sequence[str | int], msg: str, kind: str = "value_error") -> ApiError:
    """A VALIDATION_ERROR about one place."""
    item = ValidationErrorItem(loc=list(loc), msg=msg, type=kind)
    place = ".".join(str(part) for part in loc)
    return ApiError(ErrorCode.VALIDATION_ERROR, f"{place}: {msg}", detail=[item])


def exchange_id(request: Request) -> str:
    """The ULID of this exchange, the same in header, body and log."""
    known: str | None = getattr(request.state, "exchange_id", None)
    if known is None:
        known = new_request_id()
        request.state.exchange_id = known
    return known


def respond(request: Request, error: ApiError) -> JSONResponse:
    """The envelope."""
    own = exchange_id(request)
    body = ErrorBody(code=error.code, message=error.message, exchange_id=own, request_id=own)
    envelope: ErrorEnvelope | HTTPValidationError = ErrorEnvelope(error=body)
    if STATUS[error.code] == STATUS[ErrorCode.VALIDATION_ERROR]:
        envelope = HTTPValidationError(detail=error.items, error=body)
    headers = {**(error.headers or {}), "X-Request-Id": own}
    _note(request, STATUS[error.code], body)
    limits: Mapping[str, str] = getattr(request.state, "limit_headers", {})
    return JSONResponse(envelope.model_dump(mode="json"), STATUS[error.code], {**limits, **headers})


def _note(request: Request, status: int, told: ErrorBody) -> None:
    """Put it on the log of refused requests, where the gates knew the key. Waits for nothing."""
    who: Credential | None = getattr(request.state, KNOWN, None)
    if who is None:
        return
    noted: RefusalLog = request.app.state.refusals
    noted.note(
        RefusedRow(
            exchange_id=told.exchange_id,
            tenant_id=who.tenant_id,
            environment=who.environment,
            key_id=who.key_id,
            method=_kept(request.method, MAX_METHOD_CHARS),
            path=_kept(request.scope["path"], MAX_PATH_CHARS),
            status=status,
            code=told.code,
            message=_kept(told.message, MAX_MESSAGE_CHARS),
            created_at=datetime.now(UTC),
        )
    )


def _kept(text: str, chars: int) -> str:
    """As Postgres takes it."""
    return text[:chars].replace("\x00", "").encode("utf-8", "replace").decode()


_FRAMEWORK = {
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
}


def _from_framework(request: Request, error: StarletteHTTPException) -> ApiError:
    code = _FRAMEWORK.get(error.status_code, ErrorCode.VALIDATION_ERROR)
    headers = dict(error.headers or {})
    if code is ErrorCode.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed(request))
    return ApiError(code, str(error.detail), headers=headers)


_METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")


def _allowed(request: Request) -> list[str]:
    """The methods of all routes at this path: the framework names only those of the first. Where
    GET is, HEAD is too.
    """
    own = {
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    }
    return sorted(own | {"HEAD"} if "GET" in own else own)


def _from_validation(error: RequestValidationError) -> ApiError:
    """What is wrong and where, without echoing what was sent."""
    items = [
        ValidationErrorItem(
            loc=[_part(part) for part in one["loc"]],
            msg=str(one["msg"])[:300],
            type=str(one["type"]),
        )
        for one in list(error.errors())[:MAX_DETAILS]
    ]
    first = items[0]
    return ApiError(
        ErrorCode.VALIDATION_ERROR,
        f"{'.'.join(str(part) for part in first.loc)}: {first.msg}"[:500],
        detail=items,
    )


def _part(part: object) -> str | int:
    return part if isinstance(part, int) else str(part)[:100]


EXPECTED: tuple[type[Exception], ...] = (
    StarletteHTTPException,
    RequestValidationError,
    Overloaded,
    *DATABASE_AWAY,
)
"""What has an answer of its own."""


def answer(request: Request, error: Exception) -> JSONResponse:
    """The answer to one of EXPECTED."""
    return respond(request, refusal_of(request, error))


def refusal_of(request: Request, error: Exception) -> ApiError:
    """What one of EXPECTED is to the client."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, RequestValidationError):
        return _from_validation(error)
    if isinstance(error, StarletteHTTPException):
        return _from_framework(request, error)
    log.warning(
        "the database is out of reach",
        exchange=exchange_id(request),
        error=type(error).__name__,
    )
    message = NOT_ACCEPTED if isinstance(error, Overloaded) else OUT_OF_REACH
    return ApiError(ErrorCode.UNAVAILABLE, message, headers={"Retry-After": str(RETRY_AFTER_S)})


def unavailable(why: str, *, after_s: int = RETRY_AFTER_S) -> ApiError:
    """What passes by itself: 503, and when to come again."""
    text = f"{why} Try again shortly."
    return ApiError(ErrorCode.UNAVAILABLE, text, headers={"Retry-After": str(after_s)})


def install(app: FastAPI) -> None:
    """Answer every error of this app in the envelope."""

    async def on_expected(request: Request, error: Exception) -> JSONResponse:
        return answer(request, error)

    async def on_anything_else(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error", exchange=exchange_id(request), exc_info=error)
        return respond(
            request, ApiError(ErrorCode.INTERNAL, "An error on our side. Quote the exchange_id.")
        )

    for kind in EXPECTED:
        app.add_exception_handler(kind, on_expected)
    app.add_exception_handler(Exception, on_anything_else)
