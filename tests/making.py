"""Small makers of valid things, for tests."""

from datetime import UTC, datetime, timedelta

from domain.composing import Attempt, attempt_of
from runtime.records import Work
from schemas.envelope import Decoded, Meta
from schemas.events import TYPE_OF, LookRequested, RequestEvent
from schemas.http import TrialItemInput
from schemas.ids import derived_id
from schemas.topics import TOPIC_OF

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
TENANT = "demo"


def a_request(
    request_id: str = REQUEST_ID, *, deadline_s: float = 60, cost: int = 10
) -> LookRequested:
    """A request accepted at NOW."""
    return LookRequested(
        request_id=request_id,
        tenant_id=TENANT,
        items=(TrialItemInput(trial_image="users/abc/tee.jpg", trial_item_category="top"),),
        credits_cost=cost,
        requested_at=NOW,
        deadline_at=NOW + timedelta(seconds=deadline_s),
    )


def decoded(event: RequestEvent, *, sequence: int = 1, **extra: str) -> Decoded:
    """The event as if it had been read."""
    event_type = TYPE_OF[type(event)]
    meta = Meta(
        derived_id(event.request_id, event_type), event_type, "/test", NOW, sequence, extra=extra
    )
    return Decoded(event, meta)


def attempt(request: LookRequested, **headers: str) -> Attempt:
    """What a request record with these headers asks for."""
    found = attempt_of(request, headers)
    assert found is not None
    return found


def work(
    event: RequestEvent,
    *,
    offset: int = 0,
    sequence: int = 1,
    topic: str | None = None,
    **extra: str,
) -> Work:
    """The event as if it had been read from its topic."""
    name = topic or TOPIC_OF[type(event)].name
    return Work(
        name, 0, offset, int(NOW.timestamp() * 1000), decoded(event, sequence=sequence, **extra)
    )
