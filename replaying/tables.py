"""Pieces as typed Arrow tables, one per event type, and what was damaged in them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import groupby
from typing import Any, Final

import pyarrow as pa

from lake.layout import event_columns
from lake.rows import TIME, bodies, fitting
from replaying.records import Damaged, LakeRows, Piece, Replayed, Wish, newest_type, records
from schemas.events import EVENT_TYPES

PLACE: Final = (
    pa.field("_topic", pa.string()),
    pa.field("_partition", pa.int32()),
    pa.field("_offset", pa.int64()),
    pa.field("_timestamp", TIME),
    pa.field("_ce_id", pa.string()),
    pa.field("_ce_type", pa.string()),
    pa.field("_ce_time", TIME),
    pa.field("_sequence", pa.int64()),
    pa.field("_key", pa.string()),
)
"""The first columns of every table: where a record stands and what its headers say."""
RAW: Final = (
    pa.field("_value", pa.binary()),
    pa.field("_headers", pa.map_(pa.string(), pa.binary())),
)
"""Further columns of topics that keep bytes as they came."""
KEY: Final = "request_id"
"""The column of the lake that was a record's key."""


@dataclass(slots=True)
class Tables:
    """A piece, read. Most are of one event type and have one table."""

    by_type: dict[str, pa.Table] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.num_rows for table in self.by_type.values())


@cache
def table_schema(event_type: str) -> pa.Schema:
    """The columns of an event type; of raw bytes for the empty one."""
    body = event_columns(EVENT_TYPES[event_type]).arrow() if event_type else RAW
    return pa.schema([*PLACE, *body])


def system_memory() -> None:
    """From now on Arrow takes its memory from the system, which gets it back at once; a pool of its
    own keeps what each thread once had.
    """
    pa.set_memory_pool(pa.system_memory_pool())


def typed(piece: Piece, wish: Wish, *, validate: bool = False) -> Tables:
    """A piece's tables. Never raises on what a record holds. `validate`: read rows of the lake by
    their models once more; what comes from a topic is always read so.
    """
    if isinstance(piece, LakeRows) and not validate:
        return Tables({newest_type(piece.topic) or "": _renamed(piece)} if len(piece) else {})
    good, bad = records(piece, wish)
    made = Tables(damaged=bad)
    for event_type, some in groupby(sorted(good, key=_type), _type):
        tables, unfit = fitting(list(some), partial(_table, event_type))
        if tables:
            made.by_type[event_type] = pa.concat_tables(tables)
        made.damaged += [
            Damaged(one.topic, one.partition, one.offset, why, one.key, one.value)
            for one, why in unfit
        ]
    made.damaged.sort(key=lambda one: (one.partition, one.offset))
    return made


def _renamed(piece: LakeRows) -> pa.Table:
    schema = table_schema(newest_type(piece.topic) or "")
    names = [KEY if name == "_key" else name.removeprefix("_") for name in schema.names]
    return pa.Table.from_arrays([piece.table[name] for name in names], schema=schema)


def _type(one: Replayed) -> str:
    return "" if one.said is None else one.said.meta.type


def _table(event_type: str, some: Sequence[Replayed]) -> pa.Table:
    body = (
        bodies(EVENT_TYPES[event_type], [one.said.event for one in some if one.said])
        if event_type
        else _raw(some)
    )
    return pa.Table.from_arrays([*_place(some), *body], schema=table_schema(event_type))


def _raw(some: Sequence[Replayed]) -> list[pa.Array]:
    columns: list[list[Any]] = [[one.value for one in some], [[*one.headers] for one in some]]
    return [pa.array(told, field.type) for told, field in zip(columns, RAW, strict=True)]


def _place(some: Sequence[Replayed]) -> list[pa.Array]:
    of_meta: list[Callable[[Replayed], Any]] = [
        lambda one: one.said and one.said.meta.id,
        lambda one: one.said and one.said.meta.type,
        lambda one: one.said and one.said.meta.time,
        lambda one: one.said and one.said.meta.sequence,
    ]
    columns: list[list[Any]] = [
        [one.topic for one in some],
        [one.partition for one in some],
        [one.offset for one in some],
        [one.written_at for one in some],
        *([told(one) for one in some] for told in of_meta),
        [None if one.key is None else one.key.decode("utf-8", "backslashreplace") for one in some],
    ]
    return [pa.array(told, field.type) for told, field in zip(columns, PLACE, strict=True)]
