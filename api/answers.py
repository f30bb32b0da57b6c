"""What a route's `responses` say of an answer beside its model: headers, an example, and the links
by which clients and tests follow it to other operations.
"""

from collections.abc import Mapping
from typing import Any, Final

Answers = dict[int | str, dict[str, Any]]
"""What FastAPI takes as a route's `responses`."""
HeaderTable = Mapping[str, dict[str, Any]]
Links = Mapping[str, dict[str, Any]]

JSON: Final = "application/json"
TEXT: Final[dict[str, Any]] = {"type": "string"}
SECONDS: Final[dict[str, Any]] = {"type": "integer", "minimum": 0}


def header(
    description: str, schema: dict[str, Any] = TEXT, *, always: bool = True
) -> dict[str, Any]:
    """One header; not `always`: an answer may come without it."""
    return {"description": description, "required": always, "schema": schema}


ON_EVERY_ANSWER: Final[HeaderTable] = {
    "X-Request-Id": header("ULID of this exchange; a client's own is not taken"),
    "RateLimit-Policy": header(
        "the buckets of this key and tenant, with a valid key", always=False
    ),
    "RateLimit": header("whichever bucket is closest to empty, with a valid key", always=False),
}
REPLAYED: Final[HeaderTable] = {
    "Idempotency-Replayed": header(
        "`true`: the answer to an earlier request with this key", always=False
    )
}
COME_BACK: Final[HeaderTable] = {
    "Location": header("path of the job"),
    "Retry-After": header("seconds until it is worth asking", SECONDS),
}


def gives(
    status: int,
    example: Any = None,
    *,
    headers: HeaderTable | None = None,
    links: Links | None = None,
    **more: Any,
) -> Answers:
    """An answer that is no error. No example: it has no content. `more`: other words of OpenAPI or
    of FastAPI's `responses`.
    """
    answer: dict[str, Any] = {"headers": {**ON_EVERY_ANSWER, **(headers or {})}, **more}
    if example is not None:
        answer.setdefault("content", {JSON: {"example": example}})
    if links is not None:
        answer["links"] = dict(links)
    return {status: answer}


def takes(example: Any) -> dict[str, Any]:
    """A route's `openapi_extra`: an example of the body that it takes."""
    return {"requestBody": {"content": {JSON: {"example": example}}}}


def link(operation_id: str, **parameters: str) -> dict[str, Any]:
    """To another operation, which takes these of the answer or of its request."""
    return {"operationId": operation_id, "parameters": parameters}


def next_page(operation_id: str, **parameters: str) -> Links:
    """From a page to the one after it."""
    return {"next": link(operation_id, cursor="$response.body#/next_cursor", **parameters)}
