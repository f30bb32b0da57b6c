"""Valid events as records, changed where a test needs it."""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

from looks_client.events.schemas import EVENT_TYPES, Event

WRITTEN_AT: Final = datetime(2026, 1, 2, 3, 4, 8, tzinfo=UTC)
TRACEPARENT: Final = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_SEQUENCE: Final = 3
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME_DIGITS, _TAIL_DIGITS = 10, 16
_BODIES: Final[Mapping[str, Mapping[str, Any]]] = json.loads(
    (files("looks_client.testkit") / "samples.json").read_text()
)


@dataclass(frozen=True, slots=True)
class Record:
    """A record with the attributes that Kafka clients give theirs, and the event that its value
    is.
    """

    topic: str
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    event: Event
    timestamp: int  # ms since 1970
    partition: int = -1  # as long as it is in no topic
    offset: int = -1


def sample(name: str, **changes: Any) -> Record:
    """A valid record of a topic or event type: `sample("look.completed", tenant_id="acme",
    image={"width": 512})`.

    A mapping among the changes changes the fields that it names and leaves the others. Each sample
    is about a request of its own unless `request_id` is given; the same request and type have the
    same `ce_id`. Raises KeyError for a name that is not public, pydantic's ValidationError when the
    changes make the event invalid.
    """
    event_type = _type_of(name)
    body = dict(_BODIES[event_type])
    request_id = str(changes.get("request_id") or _new_id())
    body = json.loads(json.dumps(body).replace(body["request_id"], request_id))
    event = EVENT_TYPES[event_type].model_validate(_changed(body, changes))
    value = event.model_dump_json().encode()
    return Record(
        event_type.rpartition(".v")[0],
        event.request_id.encode(),
        value,
        _headers(event_type, event.request_id),
        event,
        int(WRITTEN_AT.timestamp() * 1000),
    )


def _headers(event_type: str, request_id: str) -> tuple[tuple[str, bytes], ...]:
    """As Looks writes them, in its order."""
    return (
        ("ce_specversion", b"1.0"),
        ("ce_id", _event_id(request_id, event_type).encode()),
        ("ce_type", event_type.encode()),
        ("ce_dataschema", f"urn:looks:schema:{event_type}".encode()),
        ("content-type", b"application/json"),
        ("ce_source", b"/looks/testkit"),
        ("ce_subject", request_id.encode()),
        ("ce_time", b"2026-01-02T03:04:08Z"),
        ("ce_sequence", b"%d" % _SEQUENCE),
        ("traceparent", TRACEPARENT),
    )


def _new_id() -> str:
    """A new ULID."""
    random = int.from_bytes(os.urandom(10), "big")
    return _digits(time.time_ns() // 1_000_000, _TIME_DIGITS) + _digits(random, _TAIL_DIGITS)


def _event_id(request_id: str, event_type: str) -> str:
    """The same ULID for the same request and type, as Looks makes it."""
    digest = hashlib.sha256(f"{request_id}\x1f{event_type}".encode()).digest()
    return request_id[:_TIME_DIGITS] + _digits(int.from_bytes(digest[:10], "big"), _TAIL_DIGITS)


def _digits(number: int, count: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(count)))


def _type_of(name: str) -> str:
    """The newest version of a topic's event type."""
    versions = [one for one in EVENT_TYPES if name in (one, one.rpartition(".v")[0])]
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
