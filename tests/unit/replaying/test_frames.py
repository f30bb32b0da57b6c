"""Batches are unpacked to what was written; what came damaged is refused; headers read in bulk are
those read one by one.
"""

from collections.abc import Sequence

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from replaying.blocks import Block
from replaying.errors import ReplayFailed
from replaying.fetching import committed
from replaying.frames import batches, fill
from replaying.heads import heads
from replaying.packed import PackedHeaders
from tests.unit.replaying.making import a_completion, encoded

NONE, ZSTD = 0, 4
Row = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]
ROWS: list[Row] = [
    (1_700_000_000_000, b"key", b"value" * 100, [("name", b"x"), ("none", None)]),
    (1_700_000_000_005, None, b"", []),
    (1_700_000_900_000, b"", None, [("größer", b"\xff"), ("name", b"")]),
]


def written(
    rows: Sequence[Row], compression: int, *, producer: int = -1, transactional: bool = False
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, compression, transactional, producer, 0, 0, 1 << 24)
    for offset, (at_ms, key, value, headers) in enumerate(rows):
        builder.append(offset, at_ms, key, value, headers)
    return bytes(builder.build())


def unpacked(raw: bytes) -> Block:
    found = list(batches(raw))
    block = Block("look.completed", 0, 0)
    fill(block, found, [one.unpacked() for one in found])
    return block


@pytest.mark.parametrize("compression", [NONE, ZSTD])
def test_records_are_as_they_were_written(compression: int) -> None:
    block = unpacked(written(ROWS, compression) * 2 + b"torn")
    assert [*zip(block.timestamps_ms, block.keys, block.values, block.headers, strict=True)] == [
        *ROWS,
        *ROWS,
    ]
    assert block.offsets == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("at", [25, 70, -1])
def test_a_byte_that_changed_on_the_way_is_noticed(at: int) -> None:
    raw = bytearray(written(ROWS, NONE))
    raw[at] ^= 1
    with pytest.raises(ReplayFailed, match="checksum"):
        list(batches(bytes(raw)))


def test_an_aborted_transaction_is_left_out_and_no_other() -> None:
    raw = b"".join(written(ROWS, NONE, producer=number, transactional=True) for number in (7, 8))
    assert [one.producer for one in committed(list(batches(raw)), [(7, 0)])] == [8]


def test_headers_in_bulk_are_those_read_one_by_one() -> None:
    records = [encoded(a_completion(number), sequence=number) for number in (1, 2, 30, 4)]
    rows: list[Row] = [(1, record.key, record.value, [*record.headers]) for record in records]
    packed = unpacked(written(rows, ZSTD))
    assert isinstance(packed.headers, PackedHeaders)
    plain = unpacked(written(rows, ZSTD))
    plain.headers = list(plain.headers)
    bulk, single = heads(packed), heads(plain)
    for name in ("ids", "types", "times", "sequences", "subjects"):
        assert getattr(bulk, name).to_pylist() == getattr(single, name).to_pylist()
    assert bulk.sequences.to_pylist() == [1, 2, 30, 4]
