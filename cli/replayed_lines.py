"""A replayed record as a line: for programs, as JSON, or for people."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from replaying.records import Replayed


def as_json(record: "Replayed", *, ascii_only: bool = False) -> str:
    """One JSON object: place, headers and body. `ascii_only`: other characters as JSON escapes."""
    line: dict[str, Any] = {
        "_topic": record.topic,
        "_partition": record.partition,
        "_offset": record.offset,
        "_timestamp": _iso(record.written_at),
        "_key": _text(record.key),
    }
    if record.said is None:
        line["_headers"] = {name: _text(value) for name, value in record.headers}
        line["_value"] = _text(record.value)
    else:
        meta = record.said.meta
        line |= {
            "_ce_id": meta.id,
            "_ce_type": meta.type,
            "_ce_time": _iso(meta.time),
            "_sequence": meta.sequence,
        }
        line |= record.said.event.model_dump(mode="json")
    return json.dumps(line, ensure_ascii=ascii_only)


def as_text(record: "Replayed") -> str:
    """One line for people: when, where, what, about whom, and the rest of the body."""
    head = (
        f"{record.written_at:%Y-%m-%d %H:%M:%S} {record.topic}[{record.partition}]@{record.offset}"
    )
    if record.said is None:
        return f"{head} {(record.value or b'')[:200]!r}"
    body = record.said.event.model_dump(mode="json", exclude={"request_id", "tenant_id"})
    tenant = getattr(record.said.event, "tenant_id", "")
    return f"{head} {record.said.event.request_id} {tenant} {json.dumps(body, ensure_ascii=False)}"


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
