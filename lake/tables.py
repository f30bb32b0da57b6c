"""One topic's table: made and grown from its event, and appended to so that each offset lands once.

A snapshot's summary says which offset of each partition comes next. Rows and that word are one
commit, and a commit holds only on the snapshot that it was made for: so the table itself says what
it has, whatever Kafka's group says, and of two writers one is refused (DESIGN 3.11).
"""

import json
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.exceptions import CommitFailedException
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan, bin_pack_arrow_table, pyarrow_to_schema, write_file
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionFieldValue, PartitionKey
from pyiceberg.table import Table, WriteTask
from pyiceberg.table.snapshots import Operation, Snapshot
from pyiceberg.transforms import DayTransform

from lake.catalog import table_name
from lake.errors import LakeSuperseded
from lake.layout import arrow_schema
from schemas.topics import Topic

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

OFFSETS: Final = "looks.offsets"
"""In a snapshot's summary: partition -> next offset, as JSON."""
SINK_OFFSETS: Final = "kafka.connect.offsets."
"""How the sink's notes begin: how far it has read its control topic. A file that it hears of again
is not added twice (lake/connect.py).
"""
DAY: Final = "day"
TARGET_FILE_BYTES: Final = 128 * 1024 * 1024
ATTEMPTS: Final = 20
"""At a commit that lost a race against another partition's writer or against maintenance."""
PAUSE_S: Final = 0.05
PROPERTIES: Final = {
    # A retry of the library's own would put the same rows behind whoever was first.
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",
    "write.target-file-size-bytes": str(TARGET_FILE_BYTES),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}

_MOVING: Final = (Operation.REPLACE, Operation.DELETE)
"""What adds no row."""
WrittenOffsets = Mapping[int, int]
"""Partition -> next offset."""


def open_table(catalog: "Catalog", schema_name: str, topic: Topic) -> Table:
    """The table of a topic, as its event is now: made, or given the fields that it lacks. Safe to
    repeat and to do side by side; who loses a race may get CommitFailedException.
    """
    schema = arrow_schema(topic)
    catalog.create_namespace_if_not_exists(schema_name)
    table = catalog.create_table_if_not_exists(
        (schema_name, table_name(topic.name)), schema, properties=PROPERTIES
    )
    if table.spec().is_unpartitioned():
        with table.update_spec() as spec:
            spec.add_field("timestamp", DayTransform(), DAY)
    with table.update_schema() as grown:
        grown.union_by_name(schema)
    return _steady(table)


def _steady(table: Table) -> Table:
    """With our properties, whoever has changed them."""
    wanted = {name: told for name, told in PROPERTIES.items() if table.properties.get(name) != told}
    if wanted:
        with table.transaction() as transaction:
            transaction.set_properties(wanted)
    return table


def offsets_of(table: Table) -> dict[int, int]:
    """Which offset comes next in each partition that the table has rows of: what the newest
    snapshot of ours says, and what others have added since.
    """
    others: set[int] = set()
    for snapshot in _line(table):
        told = snapshot.summary.get(OFFSETS) if snapshot.summary is not None else None
        if told is not None:
            said = {int(number): at for number, at in json.loads(told).items()}
            return _further(said, _counted(table, others)) if others else said
        if snapshot.summary is None or snapshot.summary.operation not in _MOVING:
            others.add(snapshot.snapshot_id)
    return _counted(table, None) if others else {}


def summary_of(table: Table) -> dict[str, str]:
    """What a commit that adds no offset must say again: of ours, and what Kafka Connect's sink
    looks for in snapshots, which may be forgotten once this one is made.
    """
    told: dict[str, str] = {}
    for snapshot in _line(table):
        said = {} if snapshot.summary is None else snapshot.summary.additional_properties
        noted = {name: one for name, one in said.items() if name.startswith(SINK_OFFSETS)}
        told = {**noted, **told}
    return {**told, OFFSETS: _text(offsets_of(table))}


