"""Records, actions and events as programs are told of them: bytes are base64."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from domain.redriving import NOWHERE, Mark
from runtime.kafka import ConsumerRecord
from storage.jobs import EventRow
from storage.operator_actions import Recorded

OPEN = "open"
"""The state of a record that no operator has dealt with."""


def state_of(mark: Mark | None) -> str:
    """What an operator did, in a word."""
    return OPEN if mark is None else mark.state


def headers_of(record: ConsumerRecord) -> dict[str, str]:
    """A record's headers as texts; of several with one name the last."""
    return {name: (raw or b"").decode(errors="replace") for name, raw in record.headers or ()}


def written_at(record: ConsumerRecord) -> datetime:
    """When the broker appended it."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def record_object(record: ConsumerRecord) -> dict[str, object]:
    """A record whole."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "appended_at": written_at(record).isoformat(),
        "key": None if record.key is None else base64.b64encode(record.key).decode(),
        "headers": headers_of(record),
        "value": None if record.value is None else base64.b64encode(record.value).decode(),
    }


def event_object(event: EventRow) -> dict[str, object]:
    """One event of a timeline."""
    return {
        "seq": event.seq,
        "type": event.event_type,
        "stage": event.stage,
        "message": event.message,
        "at": event.created_at.isoformat(),
        **event.extra,
    }


def action_object(recorded: Recorded) -> Mapping[str, object]:
    """One operator action."""
    intent, mark = recorded.intent, recorded.mark
    return {
        "action_id": intent.action_id,
        "at": mark.at.isoformat(),
        "operator": mark.operator,
        "role": intent.role,
        "verb": intent.verb,
        "state": mark.state,
        "record": None if intent.place == NOWHERE else str(intent.place),
        "origin": str(intent.origin) if intent.origin else None,
        "request_id": intent.request_id,
        "target": intent.target,
        "reference": intent.reference,
        "reason": mark.reason,
        "outcome": mark.outcome,
    }
