"""Parquet files by topic and day, each offset in exactly one of them, also after a kill.

OUTPUT/topic=TOPIC/day=YYYY-MM-DD/part-COMMIT-NUMBER.parquet; days are the broker's, in UTC. Files
are written beside their places, forced to disk, renamed, and then named by a line of
OUTPUT/_manifest.jsonl together with where to read on: of the lake which day is done, of a topic
the next offsets. A later run removes files that no line names, and goes on where the lines end. A
topic without records has an empty file of its columns, so that whoever reads all topics needs no
exception.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replaying.errors import BadSelection
from replaying.history import OffsetSpan, Resumed
from replaying.records import Block, Piece, Wish, newest_type
from replaying.sinks import Taken
from replaying.tables import table_schema, typed
from runtime.files import UNFINISHED, beside, commit, sync_folder

MANIFEST: Final = "_manifest.jsonl"
EMPTY: Final = "empty.parquet"
"""Of a topic's columns, while no record of it was met."""
ROWS_PER_FILE: Final = 250_000
ManifestLine = dict[str, Any]


class CommitLog:
    """What is done: one line per commit, after a first line that says what was selected."""

    def __init__(self, folder: Path, words: Mapping[str, str | None]) -> None:
        """Read what is there; raises BadSelection when it was made from another selection."""
        self._path = folder / MANIFEST
        self.resumed: dict[str, Resumed] = {}
        self.files: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        lines = list(self._read())
        if lines and lines[0].get("selection") != dict(words):
            raise BadSelection(
                f"{folder} holds a replay of another selection ({lines[0].get('selection')}): "
                "choose another place"
            )
        self.commits = len(lines) or 1
        for line in lines[1:]:
            self._note(line)
        if not lines:
            self._append({"selection": dict(words)})

    def add(self, line: ManifestLine) -> None:
        """Files that it names are whole on disk: from now on they count."""
        self._append(line)
        self._note(line)
        self.commits += 1

    def _note(self, line: ManifestLine) -> None:
        self.files |= set(line.get("files", ()))
        topic = line["topic"]
        at = self.resumed.get(topic, Resumed())
        if "lake" in line:
            bounds = {int(number): (first, end) for number, (first, end) in line["lake"].items()}
            at = replace(at, bounds=bounds, days=frozenset())
        if "day" in line:
            at = replace(at, days=at.days | {line["day"]})
        if line.get("lake_done"):
            at = Resumed(at.after_bounds())
        if "next" in line:
            told = {int(number): offset for number, offset in line["next"].items()}
            at = replace(at, next={**at.next, **told})
        self.resumed[topic] = at

    def _read(self) -> Iterator[ManifestLine]:
        """Whole lines; a torn last one, from a kill, is cut off."""
        if not self._path.exists():
            return
        raw = self._path.read_bytes()
        kept = raw[: raw.rfind(b"\n") + 1]
        if len(kept) < len(raw):
            with self._path.open("r+b") as file:
                file.truncate(len(kept))
        for line in kept.splitlines():
            yield json.loads(line)

    def _append(self, line: ManifestLine) -> None:
        with self._path.open("ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)


@dataclass(slots=True)
class _File:
    """A file that is being written."""

    path: Path
    writer: pq.ParquetWriter
    rows: int = 0


class ParquetSink:
    """Writes Parquet; see the module. Of one topic at a time, as a replay reads them."""

    in_order = False
    as_written = False

    def __init__(  # noqa: PLR0913 (what is written, and a bound that tests lower)
        self,
        folder: Path,
        words: Mapping[str, str | None],
        wish: Wish,
        *,
        rows_per_file: int = ROWS_PER_FILE,
        topics: Sequence[str] = (),
        validate: bool = False,
    ) -> None:
        """Read the manifest and remove what an earlier run did not finish. `topics`: those that
        have an empty file where nothing is in range. Raises BadSelection.
        """
        self._folder, self._topics, self._wish = folder, topics, wish
        self._rows_per_file, self._validate = rows_per_file, validate
        self.manifest = CommitLog(folder, words)
        self._open: dict[tuple[str, str, str], _File] = {}
        self._full: list[_File] = []
        self._next: dict[str, dict[int, int]] = {}
        self._remove_unfinished()

    def resumed(self) -> Mapping[str, Resumed]:
        """What the manifest says."""
        return self.manifest.resumed

    def take(self, piece: Piece) -> Taken:
        """Write a piece's rows, by day."""
        made = typed(piece, self._wish, validate=self._validate)
        for event_type, table in made.by_type.items():
            for day, rows in _by_day(table):
                self._write((piece.topic, day, event_type), rows)
        if isinstance(piece, Block):
            self._next.setdefault(piece.topic, {})[piece.partition] = piece.next_offset
            if sum(file.rows for file in self._files()) >= self._rows_per_file:
                self.commit()
        return Taken(made.rows, made.damaged)

    def begin(self, topic: str, bounds: Mapping[int, OffsetSpan]) -> None:
        """Note what is to be read of the lake, unless an earlier run did."""
        self.commit()
        at = self.manifest.resumed.get(topic)
        if at is None or at.bounds is None:
            self.manifest.add({"topic": topic, "lake": {str(one): bounds[one] for one in bounds}})

    def day_done(self, topic: str, day: str) -> None:
        """Name its files."""
        self.manifest.add({"topic": topic, "day": day, "files": self._finished()})

    def end(self, topic: str) -> None:
        """From here on the next part of the lake, or the topic."""
        self.manifest.add({"topic": topic, "lake_done": True})

    def commit(self) -> None:
        """End all files of a topic's own records, and say where to read on."""
        files = self._finished()
        for topic, reached in self._next.items():
            named = [one for one in files if one.startswith(f"topic={topic}/")]
            told = {str(number): offset for number, offset in reached.items()}
            self.manifest.add({"topic": topic, "next": told, "files": named})
        self._next = {}

    def close(self, *, complete: bool) -> None:
        """What was read of topics stays, complete or not: a later run goes on from there. Nothing
        that is half written stays.
        """
        try:
            if complete or self._next:
                self.commit()
            if complete:
                self._stand_in()
        finally:
            for file in self._files():
                file.writer.close()
            self._remove_unfinished()

    def _files(self) -> list[_File]:
        return [*self._full, *self._open.values()]

    def _write(self, where: tuple[str, str, str], rows: pa.Table) -> None:
        file = self._open.get(where)
        if file is None:
            topic, day, event_type = where
            name = f"part-{self.manifest.commits:06d}-{len(self._files()):04d}.parquet"
            path = self._folder / f"topic={topic}" / f"day={day}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            file = self._open[where] = _File(path, _writer(beside(path), event_type))
        file.writer.write_table(rows)
        file.rows += rows.num_rows
        if file.rows >= self._rows_per_file:
            file.writer.close()
            self._full.append(self._open.pop(where))

    def _finished(self) -> list[str]:
        """End what is open; the names of files that are whole on disk."""
        named = []
        for file in self._files():
            file.writer.close()
            commit(beside(file.path), file.path)
            named.append(str(file.path.relative_to(self._folder)))
        self._open, self._full = {}, []
        return named

    def _stand_in(self) -> None:
        """Give each topic without a file an empty one, and take it from those that have one now."""
        for topic in self._topics:
            path, event_type = self._folder / f"topic={topic}" / EMPTY, newest_type(topic)
            if any(name.startswith(f"topic={topic}/") for name in self.manifest.files):
                path.unlink(missing_ok=True)
            elif event_type is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                _writer(beside(path), event_type).close()
                commit(beside(path), path)

    def _remove_unfinished(self) -> None:
        for path in [
            *self._folder.glob(f"topic=*/day=*/.*{UNFINISHED}"),
            *self._folder.glob(f"topic=*/.*{UNFINISHED}"),
            *self._folder.glob("topic=*/day=*/part-*.parquet"),
        ]:
            if str(path.relative_to(self._folder)) not in self.manifest.files:
                path.unlink()


def _writer(path: Path, event_type: str) -> pq.ParquetWriter:
    """Statistics are for what is filtered by: places, and what stands at the top."""
    schema = table_schema(event_type)
    plain = [field.name for field in schema if not pa.types.is_nested(field.type)]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        dictionary_pagesize_limit=65536,
        write_statistics=plain,
    )


def _by_day(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows of each day."""
    days = table["_timestamp"].cast(pa.date32())
    found = pc.unique(days)
    for day in sorted(found.to_pylist()):
        rows = table if len(found) == 1 else table.filter(pc.equal(days, day))
        yield f"{day:%Y-%m-%d}", rows
