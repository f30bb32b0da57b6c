"""Parquet files by topic and day, each offset in exactly one of them, also after a kill.

OUTPUT/topic=TOPIC/day=YYYY-MM-DD/part-COMMIT-NUMBER.parquet; days are the broker's, in UTC. Files
are written beside their places, forced to disk, renamed, and then named by a line of
OUTPUT/_manifest.jsonl together with how far the topic has come (`Progress`). A later run removes
files that no line names, and goes on where the lines end. A topic without records has an empty file
of its columns, so that whoever reads all topics needs no exception.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from replaying.errors import BadSelection
from replaying.history import Progress
from replaying.records import Piece
from replaying.sinks import Sink, Taken
from replaying.tables import table_schema, typed
from runtime.files import UNFINISHED, beside, commit
from runtime.journal import Journal
from schemas.reading import newest_type

MANIFEST: Final = "_manifest.jsonl"
EMPTY: Final = "empty.parquet"
"""Of a topic's columns, while no record of it was met."""
ROWS_PER_COMMIT: Final = 250_000
"""Of a topic; of the lake a day is one commit."""

_progress: Final = TypeAdapter(Progress)


class ParquetSink(Sink):
    in_order = False

    def __init__(
        self,
        folder: Path,
        words: Mapping[str, str | None],
        *,
        rows_per_commit: int = ROWS_PER_COMMIT,
        topics: Sequence[str] = (),
        validate: bool = False,
    ) -> None:
        """Read the manifest and remove what an earlier run did not finish. `words`: what is
        selected. `topics`: those that have an empty file where nothing is in range. Raises
        BadSelection when the folder holds another selection.
        """
        self._folder, self._topics = folder, topics
        self._rows_per_commit, self._validate = rows_per_commit, validate
        self._open: dict[tuple[str, str, str], tuple[Path, pq.ParquetWriter]] = {}
        self._rows = 0  # in these files
        self._journal = Journal(folder / MANIFEST)
        said, *commits = self._journal.lines or [{"selection": dict(words)}]
        self._commits = 1 + len(commits)
        try:
            self.resumed = {
                line["topic"]: _progress.validate_python(line["reached"]) for line in commits
            }
        except (KeyError, ValidationError):  # of an earlier release
            said = {}
        if said != {"selection": dict(words)}:
            raise BadSelection(
                f"{folder} holds a replay of another selection ({said.get('selection')}) or of an "
                "earlier release: choose another place"
            )
        if not self._journal.lines:
            self._journal.add([said])
        self._whole = {name for line in commits for name in line["files"]}
        self._remove_unfinished()

    @property
    def full(self) -> bool:  # type: ignore[override]  # a variable of the class above
        return self._rows >= self._rows_per_commit

    def take(self, piece: Piece) -> Taken:
        made = typed(piece, validate=self._validate)
        for event_type, table in made.by_type.items():
            for day, rows in _by_day(table):
                self._write((piece.topic, day, event_type), rows)
        return Taken(made.rows, made.damaged)

    def commit(self, reached: Mapping[str, Progress]) -> None:
        """End all files and name them, once they are whole on disk."""
        named = {topic: list[str]() for topic in reached}
        for (topic, _, _), (path, writer) in self._open.items():
            writer.close()
            commit(beside(path), path)
            named[topic].append(str(path.relative_to(self._folder)))
        self._open, self._rows = {}, 0
        self._journal.add(
            [
                {
                    "topic": topic,
                    "reached": _progress.dump_python(at, mode="json"),
                    "files": named[topic],
                }
                for topic, at in reached.items()
            ]
        )
        self._commits += len(reached)
        self._whole.update(*named.values())

    def close(self, *, complete: bool) -> None:
        """What was committed stays, and nothing that is half written."""
        for _, writer in self._open.values():
            writer.close()
        self._remove_unfinished()
        if complete:
            self._stand_in()

    def _write(self, where: tuple[str, str, str], rows: pa.Table) -> None:
        if where not in self._open:
            topic, day, event_type = where
            name = f"part-{self._commits:06d}-{len(self._open):04d}.parquet"
            path = self._folder / f"topic={topic}" / f"day={day}" / name
            self._open[where] = path, _writer(path, event_type)
        self._open[where][1].write_table(rows)
        self._rows += rows.num_rows

    def _stand_in(self) -> None:
        """Give each topic without a file an empty one, and take it from those that have one now."""
        for topic in self._topics:
            path, event_type = self._folder / f"topic={topic}" / EMPTY, newest_type(topic)
            if any(name.startswith(f"topic={topic}/") for name in self._whole):
                path.unlink(missing_ok=True)
            elif event_type is not None:
                _writer(path, event_type).close()
                commit(beside(path), path)

    def _remove_unfinished(self) -> None:
        for path in self._folder.glob("topic=*/**/*"):
            unknown = path.name.startswith("part-") and path.suffix == ".parquet"
            if path.name.endswith(UNFINISHED) or (
                unknown and str(path.relative_to(self._folder)) not in self._whole
            ):
                path.unlink()


def _writer(path: Path, event_type: str) -> pq.ParquetWriter:
    """Beside its place. Statistics are for what is filtered by: what is not nested."""
    path.parent.mkdir(parents=True, exist_ok=True)
    schema = table_schema(event_type)
    return pq.ParquetWriter(
        beside(path),
        schema,
        compression="zstd",
        compression_level=1,
        dictionary_pagesize_limit=65536,
        write_statistics=[one.name for one in schema if not pa.types.is_nested(one.type)],
    )


def _by_day(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each day."""
    days = table["_timestamp"].cast(pa.date32())
    found = pc.unique(days)
    for day in sorted(found.to_pylist()):
        rows = table if len(found) == 1 else table.filter(pc.equal(days, day))
        yield f"{day:%Y-%m-%d}", rows
