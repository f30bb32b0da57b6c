"""Upkeep of a table: many small files of a day become one; old snapshots go, and with them the
files that nothing else refers to.

It may run beside the writer: a commit that lost the race is made again on what is there then, and
says the same offsets as the snapshot it stands on.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.table import FileScanTask, Table
from pyiceberg.table.snapshots import Snapshot

from lake.tables import summary_of, write

MERGED_BYTES: Final = 32 * 1024 * 1024
"""Of files, compressed, that become one: all their rows are in memory at once."""
ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many files became how many."""

    before: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True)
class Expired:
    """How many snapshots went, and how many files with them."""

    snapshots: int = 0
    files: int = 0


def compact(table: Table, *, small_bytes: int = MERGED_BYTES // 2) -> Compacted:
    """Merge the files of each day that are smaller than `small_bytes`, where there are several.
    Raises CommitFailedException when the writer is always first.
    """
    before = after = 0
    for paths in _bins(table.scan().plan_files(), small_bytes):
        made = _merge(table, paths)
        before, after = before + made.before, after + made.after
    return Compacted(before, after)


def _bins(tasks: Iterable[FileScanTask], small_bytes: int) -> Iterator[list[str]]:
    """Paths of files to merge: of one day, and together no more than MERGED_BYTES."""
    by_day: dict[object, list[tuple[str, int]]] = defaultdict(list)
    for task in tasks:
        if task.file.file_size_in_bytes < small_bytes:
            day = task.file.partition[0]
            by_day[day].append((task.file.file_path, task.file.file_size_in_bytes))
    for files in by_day.values():
        paths, size = list[str](), 0
        for path, bytes_ in files:
            if paths and size + bytes_ > MERGED_BYTES:
                yield from [paths] if len(paths) > 1 else []
                paths, size = [], 0
            paths.append(path)
            size += bytes_
        yield from [paths] if len(paths) > 1 else []


def _merge(table: Table, paths: list[str]) -> Compacted:
    for _ in range(ATTEMPTS):
        table.refresh()
        there = [one for one in table.scan().plan_files() if one.file.file_path in paths]
        if len(there) < len(paths):
            return Compacted()  # somebody else has rewritten some of them
        scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
        rows = scan.to_table(there).sort_by([("partition", "ascending"), ("offset", "ascending")])
        files = write(table, rows) if rows.num_rows else []
        try:
            with (
                table.transaction() as transaction,
                transaction.update_snapshot(
                    snapshot_properties=summary_of(table)
                ).overwrite() as changed,
            ):
                for one in there:
                    changed.delete_data_file(one.file)
                for file in files:
                    changed.append_data_file(file)
        except CommitFailedException:
            continue
        return Compacted(len(there), len(files))
    raise CommitFailedException(f"{table.name()}: {ATTEMPTS} merges lost their race")


def expire(table: Table, before: datetime) -> Expired:
    """Forget snapshots that were made before then, but the current one; and delete what only they
    refer to. Readers of a snapshot that goes lose its files.
    """
    table.refresh()
    current = table.current_snapshot()
    snapshots = {one.snapshot_id: one for one in table.snapshots()}
    limit_ms = before.timestamp() * 1000
    named = {one.snapshot_id for one in table.refs().values()}
    old = [one for one in snapshots.values() if one.timestamp_ms < limit_ms]
    gone = [one for one in old if one != current and one.snapshot_id not in named]
    if not gone:
        return Expired()
    kept = [one for one in snapshots.values() if one not in gone]
    only = files_of(table, gone) - files_of(table, kept)
    table.maintenance.expire_snapshots().by_ids([one.snapshot_id for one in gone]).commit()
    for path in sorted(only):
        table.io.delete(path)
    return Expired(len(gone), len(only))


def files_of(table: Table, snapshots: Iterable[Snapshot]) -> set[str]:
    """Every file that these snapshots refer to."""
    found: set[str] = set()
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path in found:
                continue
            found.add(manifest.manifest_path)
            entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
            found.update(entry.data_file.file_path for entry in entries)
    return found
