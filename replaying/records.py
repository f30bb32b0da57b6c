"""Records as replays pass them on: in blocks of a topic, or as rows of the lake; and what each
says.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from runtime.records import Work
from schemas.envelope import Decoded, Meta, Undecodable, decode, encode
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.topics import BY_NAME

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAKE_SOURCE: Final = "/looks/lake"
"""`ce_source` of a record that is made anew from the lake, which does not keep it."""
RawHeaders = Sequence[tuple[str, bytes | None]] | None


class TopicRecord(NamedTuple):
    """A record as a consumer gives it."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: RawHeaders


@dataclass(slots=True)
class Block:
    """Records of one partition in offset order. `next_offset`: where to read on; markers of
    transactions have offsets too.
    """

    topic: str
    partition: int
    next_offset: int
    records: list[TopicRecord] = field(default_factory=list)

    def __len__(self) -> int:
        """Count the records."""
        return len(self.records)


@dataclass(frozen=True, slots=True)
class LakeRows:
    """Rows of a topic's table, in the columns of `lake.layout.arrow_schema`."""

    topic: str
    table: "pa.Table"

    def __len__(self) -> int:
        """Count the rows."""
        return int(self.table.num_rows)


Piece = Block | LakeRows


@dataclass(frozen=True, slots=True)
class Wish:
    """About whom: all for None. `key`: of the records of one request."""

    tenant_id: str | None = None
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """A record that was read: where it stood, when the broker wrote it, and what it says. `said` is
    None for raw bytes. From the lake, value and headers are made anew, as the event's writer would.
    """

    topic: str
    partition: int
    offset: int
    written_at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    said: Decoded | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A record that could not be read: where it stands, why, and its bytes."""

    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None

    def line(self) -> str:
        """One JSON object; bytes in base64."""
        return json.dumps(
            {
                "topic": self.topic,
                "partition": self.partition,
                "offset": self.offset,
                "reason": self.reason,
                "key_base64": _base64(self.key),
                "value_base64": _base64(self.value),
            }
        )


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def records(piece: Piece, wish: Wish) -> tuple[list[Replayed], list[Damaged]]:
    """A piece's wished-for records, each read by its model, and those that could not be."""
    if isinstance(piece, LakeRows):
        return _of_rows(piece)
    good, bad = list[Replayed](), list[Damaged]()
    raw = is_raw(piece.topic)
    for one in piece.records:
        if wish.key not in (None, one.key):
            continue
        found = None if raw else read(piece.topic, one.value, one.headers)
        if isinstance(found, Undecodable):
            bad.append(damaged(piece, one, found.reason))
        elif wish.tenant_id is None or (
            found is not None and getattr(found.event, "tenant_id", None) == wish.tenant_id
        ):
            headers = tuple((name, value or b"") for name, value in one.headers or ())
            at = datetime.fromtimestamp(one.timestamp_ms / 1000, UTC)
            place = (piece.topic, piece.partition, one.offset, at)
            good.append(Replayed(*place, one.key, one.value, headers, found))
    return good, bad


def damaged(block: Block, one: TopicRecord, reason: str) -> Damaged:
    """A record of a block, set aside."""
    return Damaged(block.topic, block.partition, one.offset, reason, one.key, one.value)


def _of_rows(piece: LakeRows) -> tuple[list[Replayed], list[Damaged]]:
    """The lake has selected them already."""
    good, bad = list[Replayed](), list[Damaged]()
    for row in piece.table.to_pylist():
        place = (piece.topic, row["partition"], row["offset"])
        try:
            said = _said(piece.topic, row)
            made = encode(said.event, said.meta)
        except ValueError as error:  # as pydantic's and the envelope's are
            whole = json.dumps(row, default=str).encode()
            bad.append(Damaged(*place, f"a row of the lake: {error}"[:300], None, whole))
        else:
            good.append(
                Replayed(*place, row["timestamp"], made.key, made.value, made.headers, said)
            )
    return good, bad


def _said(topic: str, row: Mapping[str, Any]) -> Decoded:
    """Raises ValueError."""
    from lake.rows import event  # noqa: PLC0415 (an extra)

    stood = row["sequence"] or 0, row["traceparent"] or ""
    meta = Meta(row["ce_id"], row["ce_type"], LAKE_SOURCE, row["ce_time"], *stood)
    return Decoded(event(BY_NAME[topic], row), meta)


def works(piece: Piece) -> list[Work]:
    """What the readable records of a piece say."""
    if isinstance(piece, LakeRows):
        rows = piece.table.to_pylist()
        return [
            Work(piece.topic, row["partition"], row["offset"], _ms(row["timestamp"]), said)
            for row in rows
            if (said := _said(piece.topic, row))
        ]
    told = [(one, read(piece.topic, one.value, one.headers)) for one in piece.records]
    return [
        Work(piece.topic, piece.partition, one.offset, one.timestamp_ms, said)
        for one, said in told
        if isinstance(said, Decoded)
    ]


def _ms(at: datetime) -> int:
    return (at - EPOCH) // timedelta(milliseconds=1)


def family(event_type: str) -> str:
    """An event type without its version: `look.completed.v2` is of the family `look.completed`."""
    return event_type.rsplit(".v", 1)[0]


def is_raw(topic: str) -> bool:
    """Whether a topic keeps bytes as they came, with no event to be read."""
    return newest_type(topic) == ""


def newest_type(topic: str) -> str | None:
    """The event type that a declared topic carries today, empty where it keeps bytes as they came;
    None: a topic that is not declared.
    """
    declared = BY_NAME.get(topic)
    if declared is None:
        return None
    return "" if declared.event is None else TYPE_OF[declared.event]


def read(topic: str, value: bytes | None, headers: RawHeaders) -> Decoded | Undecodable:
    """The event in a record, in whichever released version it was written, or why there is none."""
    pairs = [(name, raw or b"") for name, raw in headers or ()]
    said = next(
        (raw.decode("utf-8", "replace") for name, raw in reversed(pairs) if name == "ce_type"), ""
    )
    if not said:
        return Undecodable("missing header ce_type")
    model = EVENT_TYPES.get(said)
    if model is None:
        return Undecodable(f"ce_type {said[:80]!r} is unknown here")
    carried = newest_type(topic)
    if carried and family(said) != family(carried):
        return Undecodable(
            f"ce_type {said[:80]!r} is known elsewhere, {topic} carries {family(carried)}"
        )
    return decode(value, pairs, model)
