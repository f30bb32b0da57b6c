"""Records as events: CloudEvents 1.0, Kafka binding, binary mode. Nothing raises on a bad record:
it is a value, to be put aside, so that one of them does not stop its reader.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import ValidationError

from looks_client.events.schemas import EVENT_TYPES, Event

Headers = Iterable[tuple[str, bytes | None]]


class KafkaRecord(Protocol):
    """What is read of a record, as aiokafka, FastStream's raw message and the test kit have it."""

    @property
    def value(self) -> bytes | None:
        """The event as JSON."""

    @property
    def headers(self) -> Any:
        """Pairs of name and bytes."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What the headers say."""

    id: str
    """The same whenever the event is read: drop what you have."""
    type: str
    source: str
    time: datetime
    sequence: int
    """The event's number within its request; 0 where it has none."""
    traceparent: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record that was understood."""

    event: Event
    meta: Meta


@dataclass(frozen=True, slots=True)
class Unknown:
    """A type that this release does not know: pass over it."""

    type: str


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that can't be read, and why: put it aside with its partition and offset, and go
    on.
    """

    reason: str


def decode_record(record: KafkaRecord) -> Decoded | Unknown | Undecodable:
    """The event of a record."""
    return decode(record.value, record.headers)


def decode(value: bytes | None, headers: Headers | None) -> Decoded | Unknown | Undecodable:
    """The event of a record's value and headers."""
    try:
        texts = {name: (raw or b"").decode() for name, raw in headers or ()}
    except (UnicodeDecodeError, TypeError, ValueError):
        return Undecodable("a header is not UTF-8")
    event_type = texts.get("ce_type")
    if not event_type:
        return Undecodable("missing header ce_type")
    model = EVENT_TYPES.get(event_type)
    meta = _meta(texts)
    if model is None:
        return Unknown(event_type)
    return meta if isinstance(meta, Undecodable) else _event(model, value or b"", texts, meta)


def _event(
    model: type[Event], value: bytes, texts: dict[str, str], meta: Meta
) -> Decoded | Undecodable:
    try:
        event = model.model_validate_json(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        return Undecodable(f"{place}: {first['msg']}")
    if texts.get("ce_subject", event.request_id) != event.request_id:
        return Undecodable("ce_subject differs from the request_id of the body")
    return Decoded(event, meta)


def _meta(texts: dict[str, str]) -> Meta | Undecodable:
    missing = [name for name in ("ce_id", "ce_source", "ce_time") if not texts.get(name)]
    if missing:
        return Undecodable(f"missing header {missing[0]}")
    try:
        time, sequence = datetime.fromisoformat(texts["ce_time"]), int(texts.get("ce_sequence", 0))
    except ValueError:
        return Undecodable("ce_time or ce_sequence is malformed")
    return Meta(
        texts["ce_id"],
        texts["ce_type"],
        texts["ce_source"],
        time,
        sequence,
        texts.get("traceparent", ""),
    )
