"""Quarantined records: what somebody could not read or handle, kept as it came."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from domain.redriving import RecordPosition, origin
from operations.letters.choice import Choice
from operations.letters.desk import Desk
from operations.letters.records import headers_of, state_of, written_at
from runtime.kafka import ConsumerRecord
from schemas.ids import RequestId
from schemas.topics import LOOK_QUARANTINE, Topic

_REQUEST_ID: TypeAdapter[str] = TypeAdapter(RequestId)


@dataclass(frozen=True, slots=True)
class Kept:
    """One quarantined record, in short."""

    place: RecordPosition
    origin: RecordPosition | None
    headers: dict[str, str]
    request_id: str | None

    def said(self, name: str) -> str:
        """What quarantine noted about it."""
        return self.headers.get(f"looks-quarantine-{name}", "?")


def _tenant(value: bytes | None) -> str | None:
    try:
        body = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    tenant = body.get("tenant_id") if isinstance(body, dict) else None
    return tenant if isinstance(tenant, str) else None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Records that somebody could not read or handle."""

    topic: Topic = LOOK_QUARANTINE

    def read(self, record: ConsumerRecord) -> Kept:
        """A quarantined record in short. Its request is what its key names, if it names one."""
        try:
            request_id = _REQUEST_ID.validate_python((record.key or b"").decode())
        except (ValidationError, UnicodeDecodeError):
            request_id = None
        place = RecordPosition(record.topic, record.partition, record.offset)
        headers = headers_of(record)
        return Kept(place, origin(headers), headers, request_id)

    def takes(self, choice: Choice, one: Kept, record: ConsumerRecord) -> bool:
        """Whether it is meant. A tenant is what its body names, where it can be read at all."""
        return (
            (choice.requests is None or one.request_id in choice.requests)
            and (choice.reason is None or choice.reason in one.said("reason"))
            and choice.topic in (None, one.said("topic"))
            and choice.consumer in (None, one.said("consumer"))
            and (choice.records is None or one.place in choice.records)
            and (choice.tenant is None or _tenant(record.value) == choice.tenant)
        )

    async def states(self, at: Desk, found: Sequence[Kept]) -> Sequence[str]:
        """What operators did about each."""
        marks = await at.actions.marks([kept.place for kept in found])
        return [state_of(marks.get(kept.place)) for kept in found]

    def fields(self, one: Kept, record: ConsumerRecord, state: str) -> dict[str, object]:
        """For programs."""
        return {
            "record": str(one.place),
            "at": written_at(record).isoformat(),
            "origin": str(one.origin) if one.origin else None,
            "consumer": one.said("consumer"),
            "reason": one.said("reason"),
            "request_id": one.request_id,
            "state": state,
            "bytes": len(record.value or b""),
        }
