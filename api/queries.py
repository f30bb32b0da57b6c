"""Query parameters, read strictly: what two readers could take differently is refused."""

import re
from collections.abc import Container, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, BeforeValidator

from api.errors import invalid

MAX_SEQ = 2**31 - 1
MAX_WAIT_S = 30
_WHOLE = re.compile(r"[0-9]{1,19}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt "
    r"][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_PLAIN = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6})?")


def _only(pattern: re.Pattern[str], what: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and not pattern.fullmatch(value):
            raise ValueError(f"must be {what}")
        return value

    return BeforeValidator(check)


def _utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be within the years 1 to 9999, in UTC too") from None


whole = _only(_WHOLE, "a whole number in ASCII digits")
PageLimit = Annotated[int, Query(ge=1, le=100, description="items on a page"), whole]
AfterSeq = Annotated[
    int, Query(ge=0, le=MAX_SEQ, description="only events with a larger seq"), whole
]
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
Day = Annotated[date, Query(ge=FIRST_DAY, le=LAST_DAY), _only(_DAY, "a day as YYYY-MM-DD")]
UtcTime = Annotated[
    datetime, AfterValidator(_utc), _only(_MOMENT, "a time as RFC 3339 writes it, with its offset")
]
Cursor = Annotated[
    str | None, Query(description="`next_cursor` of the page before", max_length=200)
]
Wait = Annotated[
    float,
    Query(
        ge=0,
        le=MAX_WAIT_S,
        allow_inf_nan=False,
        description="seconds to wait for news before answering",
    ),
    _only(_PLAIN, "a plain number of seconds"),
]


def refuse_repeated(request: Request, dependant: Dependant) -> None:
    """Raise ApiError 422 for a parameter that is given twice and is not a list."""
    lists = {one.alias for one in dependant.query_params if _is_list(one.field_info.annotation)}
    refuse_twice([name for name, _ in request.query_params.multi_items()], lists)


def refuse_twice(names: Sequence[str], lists: Container[str] = ()) -> None:
    """The same for the names of a query, of which those of `lists` may come more than once."""
    for name in names:
        if name not in lists and names.count(name) > 1:
            raise invalid(("query", name[:100]), "given more than once")


def seen_seq(request: Request, since: int) -> int:
    """The seq a stream goes on after: that of Last-Event-ID, else `since`. An empty header is none,
    as some clients always send it; space around is no part of it. Raises ApiError 422 for a
    malformed one.
    """
    headers: Sequence[str] = request.headers.getlist("last-event-id")
    given = [one.strip(" \t") for one in headers]
    if not any(given):
        return since
    if len(given) != 1 or not _WHOLE.fullmatch(given[0]):
        raise invalid(("header", "Last-Event-ID"), "must be the id of an event of this stream")
    return int(given[0])


def _is_list(annotation: object) -> bool:
    return "list[" in str(annotation)
