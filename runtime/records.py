"""Records as the runtime passes them around."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson

from domain.outcomes import Emit
from schemas.envelope import Decoded, Headers, Meta, attributes, continued, encode, standing
from schemas.events import TYPE_OF, RequestEvent
from schemas.ids import derived_id


@dataclass(frozen=True, slots=True)
class Work:
    """A record that was read and understood, and where it stood."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    decoded: Decoded

    def below(self, traceparent: str) -> "Work":
        """The same in another span: what it leads to stands below that one."""
        if traceparent == self.decoded.meta.traceparent:
            return self
        meta = replace(self.decoded.meta, traceparent=traceparent)
        return replace(self, decoded=replace(self.decoded, meta=meta))

    @property
    def request_id(self) -> str:
        """The request it is about."""
        return self.decoded.event.request_id

    @property
    def written_at(self) -> datetime:
        """When its producer made it."""
        return datetime.fromtimestamp(self.timestamp_ms / 1000, UTC)


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to send; its key decides its partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers


def outgoing(
    emit: Emit,
    source: str,
    now: datetime,
    cause: Decoded | None = None,
    *,
    traceparent: str = "",
) -> OutRecord:
    """The record that publishes an event: every record of ours is made here, those of the outbox
    too.

    It stands below the span that `traceparent` names, or that the event which caused it stands in,
    or begins a trace.
    """
    meta = Meta(
        id=derived_id(emit.event.request_id, *emit.identity),
        type=TYPE_OF[type(emit.event)],
        source=source,
        time=now,
        sequence=emit.sequence,
        traceparent=continued(traceparent or (cause.meta.traceparent if cause else "")),
        extra=emit.extra,
    )
    encoded = encode(emit.event, meta)
    return OutRecord(emit.target.name, encoded.key, encoded.value, encoded.headers)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record of which the time and some members of the event are still to be said: JSON texts
    that are open at their end.
    """

    value: str
    headers: str


def draft(
    event: type[RequestEvent],
    members: Mapping[str, object],
    identity: tuple[str, ...],
    source: str,
    traceparent: str,
) -> Draft:
    """What `outgoing` would make of a request's first event, as far as it is known. Nothing is read
    back here: whoever ends the texts proves that they can be read.
    """
    request_id = str(members["request_id"])
    event_id = derived_id(request_id, *identity)
    headers = [
        *attributes(TYPE_OF[event], event_id, source, request_id.encode()),
        *standing(1, continued(traceparent)),
    ]
    pairs = [(name, raw.decode()) for name, raw in headers]
    return Draft(orjson.dumps(members)[:-1].decode(), orjson.dumps(pairs)[:-1].decode())
