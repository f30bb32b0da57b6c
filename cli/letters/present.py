"""Records as operators read them. What a record says is not trusted to be fit for a terminal."""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime

from domain.redriving import NOWHERE
from operations.letters.records import headers_of, written_at
from runtime.kafka import ConsumerRecord
from storage.jobs import EventRow
from storage.operator_actions import Recorded


def clean(text: str) -> str:
    """The text with control characters written out, line breaks kept."""
    return "".join(
        one if one.isprintable() or one == "\n" else one.encode("unicode_escape").decode()
        for one in text
    )


def clock(at: datetime) -> str:
    """Seconds are enough for people."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def whole(record: ConsumerRecord) -> list[str]:
    """Headers and body in full: JSON laid out, other text as it is, other bytes as base64."""
    lines = [
        f"{record.topic}[{record.partition}]@{record.offset} appended {clock(written_at(record))} "
        "UTC"
    ]
    lines.append(f"  key: {clean(repr(record.key))}")
    lines += [f"  {clean(name)}: {clean(text)}" for name, text in headers_of(record).items()]
    return [*lines, *(f"  {line}" for line in _body(record.value).splitlines())]


def _body(value: bytes | None) -> str:
    if value is None:
        return "(no value)"
    try:
        return clean(json.dumps(json.loads(value), indent=2, ensure_ascii=False))
    except (ValueError, RecursionError):
        pass
    try:
        return clean(value.decode())
    except UnicodeDecodeError:
        return f"base64 of {len(value)} bytes: {base64.b64encode(value).decode()}"


def timeline(events: Iterable[EventRow]) -> list[str]:
    """A request's events, one a line."""
    return [
        f"  {clock(event.created_at)} {event.seq:>3} {event.event_type:<10} {event.stage or ''} "
        f"{clean(event.message)}".rstrip()
        for event in events
    ]


def action_line(recorded: Recorded) -> str:
    """One operator action, one line."""
    intent, mark = recorded.intent, recorded.mark
    about = clean(intent.target or "-") if intent.place == NOWHERE else intent.place
    why = f": {clean(mark.reason)}" if mark.reason else ""
    return (
        f"{clock(mark.at)} {clean(mark.operator):<12} {intent.verb:<8} {mark.state:<10} "
        f"{about} "
        f"{clean(intent.request_id or '-')} {clean(mark.outcome)}{why}"
    )
