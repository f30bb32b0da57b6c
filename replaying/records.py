"""Records as replays pass them on, in blocks of a topic or rows of the lake; what each says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from runtime.records import Work
from schemas.envelope import Decoded, Headers, Undecodable, encode
from schemas.reading import newest_type, read_event
from schemas.topics import BY_NAME

if TYPE_CHECKING:
    import pyarrow as pa

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Replayed:
    """A record: where it stood, when the broker wrote it, and, once it is read, what it says or the
    `reason` why it can't be; neither for raw bytes. From the lake, value and headers are made anew,
    as the event's writer would.
    """

    topic: str
    partition: int
    offset: int
    written_at: datetime
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    said: Decoded | None = None
    reason: str = ""

    @property
    def place(self) -> tuple[str, int, int]:
        return self.topic, self.partition, self.offset


Damaged = Replayed
"""One that could not be read, by the name that analysts import it by."""


@dataclass(frozen=True, slots=True)
class Wish:
    """About whom: all for None. `key`: of the records of one request."""

    tenant_id: str | None = None
    key: bytes | None = None


EVERYBODY: Final = Wish()


@dataclass(slots=True)
class Block:
    """Records of one partition in offset order, not read yet, and which of them are wanted.
    `next_offset`: where to go on; markers of transactions have offsets too.
    """

    topic: str
    partition: int
    next_offset: int
    records: list[Replayed] = field(default_factory=list)
    wish: Wish = EVERYBODY

    def __len__(self) -> int:
        return len(self.records)


@dataclass(frozen=True, slots=True)
class LakeRows:
    """Rows of a topic's table, in the columns of `lake.layout.arrow_schema`."""

    topic: str
    table: "pa.Table"

    def __len__(self) -> int:
        return int(self.table.num_rows)


Piece = Block | LakeRows


def records(piece: Piece) -> tuple[list[Replayed], list[Replayed]]:
    """A piece's wanted records, each read by its model, and those that could not be. The lake has
    selected its rows already.
    """
    wish = EVERYBODY if isinstance(piece, LakeRows) else piece.wish
    if isinstance(piece, LakeRows):
        read = [_of_row(piece.topic, row) for row in piece.table.to_pylist()]
    else:
        wanted = [one for one in piece.records if wish.key in (None, one.key)]
        read = wanted if newest_type(piece.topic) == "" else list(map(_read, wanted))
    good = [one for one in read if not one.reason and wish.tenant_id in (None, _tenant(one))]
    return good, [one for one in read if one.reason]


def _tenant(one: Replayed) -> str | None:
    return None if one.said is None else getattr(one.said.event, "tenant_id", None)


def _read(one: Replayed) -> Replayed:
    said = read_event(one.topic, one.value, one.headers)
    if isinstance(said, Undecodable):
        return replace(one, reason=said.reason)
    return replace(one, said=said)


def _of_row(topic: str, row: Mapping[str, Any]) -> Replayed:
    from lake.rows import decoded  # noqa: PLC0415 (an extra)

    place = topic, row["partition"], row["offset"], row["timestamp"]
    try:
        said = decoded(BY_NAME[topic], row)
        made = encode(said.event, said.meta)
    except ValueError as error:  # as pydantic's and the envelope's are
        whole = json.dumps(row, default=str).encode()
        return Replayed(*place, None, whole, reason=f"a row of the lake: {error}"[:300])
    return Replayed(*place, made.key, made.value, made.headers, said)


def works(piece: Piece) -> list[Work]:
    """What the readable records of a piece say."""
    return [
        Work(*one.place, (one.written_at - EPOCH) // MS, one.said)
        for one in records(piece)[0]
        if one.said is not None
    ]
