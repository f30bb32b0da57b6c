"""Parquet files by topic and day, each offset in exactly one of them, also after a kill.

OUTPUT/topic=TOPIC/day=YYYY-MM-DD/part-PARTITION-FIRST-LAST.parquet; days are the broker's, in UTC.
A file is written beside its place, forced to disk, renamed, and then named by a line of
OUTPUT/_manifest.jsonl together with the offset to read on from. A later run removes files that no
line names, and goes on where the lines end. A topic without records has an empty file of its
columns, so that whoever reads all topics needs no exception. Memory: a block per open partition.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from replaying.blocks import Block, newest_type
from replaying.errors import BadSelection
from replaying.files import UNFINISHED, beside, commit, sync_folder
from replaying.places import TopicPart
from replaying.sinks import Take, Taken
from replaying.tables import TableReader, Tables, table_schema

MANIFEST: Final = "_manifest.jsonl"
EMPTY: Final = "empty.parquet"
"""Of a topic's columns, while no record of it was met."""
ROWS_PER_FILE: Final = 250_000
SHARE_FROM: Final = 100_000
"""Offsets that are worth a second process: to start one takes as long as some 20,000 records."""
_DAY_US: Final = 24 * 60 * 60 * 1_000_000


class CommitLog:
    """What is done: one line per commit, after a first line that says what was selected."""

    def __init__(self, folder: Path, words: Mapping[str, str | None]) -> None:
        """Read what is there; raises BadSelection when it was made from another selection."""
        self._path = folder / MANIFEST
        self._next: dict[TopicPart, int] = {}
        self.files: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        lines = list(self._read())
        if lines and lines[0].get("selection") != dict(words):
            raise BadSelection(
                f"{folder} holds a replay of another selection ({lines[0].get('selection')}): "
                "choose another place"
            )
        for line in lines[1:]:
            self._note(line)
        if not lines:
            self._append({"selection": dict(words)})

    def next(self, part: TopicPart) -> int | None:
        """Where to read on; None for a partition not met yet."""
        return self._next.get(part)

    def add(self, part: TopicPart, next_offset: int, files: list[dict[str, object]]) -> None:
        """Files are whole on disk: from now on they count."""
        line = {"topic": part[0], "partition": part[1], "next": next_offset, "files": files}
        self._append(line)
        self._note(line)

    def _note(self, line: Mapping[str, object]) -> None:
        self._next[str(line["topic"]), int(str(line["partition"]))] = int(str(line["next"]))
        files = line["files"]
        self.files |= {str(one["path"]) for one in files} if isinstance(files, list) else set()

    def _read(self) -> Iterator[dict[str, object]]:
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

    def _append(self, line: Mapping[str, object]) -> None:
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
    first: int
    last: int = 0
    rows: int = 0


@dataclass(slots=True)
class _Open:
    """What is being written of one partition: a file for each event type, all of one day."""

    day: str | None = None
    next_offset: int = 0
    done_to: int = 0
    files: dict[str, _File] = field(default_factory=dict)


Note = Callable[[TopicPart, int, list[dict[str, object]]], object]
"""Told of a partition, where to read on in it, and files that are whole on disk."""


