"""One DuckDB file with a typed table per topic; writing a range of offsets again replaces it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from replaying.blocks import Block, newest_type
from replaying.errors import ReplayFailed
from replaying.places import TopicPart
from replaying.sinks import Take, Taken
from replaying.tables import TableReader, Tables, table_schema

MEMORY: Final = "256MB"


def table_name(topic: str) -> str:
    """The table of a topic: `look.completed` is `look_completed`."""
    return "".join(letter if letter.isalnum() else "_" for letter in topic)


class DuckSink:
    """Writes a DuckDB file. Each block is one transaction: its offsets are deleted and inserted."""

    def __init__(self, path: Path, tenant_id: str | None, topics: Sequence[str] = ()) -> None:
        """Open or make the file. `topics`: those that have a table also where nothing is in range.
        Raises ReplayFailed when it is no DuckDB file or in use.
        """
        self._topics = topics
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._failing():
            self._db = duckdb.connect(str(path), config={"threads": 2, "memory_limit": MEMORY})
        self._reader = TableReader(tenant_id)
        self._made: dict[str, set[str]] = {}

    def resume(self, part: TopicPart) -> int | None:
        """Rows are replaced by offset: the selection is read anew."""
        return None

    def ready(self, block: Block) -> Take:
        """Read it."""
        return partial(self._put, block, self._reader.read(block))

    def take(self, block: Block) -> Taken:
        """Replace the rows at the block's offsets."""
        return self.ready(block)()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What DuckDB raises, as one line about the file."""
        try:
            yield
        except duckdb.Error as error:
            raise ReplayFailed(f"{self._path}: {' '.join(str(error).split())}") from error

    def _put(self, block: Block, made: Tables) -> Taken:
        with self._failing():
            return self._replace(block, made)

    def _replace(self, block: Block, made: Tables) -> Taken:
        name = table_name(block.topic)
        tables = {event_type: table for event_type, table in made.by_type.items() if table.num_rows}
        if block.offsets and (tables or name in self._made):
            self._db.begin()
            for event_type in tables:
                self._shape(name, event_type)
            self._db.execute(
                f'DELETE FROM "{name}" WHERE _partition = ? AND _offset BETWEEN ? AND ?',
                [block.partition, block.offsets[0], block.offsets[-1]],
            )
            for table in tables.values():
                self._insert(name, table)
            self._db.commit()
        return Taken(made.rows, made.damaged)

    def finish(self, part: TopicPart) -> None:
        """Each block was committed."""

    def commit(self) -> None:
        """Each block was committed."""

    def close(self, *, complete: bool) -> None:
        """Write the log into the file. Blocks that were committed stay, complete or not."""
        try:
            if complete:
                with self._failing():
                    for topic in self._topics:
                        if (event_type := newest_type(topic)) is not None:
                            self._shape(table_name(topic), event_type)
                    self._db.execute("CHECKPOINT")
        finally:
            with suppress(duckdb.Error):
                self._db.close()

    def _insert(self, name: str, table: pa.Table) -> None:
        self._db.register("incoming", table)
        self._db.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
        self._db.unregister("incoming")

    def _shape(self, name: str, event_type: str) -> None:
        """Make the table, or give it the columns of a later version."""
        if event_type in self._made.setdefault(name, set()):
            return
        self._db.register("incoming", table_schema(event_type).empty_table())
        self._db.execute(f'CREATE TABLE IF NOT EXISTS "{name}" AS SELECT * FROM incoming')
        known = {row[0] for row in self._db.execute(f'DESCRIBE "{name}"').fetchall()}
        for column, kind, *_ in self._db.execute("DESCRIBE incoming").fetchall():
            if column not in known:
                self._db.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {kind}')
        self._db.unregister("incoming")
        self._made[name].add(event_type)
