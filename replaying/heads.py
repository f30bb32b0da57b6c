"""What the headers of a block say, column by column."""

from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from replaying.blocks import Block
from replaying.packed import Bytes, Layout, PackedHeaders, layouts
from replaying.settling import NotBulk, times
from schemas.envelope import number_of

WANTED: Final = ("ce_id", "ce_type", "ce_source", "ce_time", "ce_subject")
SEQUENCE: Final = "ce_sequence"


@dataclass(frozen=True, slots=True)
class Heads:
    """One value a record: ids, types (text), times, numbers within the request, and subjects."""

    ids: pa.Array
    types: pa.Array
    times: pa.Array
    sequences: pa.Array
    subjects: pa.Array


def heads(block: Block) -> Heads:
    """The headers of a block. Raises NotBulk unless all are there and plain ASCII."""
    found = layouts(block.headers) if isinstance(block.headers, PackedHeaders) else None
    try:
        texts = _read(block) if found is None else _cut(found)
        ids, types, sources, written, subjects, numbers = texts
        sequence = _numbers(numbers)
        at = times(written, one_by_one=False)
    except (KeyError, TypeError, ValueError) as error:  # ArrowInvalid is a ValueError
        raise NotBulk("headers") from error
    if not all(pc.min(pc.binary_length(one)).as_py() for one in (ids, sources)):
        raise NotBulk("an empty header")
    return Heads(ids, types, at, sequence, subjects)


def _read(block: Block) -> list[pa.Array]:
    """One by one."""
    named: list[dict[str, Any]] = [dict(headers or ()) for headers in block.headers]
    if not b"".join(chain.from_iterable(map(dict.values, named))).isascii():
        raise NotBulk("a header is not ASCII")
    columns = [[one[name] for one in named] for name in WANTED]
    return [
        pa.array(column, pa.string())
        for column in [*columns, [one.get(SEQUENCE) or b"0" for one in named]]
    ]


def _cut(found: list[Layout]) -> list[pa.Array]:
    """From the bytes of each layout, put back into the order of the records."""
    if any(
        (one.bytes >= 0x80).any() or any(end < start for start, end in one.spans.values())
        for one in found
    ):
        raise NotBulk("a header is not ASCII, or null")
    columns = [pa.concat_arrays([_texts(one.column(name)) for one in found]) for name in WANTED]
    columns.append(pa.concat_arrays([_sequences(one) for one in found]))
    if len(found) == 1:
        return columns
    order = pa.array(np.argsort(np.concatenate([one.rows for one in found])))
    return [column.take(order) for column in columns]


def _sequences(layout: Layout) -> pa.Array:
    start, end = layout.spans.get(SEQUENCE, (0, 0))
    return (
        _texts(layout.bytes[:, start:end])
        if end > start
        else pa.array(["0"] * len(layout.rows), pa.string())
    )


def _texts(matrix: Bytes) -> pa.Array:
    """Rows of ASCII as texts."""
    count, width = matrix.shape
    ends = pa.py_buffer(np.arange(count + 1, dtype=np.int32) * np.int32(width))
    return pa.Array.from_buffers(
        pa.string(), count, [None, ends, pa.py_buffer(np.ascontiguousarray(matrix))]
    )


def _numbers(texts: pa.Array) -> pa.Array:
    """As the envelope reads them, each different one once. Raises ValueError."""
    known = pc.dictionary_encode(texts)
    return pa.array([number_of(one) for one in known.dictionary.to_pylist()], pa.int64()).take(
        known.indices
    )
