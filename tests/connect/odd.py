"""Events whose values are easily lost on the way to a table."""

from datetime import UTC, datetime
from typing import Any, Final

from domain.outcomes import Emit
from runtime.records import OutRecord, outgoing
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.ids import new_request_id
from schemas.samples import body_of
from schemas.topics import LOOK_COMPLETED, LOOK_DEAD_LETTER, LOOK_REQUESTED, Topic

CONFIG: Final[dict[str, Any]] = {
    "text": "white",
    "number in text": "256",
    "no in text": "null",
    "integer": 256,
    "large": 2**53 + 1,
    "fraction": 0.1,
    "yes": True,
    "nothing": None,
    "list": [1, "two", {"three": [3.5]}],
    "nested": {"a": {"b": '\u00fc\U0001f455\u2028"\\'}},
    "empty": {},
}
TIME: Final = "2026-01-02T03:04:05.678901Z"
IMAGE: Final = body_of("look.completed.v1")["image"]


def odd_records() -> list[OutRecord]:
    """One for each topic whose columns are nested or free."""
    requested = {**body_of("look.requested.v1"), "runtime_config": CONFIG, "requested_at": TIME}
    completed = body_of("look.completed.v1")
    item = {**completed["items"][0], "cutout": IMAGE, "landmarks": {"left": [1.5, 2.0]}}
    told: dict[Topic, dict[str, Any]] = {
        LOOK_REQUESTED: requested,
        LOOK_DEAD_LETTER: {**body_of("look.dead-letter.v1"), "request": requested},
        LOOK_COMPLETED: {
            **completed,
            "items": [item, completed["items"][0]],
            "stage_ms": {"cut": 87.1, "fit": 42.0},
            "completed_at": TIME,
        },
    }
    return [_record(topic, body) for topic, body in told.items()]


def _record(topic: Topic, body: dict[str, Any]) -> OutRecord:
    assert topic.event is not None
    request_id = new_request_id()
    own = {**body, "request_id": request_id}
    if "request" in own:
        own["request"] = {**own["request"], "request_id": request_id}
    event = EVENT_TYPES[TYPE_OF[topic.event]].model_validate(own)
    return outgoing(Emit(event, (topic.name,), 7), "/test", datetime.now(UTC))
