"""From what a broker sends to columns: record batches of format 2, unpacked for many records at a
time.

The walk from record to record is Python's; what stands in the records is decoded with numpy, and
headers stay packed until somebody asks for them.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.record.util import calc_crc32c

from replaying.blocks import Block
from replaying.errors import ReplayFailed
from replaying.packed import PackedHeaders, varint

_HEAD: Final = struct.Struct(">qiibIhiqqqhii")
"""First offset, length, epoch, format, checksum, attributes, last offset, two times, producer, its
epoch, sequence, count.
"""
_BEFORE_LENGTH_ENDS, _CHECKED_FROM = 12, 21
_FORMAT: Final = 2
_COMPRESSION, _BROKERS_TIME, _TRANSACTIONAL, _CONTROL = 0x07, 0x08, 0x10, 0x20
_DECODERS: Final[dict[int, Callable[[bytes], bytes]]] = {
    0: bytes,
    1: gzip_decode,
    2: snappy_decode,
    3: lz4_decode,
    4: zstd_decode,
}
_VARINT_BITS: Final = 63
Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Batch:
    """A record batch: its head, and its records as they are packed."""

    first: int
    next: int
    attributes: int
    first_ms: int
    last_ms: int
    producer: int
    count: int
    packed: bytes

    @property
    def transactional(self) -> bool:
        """Whether a transaction wrote it."""
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def control(self) -> bool:
        """Whether it holds no records but the end of a transaction."""
        return bool(self.attributes & _CONTROL)

    @property
    def aborts(self) -> bool:
        """Whether it is the end of a transaction that was aborted: the marker's key is a version
        and a type, 0 for abort.
        """
        return self.control and self.packed[7:9] == b"\x00\x00"

    @property
    def at_ms(self) -> int | None:
        """The broker's time of all its records, where the topic keeps that."""
        return self.last_ms if self.attributes & _BROKERS_TIME else None

    def unpacked(self) -> bytes:
        """Its records, one after the other. Raises ReplayFailed."""
        kind = self.attributes & _COMPRESSION
        try:
            return _DECODERS[kind](self.packed)
        except Exception as error:
            raise ReplayFailed(
                f"the batch at offset {self.first} can't be unpacked (compression {kind}): "
                f"{error!r}"
            ) from error


def batches(raw: bytes) -> Iterator[Batch]:
    """The whole batches of an answer; a torn last one is left out. Raises ReplayFailed for damage
    on the way.
    """
    view, at = memoryview(raw), 0
    while at + _HEAD.size <= len(raw):
        first, length, _, kind, crc, attributes, last, first_ms, last_ms, producer, _, _, count = (
            _HEAD.unpack_from(raw, at)
        )
        end = at + _BEFORE_LENGTH_ENDS + length
        if end > len(raw):
            return
        if kind != _FORMAT:
            raise ReplayFailed(
                f"the batch at offset {first} is of format {kind}, older than Kafka 0.11"
            )
        if calc_crc32c(view[at + _CHECKED_FROM : end].tobytes()) != crc:
            raise ReplayFailed(f"the batch at offset {first} came damaged: its checksum differs")
        packed = view[at + _HEAD.size : end].tobytes()
        yield Batch(first, first + last + 1, attributes, first_ms, last_ms, producer, count, packed)
        at = end


def fill(block: Block, taken: Sequence[Batch], raws: Sequence[bytes]) -> None:
    """Put the records of these batches, unpacked in `raws`, into an empty block.

    Raises ReplayFailed when they are not laid out as the format says.
    """
    raw = b"".join(raws)
    try:
        starts, ends = _walk(raw, sum(batch.count for batch in taken))
        found = _Fields.read(raw, starts, ends)
    except (IndexError, ValueError) as error:
        raise ReplayFailed(
            f"batches from offset {taken[0].first} are not laid out as records are"
        ) from error
    counts = [batch.count for batch in taken]
    offsets = found.offsets + np.repeat(np.array([batch.first for batch in taken]), counts)
    whole = np.array([batch.at_ms is not None for batch in taken])
    base_ms = np.array([batch.first_ms if batch.at_ms is None else batch.at_ms for batch in taken])
    times = np.repeat(base_ms, counts) + np.where(np.repeat(whole, counts), 0, found.times)
    block.offsets, block.timestamps_ms = offsets.tolist(), times.tolist()
    block.keys, block.values = found.slices(raw, found.keys), found.slices(raw, found.values)
    block.headers = PackedHeaders(
        [raw[start:end] for start, end in zip(found.headers.tolist(), ends, strict=True)]
    )


def _walk(raw: bytes, count: int) -> tuple[list[int], list[int]]:
    """Where each record begins, after its length, and ends."""
    starts, ends, at = list[int](), list[int](), 0
    begin, end = starts.append, ends.append
    for _ in range(count):
        length, second = raw[at], raw[at + 1]
        if length > 0x7F and second <= 0x7F:  # nearly all records: 64 to 8191 bytes
            length = (length & 0x7F | second << 7) >> 1
            at += 2
        else:
            length, at = varint(raw, at)
        begin(at)
        at += length
        end(at)
    if at != len(raw):
        raise ValueError("records end elsewhere")
    return starts, ends


@dataclass(frozen=True, slots=True)
class _Fields:
    """Of each record: time and offset after its batch's, where key and value are, and where the
    headers begin.
    """

    times: Integers
    offsets: Integers
    keys: tuple[Integers, Integers]  # start, length; -1: none
    values: tuple[Integers, Integers]
    headers: Integers

    @classmethod
    def read(cls, raw: bytes, starts: Sequence[int], ends: Sequence[int]) -> "_Fields":
        """Raises IndexError or ValueError."""
        data = np.frombuffer(raw, np.uint8)
        times, at = varints(data, np.array(starts, np.int64) + 1)  # after the attributes
        offsets, at = varints(data, at)
        key_sizes, keys_at = varints(data, at)
        value_sizes, values_at = varints(data, keys_at + np.maximum(key_sizes, 0))
        headers_at = values_at + np.maximum(value_sizes, 0)
        if (headers_at > np.array(ends, np.int64)).any():
            raise ValueError("a field ends after its record")
        return cls(times, offsets, (keys_at, key_sizes), (values_at, value_sizes), headers_at)

    @staticmethod
    def slices(raw: bytes, where: tuple[Integers, Integers]) -> list[bytes | None]:
        """The bytes there."""
        starts, sizes = where
        pairs = zip(starts.tolist(), (starts + sizes).tolist(), strict=True)
        if (sizes < 0).any():
            return [None if end < start else raw[start:end] for start, end in pairs]
        return [raw[start:end] for start, end in pairs]


def varints(data: np.ndarray[Any, np.dtype[np.uint8]], at: Integers) -> tuple[Integers, Integers]:
    """Kafka's signed numbers of several bytes at these places, and where they end. Raises
    IndexError, ValueError.
    """
    byte = data[at]
    values, after, shift = (byte & 0x7F).astype(np.int64), at + 1, 7
    rows = np.flatnonzero(byte > 0x7F)
    while len(rows):
        if shift > _VARINT_BITS:
            raise ValueError("a number is too long")
        byte = data[after[rows]]
        values[rows] |= (byte & 0x7F).astype(np.int64) << shift
        after[rows] += 1
        rows, shift = rows[byte > 0x7F], shift + 7
    return (values >> 1) ^ -(values & 1), after
