"""The tables as one session sees them. PyIceberg blocks, so each call has a thread, and a limit."""

import asyncio
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from lake import tables
from lake.catalog import connect
from lake.layout import TOPICS
from runtime import faults
from runtime.settings import LakeSettings, ObjectStoreSettings
from schemas.topics import BY_NAME

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

T = TypeVar("T")
NAME = "lake_writer"


class LakeTables:
    """Where each table stands, as far as this session has read or written it."""

    def __init__(self, lake: LakeSettings, store: ObjectStoreSettings) -> None:
        """Connect to nothing yet."""
        self._lake = lake
        self._store = store
        self._open: dict[str, Table] = {}
        self._stands: dict[str, dict[int, int]] = {}

    async def stand(self) -> Mapping[str, Mapping[int, int]]:
        """The next offset of each partition, by topic, as the tables say now."""
        return await self._blocking(self._look)

    async def append(self, topic: str, rows: pa.Table, after: Mapping[int, int]) -> None:
        """Commit rows, and that partitions go on after them. Raises Superseded where another writer
        was here.
        """
        await self._blocking(lambda: self._append(topic, rows, after))

    async def _blocking(self, work: Callable[[], T]) -> T:
        """What outlives its limit may still commit: then the next session's commit is refused, and
        the one after it begins where the table stands.
        """
        async with asyncio.timeout(self._lake.timeout_s):
            return await asyncio.to_thread(work)

    @cached_property
    def _catalog(self) -> "Catalog":
        return connect(self._lake, self._store)

    def _look(self) -> Mapping[str, Mapping[int, int]]:
        for topic in TOPICS:
            table = tables.open_table(self._catalog, self._lake.schema_here, topic)
            self._open[topic.name] = table
            self._stands[topic.name] = tables.offsets_of(table)
        return self._stands

    def _append(self, topic: str, rows: pa.Table, after: Mapping[int, int]) -> None:
        table, stands = self._open[BY_NAME[topic].name], self._stands[topic]
        faults.at_blocking(NAME, faults.FaultPoint.BEFORE_FILES)
        files = tables.write(table, rows)
        faults.at_blocking(NAME, faults.FaultPoint.AFTER_FILES)
        tables.append(table, files, {number: stands.get(number) for number in after}, after)
        stands.update(after)
        faults.at_blocking(NAME, faults.FaultPoint.AFTER_COMMIT)
