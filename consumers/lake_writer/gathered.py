"""Rows that wait for one commit of each table."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol

import pyarrow as pa

from domain.outcomes import Done, Outcome, Unhandled
from lake.rows import fitting, rows
from runtime.declaration import Spans
from runtime.records import Work
from schemas.topics import BY_NAME


class Appending(Protocol):
    """Where rows go."""

    async def append(self, topic: str, rows: pa.Table, after: Mapping[int, int]) -> None:
        """Commit rows, and where partitions go on."""


class Gathered:
    """Of one session."""

    def __init__(self, tables: Appending) -> None:
        """Nothing gathered."""
        self._tables = tables
        self._rows: dict[str, list[pa.Table]] = defaultdict(list)
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """In memory, as Arrow holds them."""
        return self._bytes

    def add(self, works: Sequence[Work]) -> list[Outcome]:
        """Make rows of records; says of each whether it is one."""
        by_topic: dict[str, list[Work]] = defaultdict(list)
        for work in works:
            by_topic[work.topic].append(work)
        unfit: dict[tuple[str, int, int], str] = {}
        for topic, of_topic in by_topic.items():
            made, others = fitting(of_topic, partial(rows, BY_NAME[topic]))
            self._rows[topic] += made
            self._bytes += sum(one.nbytes for one in made)
            unfit |= {(work.topic, work.partition, work.offset): why for work, why in others}
        places = [(work.topic, work.partition, work.offset) for work in works]
        return [Unhandled(unfit[place]) if place in unfit else Done() for place in places]

    async def keep(self, positions: Spans) -> None:
        """One commit for each table that has rows. Those whose commit is done hold none any more:
        where a later one fails, the session ends, and the next begins where each table stands.
        """
        for topic in sorted(self._rows):
            after = {number: end for (name, number), (_, end) in positions.items() if name == topic}
            await self._tables.append(topic, pa.concat_tables(self._rows[topic]), after)
            del self._rows[topic]
        self._bytes = 0
