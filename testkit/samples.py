"""Valid events as records, changed where a test needs it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.envelope import Headers, Meta, encode
from schemas.events import EVENT_TYPES, RequestEvent
from schemas.ids import derived_id, new_request_id
from schemas.samples import REQUEST_ID, TRACEPARENT, body_of
from schemas.topics import TOPIC_OF

WRITTEN_AT = datetime(2026, 1, 2, 3, 4, 8, tzinfo=UTC)
_SEQUENCE = 3


@dataclass(frozen=True, slots=True)
class Record:
    """A record with the attributes that Kafka clients give theirs, and the event that its value
    is.
    """

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    event: RequestEvent
    timestamp: int  # ms since 1970
    partition: int = -1  # as long as it is in no topic
    offset: int = -1


def sample(name: str, **changes: Any) -> Record:
    """A valid record of a topic or event type: `sample("look.completed", tenant_id="acme",
    image={"width": 512})`.

    A mapping among the changes changes the fields that it names and leaves the others. Each sample
    is about a request of its own unless `request_id` is given; the same request and type have the
    same `ce_id`. Raises KeyError for a name that is not ours, pydantic's ValidationError when the
    changes make the event invalid.
    """
    event_type = _type_of(name)
    request_id = str(changes.get("request_id") or new_request_id())
    body = json.loads(json.dumps(body_of(event_type)).replace(REQUEST_ID, request_id))
    event = EVENT_TYPES[event_type].model_validate(_changed(body, changes))
    meta = Meta(
        derived_id(event.request_id, event_type),
        event_type,
        "/looks/testkit",
        WRITTEN_AT,
        _SEQUENCE,
        TRACEPARENT,
    )
    made = encode(event, meta)
    topic = TOPIC_OF[type(event)].name
    return Record(
        topic, made.key, made.value, made.headers, event, int(WRITTEN_AT.timestamp() * 1000)
    )


def _type_of(name: str) -> str:
    """The newest version of a topic's event type."""
    versions = [
        event_type
        for event_type in EVENT_TYPES
        if name in (event_type, event_type.rpartition(".v")[0])
    ]
    if not versions:
        raise KeyError(f"{name}: not one of {', '.join(EVENT_TYPES)}")
    return max(versions, key=lambda event_type: int(event_type.rpartition(".v")[2]))


def _changed(body: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(body)
    for name, change in changes.items():
        before = merged.get(name)
        inside = isinstance(before, Mapping) and isinstance(change, Mapping)
        merged[name] = _changed(before or {}, change) if inside else change
    return merged
