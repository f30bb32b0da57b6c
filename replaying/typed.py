"""From JSON text to typed Arrow arrays by Arrow's own reader, which is several times faster than
splitting into text first.

It reads what is plainly right and of one mind: whatever it might take otherwise than the models do
raises NotBulk, and the caller takes the slower way.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from lake.columns import Column
from replaying.settling import NotBulk, begins_of, bounds, text, times

_PLAIN: Final = {
    "text": pa.string(),
    "time": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
}
MOST_KEYS: Final = 256
"""A map with more different keys in one block is read otherwise."""


def readable(column: Column) -> bool:
    """Whether a tree can be read this way: free JSON can't, it has no type."""
    inner = [*column.fields.values(), *([] if column.item is None else [column.item])]
    return column.kind != "any" and all(map(readable, inner))


def parse_typed(values: Sequence[bytes | None], column: Column) -> dict[str, pa.Array]:
    """The fields of these JSON documents, by name. Raises NotBulk."""
    joined = _joined(values)
    options = pj.ParseOptions(
        explicit_schema=pa.schema(_explicit(column)), unexpected_field_behavior="infer"
    )
    try:
        found = pj.read_json(
            pa.BufferReader(joined),
            pj.ReadOptions(use_threads=False, block_size=len(joined) + 1),
            options,
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise NotBulk(str(error)[:200]) from error
    if found.num_rows != len(values):
        raise NotBulk("not one document a record")
    whole = {name: _one(found[name]) for name in column.fields if name in found.column_names}
    missing = [name for name in column.fields if name not in whole]
    if missing:
        raise NotBulk("a map that is nowhere")
    return {name: _checked(whole[name], one, 0, joined) for name, one in column.fields.items()}


def _joined(values: Sequence[bytes | None]) -> bytes:
    """One document a line; without what Arrow's reader is not known to take as the models do.

    Each begins and ends with a brace: no document can go on in the next record's, for a brace opens
    none after one closed.
    """
    try:
        joined = b"\n".join(values)  # type: ignore[arg-type]  # None raises
    except TypeError as error:
        raise NotBulk("no value") from error
    data = np.frombuffer(joined, np.uint8)
    lines = np.flatnonzero(data == ord("\n"))
    if b"\x00" in joined or (b"\\" in joined and b"\\u" in joined) or len(lines) != len(values) - 1:
        raise NotBulk("suspect")
    if (
        joined[:1] != b"{"
        or joined[-1:] != b"}"
        or (data[lines - 1] != ord("}")).any()
        or (data[lines + 1] != ord("{")).any()
    ):
        raise NotBulk("no object")
    if not joined.isascii():
        try:
            joined.decode()
        except UnicodeDecodeError as error:
            raise NotBulk("not UTF-8") from error
    return joined


def _explicit(column: Column) -> list[pa.Field]:
    """What is known before; the keys of maps are not."""
    return [pa.field(name, _type(one)) for name, one in column.fields.items() if one.kind != "map"]


def _type(column: Column) -> pa.DataType:
    if column.kind == "struct":
        return pa.struct(_explicit(column))
    if column.kind == "list":
        if column.inner.kind == "map":
            raise NotBulk("maps in a list")
        return pa.list_(_type(column.inner))
    return _PLAIN[column.kind]


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _checked(array: pa.Array, column: Column, absent: int, joined: bytes) -> pa.Array:
    """An array within its column's limits. `absent`: nulls that only mean that what holds it is
    null.
    """
    if not column.nullable and array.null_count > absent:
        raise NotBulk("null")
    match column.kind:
        case "struct":
            return _struct(array, column, joined)
        case "list":
            sizes = pc.list_value_length(array)
            bounds(sizes, column.min_size, column.max_size)
            mask = pc.is_null(array) if array.null_count else None
            inner = _checked(array.flatten(), column.inner, 0, joined)
            return pa.ListArray.from_arrays(begins_of(sizes), inner, type=column.arrow(), mask=mask)
        case "map":
            return _map(array, column, joined)
        case _:
            return _leaf(array, column)


def _struct(array: pa.Array, column: Column, joined: bytes) -> pa.Array:
    parts = []
    for name, one in column.fields.items():
        at = array.type.get_field_index(name)
        if at < 0:
            raise NotBulk("a map that is nowhere")
        parts.append(_checked(array.field(at), one, array.null_count, joined))
    mask = pc.is_null(array) if array.null_count else None
    return pa.StructArray.from_arrays(parts, fields=list(column.arrow()), mask=mask)


def _leaf(array: pa.Array, column: Column) -> pa.Array:
    try:
        match column.kind:
            case "time":
                return times(array.cast(pa.string()))
            case "text":
                return text(array, column)
            case "number" if pa.types.is_integer(array.type):
                array = array.cast(pa.float64())
    except pa.ArrowInvalid as error:
        raise NotBulk(str(error)[:200]) from error
    if array.type != column.arrow():
        raise NotBulk("another type")
    if column.kind == "number" and pc.all(pc.is_finite(array)).as_py() is False:
        raise NotBulk("not finite")
    if column.kind != "boolean":
        bounds(array, column.minimum, column.maximum)
    return array


def _map(array: pa.Array, column: Column, joined: bytes) -> pa.Array:
    """Entries row by row, from an array for each key. Where a key is null it is not there: `null`
    itself is not allowed.
    """
    if not pa.types.is_struct(array.type) or column.inner.nullable:
        raise NotBulk("another map")
    names, count = [field.name for field in array.type], len(array)
    if len(names) > MOST_KEYS:
        raise NotBulk("many keys")
    held = np.array(
        [array.field(at).is_valid().to_numpy(zero_copy_only=False) for at in range(len(names))],
        bool,
    )
    held = held.reshape(len(names), count).T
    valid = array.is_valid().to_numpy(zero_copy_only=False)
    _no_nulls([name for at, name in enumerate(names) if not held[valid, at].all()], joined)
    rows, keys = np.nonzero(held)
    parts = [
        _checked(array.field(at), column.inner, int(count - held[:, at].sum()), joined)
        for at in range(len(names))
    ]
    items = pa.concat_arrays(parts) if parts else pa.array([], column.inner.arrow())
    taken = items.take(pa.array(keys * count + rows))
    offsets = begins_of(pa.array(held.sum(axis=1)))
    mask = pc.is_null(array) if array.null_count else None
    key_texts = pa.array(names, pa.string()).take(pa.array(keys))
    return pa.MapArray.from_arrays(offsets, key_texts, taken, type=column.arrow(), mask=mask)


def _no_nulls(names: Sequence[str], joined: bytes) -> None:
    """Whether these keys, which some maps lack, are null in others: the text says."""
    if not names:
        return
    if not all(name.isidentifier() and name.isascii() for name in names):
        raise NotBulk("a key that may be spelled otherwise")
    pattern = r'"(?:{})"\s*:\s*null'.format("|".join(names))
    if pc.match_substring_regex(pa.array([joined], pa.binary()), pattern)[0].as_py():
        raise NotBulk("a key that may be null")
