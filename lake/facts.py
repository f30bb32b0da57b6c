"""What a table holds of each partition against what its topic has, offset by offset."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from domain.audit import InLake
from lake.tables import offsets_of


@dataclass(slots=True)
class Held:
    """One snapshot of a table. Memory: 8 bytes a row."""

    ends: Mapping[int, int]
    """Partition -> the next offset that the table goes on at."""
    offsets: Mapping[int, pa.ChunkedArray]
    seen: "dict[int, array[int]]" = field(default_factory=lambda: defaultdict(lambda: array("q")))
    """Of its topic's committed records that can be read, below those ends."""

    def saw(self, partition: int, offset: int) -> None:
        """A committed record of the topic."""
        if offset < self.ends.get(partition, 0):
            self.seen[partition].append(offset)

    def compared(self, topic: str) -> Iterator[InLake]:
        """Every partition that either has records of. Rows that are older than what the topic still
        has are only held against one another.
        """
        nothing = pa.chunked_array([pa.array([], pa.int64())])
        for number in sorted({*self.offsets, *self.seen}):
            rows = self.offsets.get(number, nothing)
            told = pa.array(self.seen.get(number, array("q")), pa.int64())
            twice = pc.value_counts(rows).filter(
                pc.greater(pc.struct_field(pc.value_counts(rows), "counts"), 1)
            )
            since = told[0].as_py() if len(told) else self.ends.get(number, 0)
            recent = rows.filter(pc.greater_equal(rows, since))
            yield InLake(
                topic,
                number,
                len(rows),
                tuple(told.filter(pc.invert(pc.is_in(told, rows))).to_pylist()),
                tuple(pc.struct_field(twice, "values").to_pylist()),
                tuple(recent.filter(pc.invert(pc.is_in(recent, told))).to_pylist()),
            )


def held(table: Table) -> Held:
    """The current snapshot's offsets by partition."""
    parts: dict[int, list[pa.Array]] = defaultdict(list)
    ends = offsets_of(table)
    for batch in table.scan(selected_fields=("partition", "offset")).to_arrow_batch_reader():
        numbers, offsets = batch["partition"], batch["offset"]
        for number in pc.unique(numbers).to_pylist():
            parts[number].append(offsets.filter(pc.equal(numbers, number)))
    return Held(ends, {number: pa.chunked_array(found) for number, found in parts.items()})
