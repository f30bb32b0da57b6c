"""One DuckDB file with a typed table per topic; writing a range of offsets again replaces it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from lake.catalog import table_name
from replaying.errors import ReplayFailed
from replaying.records import Piece, Wish, newest_type
from replaying.sinks import AnewSink, Taken
from replaying.tables import Tables, table_schema, typed

MEMORY: Final = "256MB"


class DuckSink(AnewSink):
    """Writes a DuckDB file. Each piece is one transaction: its offsets are deleted and inserted."""

    in_order = False

    def __init__(
        self, path: Path, wish: Wish, topics: Sequence[str] = (), *, validate: bool = False
    ) -> None:
        """Open or make the file. `topics`: those that have a table also where nothing is in range.
        Raises ReplayFailed when it is no DuckDB file or in use.
        """
        self._topics, self._wish, self._validate = topics, wish, validate
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with self._failing():
            self._db = duckdb.connect(str(path), config={"threads": 2, "memory_limit": MEMORY})
        self._made: dict[str, set[str]] = {}

    def take(self, piece: Piece) -> Taken:
        """Replace the rows at the piece's offsets."""
        made = typed(piece, self._wish, validate=self._validate)
        with self._failing():
            self._replace(table_name(piece.topic), made)
        return Taken(made.rows, made.damaged)

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What DuckDB raises, as one line about the file."""
        try:
            yield
        except duckdb.Error as error:
            raise ReplayFailed(f"{self._path}: {' '.join(str(error).split())}") from error

    def _replace(self, name: str, made: Tables) -> None:
        self._db.begin()
        for event_type, table in made.by_type.items():
            self._shape(name, event_type)
            self._insert(name, table)
        self._db.commit()

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
        self._db.execute(
            f'DELETE FROM "{name}" AS old USING incoming WHERE old._partition = '
            "incoming._partition AND old._offset = incoming._offset"
        )
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
