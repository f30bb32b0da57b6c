"""Headers of many records, still packed as Kafka packs them: read one by one when asked for, or
column by column.

Records of one writer have headers of the same names and lengths: those bytes are compared in bulk
with the first record's, and what lies between them is cut out as a column.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, overload

import numpy as np

MOST_LAYOUTS: Final = 16
"""So many kinds of headers in one block are cut out in bulk; with more, one by one is as fast."""
Pairs = list[tuple[str, bytes | None]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]


class PackedHeaders(Sequence[Pairs]):
    """Each record's headers; an item is a list of names and values, read when it is asked for."""

    def __init__(self, sections: list[bytes]) -> None:
        """`sections`: what stands behind each record's value."""
        self.sections = sections

    def __len__(self) -> int:
        """Count the records."""
        return len(self.sections)

    @overload
    def __getitem__(self, index: int) -> Pairs: ...
    @overload
    def __getitem__(self, index: slice) -> "PackedHeaders": ...
    def __getitem__(self, index: int | slice) -> "Pairs | PackedHeaders":
        """One record's headers, or those of several, still packed."""
        if isinstance(index, slice):
            return PackedHeaders(self.sections[index])
        section = self.sections[index]
        return [
            (
                section[name[0] : name[1]].decode("utf-8", "replace"),
                None if end < start else section[start:end],
            )
            for name, start, end in _spans(section)
        ]

    def at(self, indices: Sequence[int]) -> "PackedHeaders":
        """Those of some records, still packed."""
        return PackedHeaders([self.sections[index] for index in indices])


@dataclass(frozen=True, slots=True)
class Layout:
    """Records with the same names and lengths: which rows they are, and their headers as a matrix
    of bytes.
    """

    rows: np.ndarray[Any, np.dtype[np.int64]]
    bytes: Bytes
    # Of the values; the last of a name counts; end before start: null
    spans: dict[str, tuple[int, int]]

    def column(self, name: str) -> Bytes:
        """The values of a header, one row each. Raises KeyError where it is not or is null."""
        start, end = self.spans[name]
        if end < start:
            raise KeyError(name)
        return self.bytes[:, start:end]


def layouts(headers: PackedHeaders) -> list[Layout] | None:
    """The rows by layout; None when there are too many or headers can't be read."""
    sections, found = headers.sections, list[Layout]()
    left = np.arange(len(sections))
    sizes = np.array([len(section) for section in sections])
    while len(left):
        if len(found) == MOST_LAYOUTS:
            return None
        model = sections[left[0]]
        same = left[sizes[left] == len(model)]
        matrix = np.frombuffer(
            b"".join([sections[row] for row in same.tolist()]), np.uint8
        ).reshape(len(same), len(model))
        spans = list(_spans(model))
        fixed = np.full(len(model), 0xFF, np.uint8)
        for _, start, end in spans:
            fixed[start:end] = 0
        fits = ~(((matrix ^ matrix[0]) & fixed).any(axis=1))
        names = {
            model[name[0] : name[1]].decode("utf-8", "replace"): (start, end)
            for name, start, end in spans
        }
        found.append(Layout(same[fits], matrix if fits.all() else matrix[fits], names))
        left = np.setdiff1d(left, same[fits], assume_unique=True)
    return found


def _spans(section: bytes) -> Iterator[tuple[tuple[int, int], int, int]]:
    """Where each header's name and value stand; a value that is null ends before it starts."""
    count, at = varint(section, 0)
    for _ in range(count):
        size, at = varint(section, at)
        name = at, at + size
        size, at = varint(section, at + size)
        yield name, at, at + size
        at += max(size, 0)


def varint(raw: bytes, at: int) -> tuple[int, int]:
    """Kafka's signed number at a place, and where it ends. Raises IndexError."""
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), at
        shift += 7
