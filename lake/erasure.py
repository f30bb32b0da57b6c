"""A tenant's rows out of a table, for good: deleted, then every snapshot and file that still had
them.

Each table is done again until nothing of the tenant is left. It may run beside the writer, which
must have read past the tenant's last record.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.manifest import DataFile
from pyiceberg.table import FileScanTask, Table

from lake.stray import bare, filesystem, unknown_files
from lake.tables import ATTEMPTS, PAUSE_S, summary_of, write
from lake.upkeep import expire
from runtime import faults
from runtime.faults import FaultPoint

WHOSE: Final = "tenant_id"
AT_ONCE: Final = 16
"""Files that are written anew in one commit."""
YOUNG_S: Final = 900.0
"""A file of metadata that nothing refers to may be of a commit that is under way."""


@dataclass(frozen=True, slots=True)
class LakeErased:
    """What went from one table. `young`: files of metadata that nothing refers to and that are too
    young to be taken for left over.
    """

    rows: int
    snapshots: int
    files: int
    left_over: int
    young: int


def rows_of(table: Table, tenant_id: str) -> int:
    """How many rows of the current snapshot are the tenant's. Blocks."""
    scan = table.scan(_whose(tenant_id), selected_fields=(WHOSE,))
    return sum(batch.num_rows for batch in scan.to_arrow_batch_reader())


def erase(table: Table, tenant_id: str, *, young_s: float = YOUNG_S) -> LakeErased:
    """Blocks. Raises CommitFailedException when others are always first, and OSError."""
    rows = _delete(table, tenant_id)
    gone = expire(table, datetime.now(UTC) + timedelta(minutes=1))
    left_over = young = 0
    for path, age_s, is_data in list(unknown_files(table)):
        if is_data and not _has(table.io, path, tenant_id):
            continue
        if not is_data and age_s < young_s:
            young += 1
            continue
        table.io.delete(path)
        left_over += 1
    return LakeErased(rows, gone.snapshots, gone.files, left_over, young)


def _whose(tenant_id: str) -> str:
    """A row filter. No tenant's id has a quote."""
    return f"{WHOSE} = '{tenant_id}'"


def _delete(table: Table, tenant_id: str) -> int:
    rows = 0
    for attempt in range(ATTEMPTS):
        table.refresh()
        there = list(table.scan(_whose(tenant_id)).plan_files())
        lost = False
        for first in range(0, len(there), AT_ONCE):
            done = _rewrite(table, there[first : first + AT_ONCE], tenant_id)
            if lost := done is None:
                break
            rows += done or 0
        if not lost:
            return rows
        time.sleep(PAUSE_S * attempt)
    raise CommitFailedException(f"{table.name()}: {ATTEMPTS} commits lost their race")


def _rewrite(table: Table, tasks: list[FileScanTask], tenant_id: str) -> int | None:
    """These files without the tenant's rows, in one commit; how many went, None: another commit
    came first.
    """
    scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
    replaced: list[tuple[FileScanTask, list[DataFile]]] = []
    rows = 0
    for task in tasks:
        whole = scan.to_table([FileScanTask(task.file, task.delete_files)])
        kept = whole.filter(pc.not_equal(whole[WHOSE], tenant_id))
        if kept.num_rows < whole.num_rows:
            rows += whole.num_rows - kept.num_rows
            replaced.append((task, write(table, kept) if kept.num_rows else []))
    if not replaced:
        return 0
    faults.at_blocking("erasure", FaultPoint.AFTER_FILES)
    try:
        # Who goes on where stands in the newest snapshot (DESIGN 3.11): it is said again.
        with (
            table.transaction() as transaction,
            transaction.update_snapshot(
                snapshot_properties=summary_of(table)
            ).overwrite() as changed,
        ):
            for task, files in replaced:
                changed.delete_data_file(task.file)
                for file in files:
                    changed.append_data_file(file)
    except CommitFailedException:
        return None
    return rows


def _has(io: FileIO, path: str, tenant_id: str) -> bool:
    """Whether a file of rows has any of the tenant's. One that can't be read is none: it was never
    finished.
    """
    try:
        column = pq.read_table(bare(path), columns=[WHOSE], filesystem=filesystem(io, path)).column(
            0
        )
    except (OSError, ValueError):
        return False
    return tenant_id in column.to_pylist()
