"""Blocks as typed Arrow tables, one per event type, and what was damaged in them.

A block is read in bulk; where that fails its parts are, and only in a part that fails each record
is read by its model. Both ways give the same table: what the model accepts is written out by the
model and read in bulk again.
"""

import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lake.columns import TIME, Column, columns
from replaying.blocks import Block, Damaged, damaged, expected_family, family, is_raw, read
from replaying.heads import Heads, heads
from replaying.settling import NotBulk, parse, splitter
from replaying.typed import parse_typed, readable
from schemas.envelope import MAX_VALUE_BYTES, Meta, Undecodable
from schemas.events import EVENT_TYPES, TYPE_OF, RequestEvent

PART_RECORDS: Final = 500
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


@dataclass(slots=True)
class Tables:
    """A block, read. Rows are in offset order; most blocks are of one event type and have one
    table.
    """

    by_type: dict[str, pa.Table] = field(default_factory=dict)
    damaged: list[Damaged] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.num_rows for table in self.by_type.values())


def without_pandas() -> None:
    """For a process that is only ours: pyarrow asks pandas about the first list that it is given,
    and so imports 50 MB.
    """
    sys.meta_path.insert(0, _NoPandas)
    pa.array(["asks once"])
    sys.meta_path.remove(_NoPandas)


class _NoPandas(MetaPathFinder):
    @classmethod
    def find_spec(cls, fullname: str, path: object = None, target: object = None) -> None:
        """Raises ModuleNotFoundError for pandas."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)


def table_schema(event_type: str) -> pa.Schema:
    """The columns of an event type; of raw bytes for the empty type. Raises KeyError for an unknown
    one.
    """
    if not event_type:
        return pa.schema([*PLACE, *RAW])
    found = columns(EVENT_TYPES[event_type])
    body = [] if found is None else list(found.arrow())
    return pa.schema([*PLACE, *body])


class TableReader:
    """Reads blocks, from any thread."""

    def __init__(self, tenant_id: str | None = None) -> None:
        """`tenant_id`: only this tenant's rows. From now on Arrow takes its memory from the system,
        which gets it back at once; a pool of its own keeps what each thread once had, 100 MB in
        all.
        """
        pa.set_memory_pool(pa.system_memory_pool())
        self._tenant_id = tenant_id
        self._held = threading.local()

    def read(self, block: Block) -> Tables:
        """The block's tables. Never raises on what a record holds."""
        made = self._raw(block) if is_raw(block.topic) else self._events(block)
        if self._tenant_id is not None:
            for event_type, table in made.by_type.items():
                has = "tenant_id" in table.column_names
                made.by_type[event_type] = (
                    table.filter(pc.equal(table["tenant_id"], self._tenant_id))
                    if has
                    else table[:0]
                )
        return made

    def _raw(self, block: Block) -> Tables:
        text, number = pa.nulls(len(block), pa.string()), pa.nulls(len(block), pa.int64())
        place = _place(block, text, text, pa.nulls(len(block), TIME), number)
        headers = [[(name, raw or b"") for name, raw in one or ()] for one in block.headers]
        body = [pa.array(block.values, RAW[0].type), pa.array(headers, RAW[1].type)]
        return Tables({"": pa.Table.from_arrays([*place, *body], schema=table_schema(""))})

    def _events(self, block: Block) -> Tables:
        if not len(block):
            return Tables()
        try:
            return Tables(self._bulk(block))
        except NotBulk:
            pass
        made = [
            self._part(block.where(range(at, at + PART_RECORDS).__contains__))
            for at in range(0, len(block), PART_RECORDS)
        ]
        return _joined(made)

    def _part(self, block: Block) -> Tables:
        try:
            return Tables(self._bulk(block))
        except NotBulk:
            return self._one_by_one(block)

    def _bulk(self, block: Block) -> dict[str, pa.Table]:
        said = heads(block)
        kinds = pc.unique(said.types).to_pylist()
        if len(kinds) > 1:
            raise NotBulk("several types")
        (event_type,) = kinds
        model, wanted = EVENT_TYPES.get(event_type), expected_family(block.topic)
        if model is None or wanted not in (None, family(event_type)):
            raise NotBulk("another type")
        if max(map(len, filter(None, block.values)), default=0) > MAX_VALUE_BYTES:
            raise NotBulk("too large")
        table = self._table(block, said, model, block.values)
        if not pc.all(pc.equal(table["request_id"], said.subjects)).as_py():
            raise NotBulk("another subject")
        return {event_type: table}

    def _table(
        self, block: Block, said: Heads, model: type[RequestEvent], values: Sequence[bytes | None]
    ) -> pa.Table:
        found = columns(model)
        if found is None:
            raise NotBulk("the model checks more than its schema says")
        place = _place(block, said.ids, said.types, said.times, said.sequences)
        body = self._body(values, found)
        return pa.Table.from_arrays([*place, *body.values()], schema=table_schema(TYPE_OF[model]))

    def _body(self, values: Sequence[bytes | None], column: Column) -> dict[str, pa.Array]:
        """By the faster reader; by the slower one what that does not take."""
        if readable(column):
            try:
                return parse_typed(values, column)
            except NotBulk:
                pass
        if not hasattr(self._held, "splitter"):
            self._held.splitter = splitter()
        return parse(self._held.splitter, values, column)

    def _one_by_one(self, block: Block) -> Tables:
        """Each record by its model; the good ones, written out by the model, in bulk again."""
        made, good = Tables(), dict[type[RequestEvent], list[tuple[int, Meta, bytes]]]()
        for index in range(len(block)):
            found = read(block.topic, block.values[index], block.headers[index])
            if isinstance(found, Undecodable):
                made.damaged.append(damaged(block, index, found.reason))
            else:
                written = found.event.model_dump_json().encode()
                good.setdefault(type(found.event), []).append((index, found.meta, written))
        for model, rows in good.items():
            self._rewritten(block, model, rows, made)
        made.damaged.sort(key=lambda one: one.offset)
        return made

    def _rewritten(
        self,
        block: Block,
        model: type[RequestEvent],
        rows: list[tuple[int, Meta, bytes]],
        into: Tables,
    ) -> None:
        """Rows of one model; those that fit no column, such as a number beyond 64 bits, are found
        by halving.
        """
        chosen = {index for index, _, _ in rows}
        said = Heads(
            pa.array([meta.id for _, meta, _ in rows], pa.string()),
            pa.array([meta.type for _, meta, _ in rows], pa.string()),
            pa.array([meta.time for _, meta, _ in rows], TIME),
            pa.array([meta.sequence for _, meta, _ in rows], pa.int64()),
            pa.nulls(len(rows), pa.string()),
        )
        try:
            table = self._table(
                block.where(chosen.__contains__), said, model, [value for _, _, value in rows]
            )
        except NotBulk as error:
            if len(rows) == 1:
                into.damaged.append(damaged(block, rows[0][0], f"fits no column: {error}"))
                return
            half = len(rows) // 2
            self._rewritten(block, model, rows[:half], into)
            self._rewritten(block, model, rows[half:], into)
        else:
            _add(into, TYPE_OF[model], table)


