"""The headers of answers, as the OpenAPI document tells of them: one table; Schemathesis holds the
answers to it.
"""

from typing import Any

_TEXT: dict[str, Any] = {"type": "string"}
_SECONDS: dict[str, Any] = {"type": "integer", "minimum": 0}


def _header(
    description: str, schema: dict[str, Any] = _TEXT, *, always: bool = True
) -> dict[str, Any]:
    return {"description": description, "required": always, "schema": schema}


ON_EVERY_ANSWER = {
    "X-Request-Id": _header("ULID of this exchange; a client's own is not taken"),
    "RateLimit-Policy": _header(
        "the buckets of this key and tenant, with a valid key", always=False
    ),
    "RateLimit": _header("whichever bucket is closest to empty, with a valid key", always=False),
}
BY_STATUS = {
    "401": {"WWW-Authenticate": _header("`Bearer`")},
    "429": {"Retry-After": _header("seconds until the request would be allowed", _SECONDS)},
    "503": {"Retry-After": _header("seconds", _SECONDS)},
}
_REPLAYED = {
    "Idempotency-Replayed": _header(
        "`true`: the answer to an earlier request with this key", always=False
    )
}
_COME_BACK = {
    "Location": _header("path of the job"),
    "Retry-After": _header("seconds until it is worth asking", _SECONDS),
}
BY_ANSWER = {
    ("create_look", "202"): {**_COME_BACK, **_REPLAYED},
    ("create_look", "409"): {"Retry-After": _header("seconds", _SECONDS)},
    ("cancel_job", "202"): _COME_BACK,
    ("upload_photo", "201"): _REPLAYED,
    ("create_webhook", "201"): {"Location": _header("path of the endpoint")},
}
"""(operation id, status) -> headers beside those."""


def add_headers(document: dict[str, Any]) -> None:
    """Put the headers into an OpenAPI document."""
    for operation in (
        operation for path in document["paths"].values() for operation in path.values()
    ):
        for status, answer in operation["responses"].items():
            own = BY_ANSWER.get((operation["operationId"], status), {})
            answer["headers"] = {**ON_EVERY_ANSWER, **BY_STATUS.get(status, {}), **own}
