"""Events as Kafka records: CloudEvents 1.0, Kafka binding, binary mode.

`encode` makes a record's key, value and headers, and refuses what `decode` would not read. `decode`
never raises on bad
input: it returns `Undecodable` with a reason, so a poison record is a value to be kept, not an
exception that kills its reader.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Final

import orjson
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from schemas.events import EVENT_TYPES, TYPE_OF, RequestEvent
from schemas.ids import schema_id

MAX_VALUE_BYTES: Final = 256 * 1024
"""Larger record values are not read: no event of ours comes near it."""

MAX_SEQUENCE: Final = 2**31 - 1
"""What readers may take for the largest number of an event within its request."""

Headers = tuple[tuple[str, bytes], ...]

_TRACEPARENT: Final = re.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Meta:
    """What the headers say about an event."""

    id: str
    type: str
    source: str
    time: datetime
    # the event's number within its request (CloudEvents extension `sequence`), 1 for the first
    sequence: int = 0
    traceparent: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)  # other headers, such as looks-attempt


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record that was understood."""

    event: RequestEvent
    meta: Meta


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that was not understood, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """A record ready to be sent."""

    key: bytes
    value: bytes
    headers: Headers


def new_traceparent() -> str:
    """A new W3C trace context. Not sampled: nobody asked for spans."""
    ids = os.urandom(24).hex()
    return f"00-{ids[:32]}-{ids[32:]}-00"


def is_traceparent(text: str) -> bool:
    """Whether a W3C trace context can be read from it."""
    return _TRACEPARENT.fullmatch(text) is not None


def continued(traceparent: str) -> str:
    """The trace that is handed on; a new one where there is none, or none that can be read."""
    return traceparent if is_traceparent(traceparent) else new_traceparent()


def trace_id_of(traceparent: str) -> str:
    """The trace's id; empty where there is none."""
    return traceparent[3:35]


class Unpublishable(ValueError):
    """An event that its readers could not read: a fault of ours. Nothing is sent."""


def encode(event: RequestEvent, meta: Meta) -> Encoded:
    """Key: the request id. Value: the event as JSON. Headers: CloudEvents attributes with prefix
    `ce_`.

    What is sent is read first, by the rules of `decode`: a model can be built or changed past its
    own checks. Raises Unpublishable.
    """
    model = type(event)
    if TYPE_OF.get(model) != meta.type:
        raise Unpublishable(f"a {model.__name__} is not a {meta.type}")
    # The model's own serializer and validator: half the time of the methods around them.
    try:
        value = model.__pydantic_serializer__.to_json(event, warnings=False)
    except PydanticSerializationError as error:
        raise Unpublishable(str(error)[:300]) from None
    if len(value) > MAX_VALUE_BYTES:
        raise Unpublishable(f"{len(value)} bytes, more than {MAX_VALUE_BYTES}")
    try:
        request_id = model.__pydantic_validator__.validate_json(value).request_id.encode()
    except ValidationError as error:
        raise Unpublishable(_why(error)) from None
    headers = [
        *attributes(meta.type, meta.id, meta.source, request_id),
        ("ce_time", orjson.dumps(meta.time.astimezone(UTC), option=orjson.OPT_UTC_Z)[1:-1]),
        *standing(meta.sequence, meta.traceparent),
        *((name, text.encode()) for name, text in meta.extra.items()),
    ]
    return Encoded(request_id, value, tuple(headers))


def attributes(event_type: str, event_id: str, source: str, subject: bytes) -> Headers:
    """What CloudEvents asks of every record, but for the time."""
    return (
        _SPECVERSION,
        ("ce_id", event_id.encode()),
        *_of_type(event_type),
        ("ce_source", source.encode()),
        ("ce_subject", subject),
    )


def standing(sequence: int, traceparent: str) -> Headers:
    """An event's number within its request, and its span; nothing for what it lacks."""
    number = (("ce_sequence", str(sequence).encode()),) if sequence else ()
    span = (("traceparent", traceparent.encode()),) if traceparent else ()
    return (*number, *span)


_SPECVERSION: Final = ("ce_specversion", b"1.0")


@cache
def _of_type(event_type: str) -> Headers:
    return (
        ("ce_type", event_type.encode()),
        ("ce_dataschema", schema_id(event_type).encode()),
        ("content-type", b"application/json"),
    )


def decode(
    value: bytes | None, headers: Iterable[tuple[str, bytes]], expected: type[RequestEvent]
) -> Decoded | Undecodable:
    """The event in a record of a topic that carries `expected`, or why there is none."""
    try:
        texts = {name: (raw or b"").decode() for name, raw in headers}
    except UnicodeDecodeError:
        return Undecodable("a header is not UTF-8")
    if value is None or len(value) > MAX_VALUE_BYTES:
        return Undecodable(
            "the record has no value"
            if value is None
            else f"{len(value)} bytes, more than {MAX_VALUE_BYTES}"
        )
    meta = _meta(texts, expected)
    return meta if isinstance(meta, Undecodable) else _event(value, texts, meta, expected)


def number_of(sequence: str) -> int:
    """The number that `ce_sequence` says. Raises ValueError unless it is digits, and at most
    MAX_SEQUENCE.
    """
    if not (sequence.isascii() and sequence.isdigit() and len(sequence) <= len(str(MAX_SEQUENCE))):
        raise ValueError(sequence[:40])
    number = int(sequence)
    if number > MAX_SEQUENCE:
        raise ValueError(sequence)
    return number


def _event(
    value: bytes, texts: dict[str, str], meta: Meta, expected: type[RequestEvent]
) -> Decoded | Undecodable:
    try:
        event = expected.model_validate_json(value)
    except (ValidationError, ValueError, RecursionError) as error:
        return Undecodable(_why(error))
    subject = texts.get("ce_subject")
    if subject is not None and subject != event.request_id:
        return Undecodable("ce_subject differs from the request_id of the body")
    return Decoded(event, meta)


def _meta(texts: dict[str, str], expected: type[RequestEvent]) -> Meta | Undecodable:
    missing = [name for name in ("ce_id", "ce_type", "ce_source", "ce_time") if not texts.get(name)]
    if missing:
        return Undecodable(f"missing header {missing[0]}")
    event_type = texts["ce_type"]
    if event_type != TYPE_OF[expected]:
        known = "known elsewhere" if event_type in EVENT_TYPES else "unknown here"
        return Undecodable(
            f"ce_type {event_type[:80]!r} is {known}, expected {TYPE_OF[expected]!r}"
        )
    try:
        time = datetime.fromisoformat(texts["ce_time"])
        sequence = number_of(texts.get("ce_sequence") or "0")
    except ValueError:
        return Undecodable("ce_time or ce_sequence is malformed")
    if time.tzinfo is None:
        return Undecodable("ce_time has no time zone")
    extra = {name: text for name, text in texts.items() if name.startswith("looks-")}
    return Meta(
        texts["ce_id"],
        event_type,
        texts["ce_source"],
        time,
        sequence,
        texts.get("traceparent", ""),
        extra,
    )


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'body'}: {first['msg']}"[:300]
    return f"not JSON of the expected shape: {type(error).__name__}"