def _line(table: Table) -> Iterator[Snapshot]:
    """The current snapshot, then its parents as far as they are kept."""
    at = table.current_snapshot()
    while at is not None:
        yield at
        parent = at.parent_snapshot_id
        at = None if parent is None else table.snapshot_by_id(parent)


def _counted(table: Table, added_by: Collection[int] | None) -> dict[int, int]:
    """From the rows themselves: of the files that these snapshots added, None: of all."""
    scan = table.scan(selected_fields=("partition", "offset"))
    tasks = list(scan.plan_files())
    if added_by is not None:
        added = _added(table, added_by)
        tasks = [one for one in tasks if one.file.file_path in added]
    last: dict[int, int] = {}
    reading = ArrowScan(table.metadata, table.io, scan.projection(), AlwaysTrue())
    for batch in reading.to_record_batches(tasks):
        grouped = pa.table(batch).group_by("partition").aggregate([("offset", "max")])
        numbers, offsets = grouped["partition"].to_pylist(), grouped["offset_max"].to_pylist()
        last = _further(last, {one: at + 1 for one, at in zip(numbers, offsets, strict=True)})
    return last


def _added(table: Table, by: Collection[int]) -> set[str]:
    snapshot = table.current_snapshot()
    return {
        entry.data_file.file_path
        for manifest in (snapshot.manifests(table.io) if snapshot is not None else ())
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        if entry.snapshot_id in by
    }


def _further(one: WrittenOffsets, other: WrittenOffsets) -> dict[int, int]:
    return {number: max(one.get(number, 0), other.get(number, 0)) for number in {*one, *other}}


def _text(offsets: WrittenOffsets) -> str:
    return json.dumps({str(number): offsets[number] for number in sorted(offsets)})


def write(table: Table, rows: pa.Table) -> list[DataFile]:
    """Data files of these rows, a day in each; in the table only once they are committed."""
    metadata = table.metadata
    schema, task_id, written = metadata.schema(), 0, uuid.uuid4()
    told = pyarrow_to_schema(rows.schema, name_mapping=schema.name_mapping)
    (field,) = table.spec().fields
    tasks: list[WriteTask] = []
    for day, of_day in _by_day(rows):
        key = PartitionKey([PartitionFieldValue(field, day)], table.spec(), schema)
        for batches in bin_pack_arrow_table(of_day, TARGET_FILE_BYTES):
            tasks.append(WriteTask(written, task_id, told, batches, partition_key=key))
            task_id += 1
    return list(write_file(table.io, metadata, iter(tasks)))


def _by_day(rows: pa.Table) -> Iterable[tuple[int, pa.Table]]:
    """Days since 1970, and their rows."""
    days = rows["timestamp"].cast(pa.date32()).cast(pa.int32())
    for day in sorted(pc.unique(days).to_pylist()):
        yield day, rows.filter(pc.equal(days, day))


def append(
    table: Table, files: list[DataFile], expected: Mapping[int, int | None], after: WrittenOffsets
) -> None:
    """Commit these files, and that partitions go on `after` them.

    `expected`: where the writer believes that the table stands in these partitions. Raises
    Superseded where it stands elsewhere, and CommitFailedException when others are always first.
    """
    for attempt in range(ATTEMPTS):
        known = offsets_of(_steady(table.refresh()))
        for number in after:
            if known.get(number) != expected.get(number):
                raise LakeSuperseded(
                    f"{table.name()}[{number}] goes on at {known.get(number)}, "
                    f"expected {expected.get(number)}"
                )
        if _once(table, files, {OFFSETS: _text({**known, **after})}):
            return
        time.sleep(PAUSE_S * attempt)
    raise CommitFailedException(f"{table.name()}: {ATTEMPTS} commits lost their race")


def _once(table: Table, files: list[DataFile], summary: dict[str, str]) -> bool:
    """One commit on the snapshot that was looked at; False when that is not the newest any more."""
    try:
        with (
            table.transaction() as transaction,
            transaction.update_snapshot(snapshot_properties=summary).merge_append() as appended,
        ):
            for file in files:
                appended.append_data_file(file)
    except CommitFailedException:
        return False
    return True
