"""What operators are refused, beyond what every client is.

OpsRefused
├── PLAN_CHANGED      409  the plan is not what would be done any more
├── OPERATOR_BUSY     409  somebody else acts at this moment
├── GRANT_REFUSED     409  the reference stands for another amount, or the sum is too large
├── ERASURE_REFUSED   409  the tenant can't be erased now
├── LAST_ADMIN        409  nobody could make keys any more
├── NOT_SELECTED      422  every record, and not in so many words
├── NOT_PERMITTED     503  the database's login may not do that
└── OUT_OF_REACH      503  Kafka or the object store does not answer
"""

from aiokafka.errors import KafkaError
from asyncpg import InsufficientPrivilegeError
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from api.answers import JSON, Answers
from api.errors import exchange_id
from api.refusals import READING, WITH_A_BODY
from runtime import logs
from storage.object_store import StoreError

log = logs.get(__name__)

STATUS = {
    "PLAN_CHANGED": 409,
    "OPERATOR_BUSY": 409,
    "GRANT_REFUSED": 409,
    "ERASURE_REFUSED": 409,
    "LAST_ADMIN": 409,
    "NOT_SELECTED": 422,
    "NOT_PERMITTED": 503,
    "OUT_OF_REACH": 503,
}
SEEING: Answers = READING
ACTING: Answers = {
    **READING,
    **WITH_A_BODY,
    409: {"description": "a refusal of `api.ops.refusals`", "content": {JSON: {}}},
}


class OpsRefused(Exception):
    """An expected refusal."""

    def __init__(self, code: str, message: str) -> None:
        """`code`: one of STATUS."""
        super().__init__(message)
        self.code = code
        self.message = message


def install(app: FastAPI) -> None:
    """Answer these, and what is out of reach, in the envelope."""

    async def on_refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, OpsRefused)
        return _answer(request, error)

    async def on_away(request: Request, error: Exception) -> JSONResponse:
        log.warning(
            "an operator's question had no answer", error=f"{type(error).__name__}: {error}"
        )
        said = f"{type(error).__name__}: {error}"[:300]
        return _answer(request, OpsRefused("OUT_OF_REACH", f"A service is out of reach. {said}"))

    async def on_forbidden(request: Request, error: Exception) -> JSONResponse:
        said = f"The login that /ops has may not do this: {error}. See docs/operators.md."
        return _answer(request, OpsRefused("NOT_PERMITTED", said))

    app.add_exception_handler(OpsRefused, on_refused)
    app.add_exception_handler(InsufficientPrivilegeError, on_forbidden)
    for kind in (KafkaError, StoreError):
        app.add_exception_handler(kind, on_away)


def _answer(request: Request, error: OpsRefused) -> JSONResponse:
    request_id = exchange_id(request)
    body = {"error": {"code": error.code, "message": error.message, "request_id": request_id}}
    return JSONResponse(body, STATUS[error.code], {"X-Request-Id": request_id})