def _add(into: Tables, event_type: str, table: pa.Table) -> None:
    known = into.by_type.get(event_type)
    into.by_type[event_type] = table if known is None else pa.concat_tables([known, table])


def _joined(parts: Iterable[Tables]) -> Tables:
    made = Tables()
    for part in parts:
        made.damaged.extend(part.damaged)
        for event_type, table in part.by_type.items():
            _add(made, event_type, table)
    return made


def _place(
    block: Block, ids: pa.Array, types: pa.Array, written: pa.Array, sequences: pa.Array
) -> list[pa.Array]:
    count = len(block)
    return [
        pa.repeat(pa.scalar(block.topic), count),
        pa.repeat(pa.scalar(block.partition, pa.int32()), count),
        pa.array(block.offsets, pa.int64()),
        pa.array(block.timestamps_ms, pa.timestamp("ms", "UTC")).cast(TIME),
        ids,
        types,
        written,
        sequences,
        _keys(block.keys),
    ]


def _keys(keys: Sequence[bytes | None]) -> pa.Array:
    try:
        return pa.array(keys, pa.string())
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return pa.array(
            [None if key is None else key.decode("utf-8", "backslashreplace") for key in keys],
            pa.string(),
        )


__all__ = ["PLACE", "Column", "TableReader", "Tables", "table_schema", "without_pandas"]
