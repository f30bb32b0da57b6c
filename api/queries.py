"""Query parameters, read strictly: what two readers could take differently is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Annotated, Any, Self

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from pydantic import AfterValidator, BeforeValidator
from starlette.datastructures import QueryParams

from api.errors import invalid
from storage.accounts import Credential

MAX_SEQ = 2**31 - 1
MAX_WAIT_S = 30
MAX_NAME_CHARS = 100
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
    datetime,
    AfterValidator(_utc),
    _only(_MOMENT, "a time as RFC 3339 writes it, with its offset (in a URL `+` is `%2B`)"),
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


@dataclass(frozen=True, slots=True)
class KnownParameters:
    """The query parameters of a route."""

    names: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """Those that may be given more than once."""

    @classmethod
    def of(cls, dependant: Dependant) -> Self:
        """Those that a route declares to FastAPI."""
        known = dependant.query_params
        return cls(
            frozenset(one.alias for one in known),
            frozenset(one.alias for one in known if _is_list(one.field_info.annotation)),
        )

    def check(self, query: QueryParams, who: Credential) -> None:
        """Raises ApiError 422 for a parameter that is given twice and is no list, and for one that
        is unknown where the key is strict, as with unknown fields of a body.
        """
        given = [name for name, _ in query.multi_items()]
        for name in given:
            if name not in self.lists and given.count(name) > 1:
                raise invalid(("query", name[:MAX_NAME_CHARS]), "given more than once")
        if not who.strict_fields:
            return
        for name in given:
            if name not in self.names:
                near = get_close_matches(name[:MAX_NAME_CHARS], self.names, 1)
                meant = f"; did you mean {near[0]}?" if near else ""
                raise invalid(
                    ("query", name[:MAX_NAME_CHARS]),
                    f"there is no such parameter{meant}",
                    "extra_forbidden",
                )


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
