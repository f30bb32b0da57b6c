"""One DuckDB file with a typed table per topic; writing a range of offsets again replaces it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from lake.catalog import table_name
from replaying.errors import ReplayFailed
from replaying.records import Piece
from replaying.sinks import Sink, Taken
from replaying.tables import table_schema, typed
from schemas.reading import newest_type

MEMORY: Final = "256MB"


class DuckSink(Sink):
    """Each piece is one transaction: its offsets are deleted and inserted."""

    in_order = False

    def __init__(self, path: Path, topics: Sequence[str] = (), *, validate: bool = False) -> None:
        """`topics`: those that have a table also where nothing is in range. Raises ReplayFailed
        when it is no DuckDB file or in use.
        """
        self._path, self._topics, self._validate = path, topics, validate
        self._shaped: set[tuple[str, pa.Schema]] = set()
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._failing():
            self._db = duckdb.connect(str(path), config={"threads": 2, "memory_limit": MEMORY})

    def take(self, piece: Piece) -> Taken:
        """Replace the rows at the piece's offsets."""
        made = typed(piece, validate=self._validate)
        with self._failing():
            self._db.begin()
            for table in made.by_type.values():
                self._replace(table_name(piece.topic), table)
            self._db.commit()
        return Taken(made.rows, made.damaged)

    def close(self, *, complete: bool) -> None:
        """What was taken stays, complete or not."""
        with self._failing(), self._db:
            for topic in self._topics if complete else ():
                if (event_type := newest_type(topic)) is not None:
                    self._replace(table_name(topic), table_schema(event_type).empty_table())

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """What DuckDB raises, as one line about the file."""
        try:
            yield
        except duckdb.Error as error:
            raise ReplayFailed(f"{self._path}: {' '.join(str(error).split())}") from error

    def _replace(self, name: str, rows: pa.Table) -> None:
        self._db.register("incoming", rows)
        if (name, rows.schema) not in self._shaped:
            self._shape(name)
            self._shaped.add((name, rows.schema))
        self._db.execute(
            f'DELETE FROM "{name}" AS old USING incoming WHERE old._partition = '
            "incoming._partition AND old._offset = incoming._offset"
        )
        self._db.execute(f'INSERT INTO "{name}" BY NAME SELECT * FROM incoming')
        self._db.unregister("incoming")

    def _shape(self, name: str) -> None:
        """Make the table, or give it the columns of a later version."""
        self._db.execute(f'CREATE TABLE IF NOT EXISTS "{name}" AS SELECT * FROM incoming LIMIT 0')
        known = {row[0] for row in self._db.execute(f'DESCRIBE "{name}"').fetchall()}
        for column, kind, *_ in self._db.execute("DESCRIBE incoming").fetchall():
            if column not in known:
                self._db.execute(f'ALTER TABLE "{name}" ADD COLUMN "{column}" {kind}')