class Files:
    """Writes the files of partitions, whichever they are, and tells of each that is whole."""

    def __init__(
        self, folder: Path, reader: TableReader, note: Note, rows_per_file: int = ROWS_PER_FILE
    ) -> None:
        """Nothing is written yet."""
        self._folder = folder
        self._reader = reader
        self._note = note
        self._rows_per_file = rows_per_file
        self._open: dict[TopicPart, _Open] = {}

    def ready(self, block: Block) -> Take:
        """Read it."""
        return partial(self._put, block, self._reader.read(block))

    def _put(self, block: Block, made: Tables) -> Taken:
        part = (block.topic, block.partition)
        begun = block.offsets[0] if block.offsets else block.next_offset
        open_ = self._open.setdefault(part, _Open(next_offset=begun, done_to=-1))
        days: dict[str, dict[str, pa.Table]] = {}
        for event_type, table in made.by_type.items():
            for day, piece in _by_day(table):
                days.setdefault(day, {})[event_type] = piece
        for day, pieces in sorted(days.items()):
            if open_.day not in (None, day):
                open_.next_offset = min(piece["_offset"][0].as_py() for piece in pieces.values())
                self._finish(part, open_)
            open_.day = day
            for event_type, piece in pieces.items():
                self._write(part, open_, event_type, piece)
        open_.next_offset = block.next_offset
        if any(file.rows >= self._rows_per_file for file in open_.files.values()):
            self._finish(part, open_)
        return Taken(made.rows, made.damaged)

    def finish(self, part: TopicPart) -> None:
        """End a partition's files."""
        if part in self._open:
            self._finish(part, self._open.pop(part))

    def commit(self) -> None:
        """End all files."""
        for part in list(self._open):
            self.finish(part)

    def _write(self, part: TopicPart, open_: _Open, event_type: str, piece: pa.Table) -> None:
        file = open_.files.get(event_type)
        if file is None:
            first = piece["_offset"][0].as_py()
            path = (
                self._folder / f"topic={part[0]}" / f"day={open_.day}" / f"part-{part[1]}-{first}"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            file = open_.files[event_type] = _File(
                beside(path), _writer(beside(path), event_type), first
            )
        file.writer.write_table(piece)
        file.rows += piece.num_rows
        file.last = piece["_offset"][-1].as_py()

    def _finish(self, part: TopicPart, open_: _Open) -> None:
        if open_.next_offset == open_.done_to and not open_.files:
            return
        named = []
        for file in open_.files.values():
            file.writer.close()
            path = file.path.parent / f"part-{part[1]}-{file.first}-{file.last}.parquet"
            commit(file.path, path)
            named.append({"path": str(path.relative_to(self._folder)), "rows": file.rows})
        self._note(part, open_.next_offset, named)
        open_.done_to = open_.next_offset
        open_.files, open_.day = {}, None


class ParquetSink(Files):
    """Writes Parquet; see the module."""

    def __init__(  # noqa: PLR0913 (what is written, and two bounds that tests lower)
        self,
        folder: Path,
        words: Mapping[str, str | None],
        tenant_id: str | None,
        *,
        rows_per_file: int = ROWS_PER_FILE,
        share_from: int = SHARE_FROM,
        topics: Sequence[str] = (),
    ) -> None:
        """Read the manifest and remove what an earlier run did not finish. `topics`: those that
        have an empty file where nothing is in range. Raises BadSelection.
        """
        self._topics = topics
        self.manifest = CommitLog(folder, words)
        _alone(folder)
        super().__init__(folder, TableReader(tenant_id), self.manifest.add, rows_per_file)
        self.half = Half(str(folder), tenant_id, rows_per_file, share_from)
        self._remove_unfinished()

    def resume(self, part: TopicPart) -> int | None:
        """Where the files of a partition end."""
        return self.manifest.next(part)

    def take(self, block: Block) -> Taken:
        """Write a block's rows; a file ends with its day, or when it is full."""
        return self.ready(block)()

    def close(self, *, complete: bool) -> None:
        """What was read whole stays, complete or not: a later run goes on from there. Nothing that
        is half written stays.
        """
        try:
            self.commit()
            if complete:
                self._stand_in()
        finally:
            self._remove_unfinished()

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


@dataclass(frozen=True, slots=True)
class Half:
    """What another process needs to write some of the partitions into the same folder."""

    folder: str
    tenant_id: str | None
    rows_per_file: int
    share_from: int

    def files(self, note: Note) -> Files:
        """To be told of by the process that keeps the manifest."""
        return Files(Path(self.folder), TableReader(self.tenant_id), note, self.rows_per_file)


def _alone(folder: Path) -> None:
    """Wait for the other process of a run that was killed: it ends when it notices."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    finally:
        os.close(lock)


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
    """The rows of each day, days ascending; offsets of one partition ascend with the broker's
    time.
    """
    if table.num_rows == 0:
        return
    days = pc.divide(table["_timestamp"].cast(pa.int64()), _DAY_US)
    for day in sorted(pc.unique(days).to_pylist()):
        piece = table.filter(pc.equal(days, day))
        yield pc.strftime(piece["_timestamp"][0], "%Y-%m-%d").as_py(), piece
