"""Records as rows and rows as events again: nothing that an event says is lost on the way."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import pyarrow as pa

from lake.columns import TIME, Column
from lake.layout import PLACE, arrow_schema, event_columns, event_of
from runtime.records import Work
from schemas.envelope import Decoded, Meta
from schemas.events import TYPE_OF, RequestEvent
from schemas.ids import derived_id
from schemas.topics import Topic

RowChange = Callable[[Any], Any]
Item = TypeVar("Item")

MISFITS: Final = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeEncodeError)
"""What Arrow raises for a value that no column can hold, such as a number beyond 64 bits."""
SOURCE: Final = "/looks/lake"
"""`ce_source` of a record that is made anew from the lake, which does not keep it."""


def rows(topic: Topic, works: Sequence[Work]) -> pa.Table:
    """Records of one topic, in their order. Raises one of MISFITS."""
    body = bodies(event_of(topic), [work.decoded.event for work in works])
    return pa.Table.from_arrays([*_places(works), *body], schema=arrow_schema(topic))


def bodies(model: type[RequestEvent], events: Sequence[RequestEvent]) -> list[pa.Array]:
    """The fields of events of one type, as columns. Raises one of MISFITS."""
    told = [event.model_dump() for event in events]
    fields = event_columns(model).fields
    return [_column([event[name] for event in told], one) for name, one in fields.items()]


def fitting(
    items: Sequence[Item], make: Callable[[Sequence[Item]], pa.Table]
) -> tuple[list[pa.Table], list[tuple[Item, str]]]:
    """Tables of what fits its columns, in order; and what does not, with the reason: found by
    halving.
    """
    try:
        return [make(items)], []
    except MISFITS as error:
        if len(items) == 1:
            return [], [(items[0], f"fits no column: {error}"[:300])]
    half = len(items) // 2
    first, second = fitting(items[:half], make), fitting(items[half:], make)
    return [*first[0], *second[0]], [*first[1], *second[1]]


def event(topic: Topic, row: Mapping[str, Any]) -> RequestEvent:
    """The event of a row, as `Table.to_pylist` gives it. Raises ValidationError."""
    model = event_of(topic)
    told = {name: _as_told(row[name], one) for name, one in event_columns(model).fields.items()}
    return model.model_validate(told)


def decoded(topic: Topic, row: Mapping[str, Any]) -> Decoded:
    """The event of a row and what its headers said. Raises ValueError. Another engine's rows may
    lack headers: an id is of its place then.
    """
    said = event(topic, row)
    meta = Meta(
        row["ce_id"]
        or derived_id(said.request_id, topic.name, str(row["partition"]), str(row["offset"])),
        row["ce_type"] or TYPE_OF[event_of(topic)],
        SOURCE,
        row["ce_time"] or row["timestamp"],
        row["sequence"] or 0,
        row["traceparent"] or "",
    )
    return Decoded(said, meta)


def _places(works: Sequence[Work]) -> list[pa.Array]:
    metas = [work.decoded.meta for work in works]
    values: list[list[Any]] = [
        [work.topic for work in works],
        [work.partition for work in works],
        [work.offset for work in works],
        [work.written_at for work in works],
        [meta.id for meta in metas],
        [meta.type for meta in metas],
        [meta.time for meta in metas],
        [meta.sequence for meta in metas],
        [meta.traceparent or None for meta in metas],
    ]
    return [pa.array(one, field.type) for one, field in zip(values, PLACE, strict=True)]


def _column(values: list[Any], column: Column) -> pa.Array:
    change = _change(column)
    return pa.array(values if change is None else list(map(change, values)), column.arrow())


def _change(column: Column) -> RowChange | None:
    """How a value of the model becomes one that Arrow takes; None: as it is."""
    match column.kind:
        case "any":
            return _text
        case "map":
            inner = _change(column.inner)
            return lambda value: (
                None
                if value is None
                else [(key, one if inner is None else inner(one)) for key, one in value.items()]
            )
        case "list" if (inner := _change(column.inner)) is not None:
            return lambda value: None if value is None else [inner(one) for one in value]
        case "struct":
            changes = {
                name: change
                for name, one in column.fields.items()
                if (change := _change(one)) is not None
            }
            return _within(changes) if changes else None
    return None


def _within(changes: Mapping[str, RowChange]) -> RowChange:
    def changed(value: Any) -> Any:
        if value is None:
            return None
        return {**value, **{name: change(value[name]) for name, change in changes.items()}}

    return changed


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _as_told(value: Any, column: Column) -> Any:
    if column.kind == "any":
        return json.loads(value)
    if value is None:
        return None
    match column.kind:
        case "map":
            return {key: _as_told(one, column.inner) for key, one in value}
        case "list":
            return [_as_told(one, column.inner) for one in value]
        case "struct":
            return {name: _as_told(value[name], one) for name, one in column.fields.items()}
    return value


__all__ = ["MISFITS", "SOURCE", "TIME", "bodies", "decoded", "event", "fitting", "rows"]
