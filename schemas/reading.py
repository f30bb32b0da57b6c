"""The event in a record of any topic, in whichever released version it was written."""

from collections.abc import Sequence

from schemas.envelope import Decoded, Undecodable, decode
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.topics import BY_NAME

RawHeaders = Sequence[tuple[str, bytes | None]] | None


def newest_type(topic: str) -> str | None:
    """The event type that a declared topic carries today, empty where it keeps bytes as they came;
    None: a topic that is not declared.
    """
    if (declared := BY_NAME.get(topic)) is None:
        return None
    return "" if declared.event is None else TYPE_OF[declared.event]


def read_event(topic: str, value: bytes | None, headers: RawHeaders) -> Decoded | Undecodable:
    """The event in a record, or why there is none. Topics that are not declared may carry any."""
    pairs = [(name, raw or b"") for name, raw in headers or ()]
    if not (said := dict(pairs).get("ce_type", b"").decode("utf-8", "replace")):
        return Undecodable("missing header ce_type")
    if (model := EVENT_TYPES.get(said)) is None:
        return Undecodable(f"ce_type {said[:80]!r} is unknown here")
    family = _family(newest_type(topic) or said)
    if _family(said) != family:
        return Undecodable(f"ce_type {said[:80]!r} is known elsewhere, {topic} carries {family}")
    return decode(value, pairs, model)


def _family(event_type: str) -> str:
    """Without its version: `look.completed.v2` is of the family `look.completed`."""
    return event_type.rsplit(".v", 1)[0]
