"""Pieces as typed Arrow tables, one per event type, and what was damaged in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import groupby
from typing import Any, Final

import pyarrow as pa

from lake.layout import event_columns
from lake.rows import TIME, bodies, fitting
from replaying.records import LakeRows, Piece, Replayed, records
from schemas.events import EVENT_TYPES
from schemas.reading import newest_type


def _of_meta(name: str) -> Callable[[Replayed], Any]:
    return lambda one: one.said and getattr(one.said.meta, name)


PLACE: Final[Mapping[str, tuple[pa.DataType, Callable[[Replayed], Any]]]] = {
    "_topic": (pa.string(), lambda one: one.topic),
    "_partition": (pa.int32(), lambda one: one.partition),
    "_offset": (pa.int64(), lambda one: one.offset),
    "_timestamp": (TIME, lambda one: one.written_at),
    "_ce_id": (pa.string(), _of_meta("id")),
    "_ce_type": (pa.string(), _of_meta("type")),
    "_ce_time": (TIME, _of_meta("time")),
    "_sequence": (pa.int64(), _of_meta("sequence")),
    "_key": (pa.string(), lambda one: one.key and one.key.decode("utf-8", "backslashreplace")),
}
"""The first columns of every table: where a record stands and what its headers say."""
RAW: Final[Mapping[str, tuple[pa.DataType, Callable[[Replayed], Any]]]] = {
    "_value": (pa.binary(), lambda one: one.value),
    "_headers": (pa.map_(pa.string(), pa.binary()), lambda one: list(one.headers)),
}
"""Further columns of topics that keep bytes as they came."""
KEY: Final = "request_id"
"""The column of the lake that was a record's key."""


@dataclass(slots=True)
class Tables:
    """A piece, read. Most are of one event type and have one table."""

    by_type: dict[str, pa.Table] = field(default_factory=dict)
    damaged: list[Replayed] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return sum(table.num_rows for table in self.by_type.values())


@cache
def table_schema(event_type: str) -> pa.Schema:
    """The columns of an event type; of raw bytes for the empty one."""
    known = PLACE if event_type else {**PLACE, **RAW}
    body = event_columns(EVENT_TYPES[event_type]).arrow() if event_type else ()
    return pa.schema([*(pa.field(name, kind) for name, (kind, _) in known.items()), *body])


def system_memory() -> None:
    """From now on Arrow takes its memory from the system, which gets it back at once; a pool of its
    own keeps what each thread once had.
    """
    pa.set_memory_pool(pa.system_memory_pool())


def typed(piece: Piece, *, validate: bool = False) -> Tables:
    """A piece's tables. Never raises on what a record holds. `validate`: read the lake's rows by
    their models once more; what comes from a topic is always read so.
    """
    if isinstance(piece, LakeRows) and not validate:
        return Tables({newest_type(piece.topic) or "": _renamed(piece)} if len(piece) else {})
    good, bad = records(piece)
    made = Tables(damaged=bad)
    for event_type, some in groupby(sorted(good, key=_type), _type):
        tables, unfit = fitting(list(some), partial(_table, event_type))
        if tables:
            made.by_type[event_type] = pa.concat_tables(tables)
        made.damaged += [replace(one, said=None, reason=why) for one, why in unfit]
    made.damaged.sort(key=lambda one: one.place)
    return made


def _renamed(piece: LakeRows) -> pa.Table:
    schema = table_schema(newest_type(piece.topic) or "")
    names = [KEY if name == "_key" else name.removeprefix("_") for name in schema.names]
    return pa.Table.from_arrays([piece.table[name] for name in names], schema=schema)


def _type(one: Replayed) -> str:
    return "" if one.said is None else one.said.meta.type


def _table(event_type: str, some: Sequence[Replayed]) -> pa.Table:
    known = PLACE if event_type else {**PLACE, **RAW}
    place = [pa.array(list(map(told, some)), kind) for kind, told in known.values()]
    said = [one.said.event for one in some if one.said]
    body = bodies(EVENT_TYPES[event_type], said) if event_type else []
    return pa.Table.from_arrays([*place, *body], schema=table_schema(event_type))
