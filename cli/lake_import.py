"""`looks lake import`: what an earlier release's `looks archive` had tiered to the bucket becomes
rows of the tables, once.

archive/topic=TOPIC/partition=N/manifest.json lists Parquet files of whole records: key, value,
headers, offset and time. A table is given those offsets that it has no row of, a file at a time;
what can't be read is counted and stays where it is. Beside a running writer it is safe: of two
commits that meet, one is refused and this one is made anew.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from lake.facts import held
from lake.rows import fitting, rows
from lake.tables import append, offsets_of, open_table, write
from runtime.records import Work
from schemas.envelope import Decoded, decode
from schemas.namespace import Namespace
from schemas.topics import IN_THE_LAKE, Topic
from storage.object_store import ObjectMissing, StoreError

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

PREFIX: Final = "archive"
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
MAX_FILE_BYTES: Final = 256 * 1024 * 1024


class ArchivedBucket(Protocol):
    """A bucket: `storage.object_store.ObjectStore`, or a stand-in."""

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises a StoreError."""


class BadArchive(StoreError):
    """An archive that is not what its manifest says."""


@dataclass(slots=True)
class Imported:
    """Of one partition: rows that came, records that the table had, and those that can't be read or
    fit no column.
    """

    topic: str
    partition: int
    added: int = 0
    known: int = 0
    damaged: int = 0


def imported(
    bucket: ArchivedBucket, names: Namespace, catalog: "Catalog", schema_name: str
) -> Iterator[Imported]:
    """Of each partition that has an archive, when it is done. Raises BadArchive, a StoreError, and
    what `lake.errors.AWAY` names.
    """
    for topic in IN_THE_LAKE:
        for number in range(names.count(topic.name)):
            files = _files(bucket, names, topic, number)
            if files:
                done = Imported(topic.name, number)
                for file in files:
                    _one(_records(bucket, file), topic, catalog, schema_name, done)
                yield done


def _files(
    bucket: ArchivedBucket, names: Namespace, topic: Topic, number: int
) -> Sequence[Mapping[str, Any]]:
    key = names.key(f"{PREFIX}/topic={topic.name}/partition={number}/manifest.json")
    try:
        told = json.loads(bucket.get(key, MAX_MANIFEST_BYTES))
    except ObjectMissing:
        return []
    except ValueError as error:
        raise BadArchive(f"{key}: {error}") from error
    found: list[Mapping[str, Any]] = told["files"]
    return found


def _records(bucket: ArchivedBucket, file: Mapping[str, Any]) -> pa.Table:
    data = bucket.get(file["key"], MAX_FILE_BYTES)
    if hashlib.sha256(data).hexdigest() != file["sha256"]:
        raise BadArchive(f"{file['key']} is not what was archived: its SHA-256 differs")
    return pq.read_table(pa.BufferReader(data))


def _one(
    records: pa.Table, topic: Topic, catalog: "Catalog", schema_name: str, done: Imported
) -> None:
    """Rows of one file, in one commit. Where the table has nothing of the partition, its writer
    goes on behind them.
    """
    table = open_table(catalog, schema_name, topic)
    stands = offsets_of(table).get(done.partition)
    there = set(held(table).offsets.get(done.partition, pa.chunked_array([[]])).to_pylist())
    works = list[Work]()
    for record in records.to_pylist():
        work = None if record["offset"] in there else _work(record, topic, done.partition)
        if work is not None:
            works.append(work)
        elif record["offset"] in there:
            done.known += 1
        else:
            done.damaged += 1
    made, unfit = fitting(works, partial(rows, topic)) if works else ([], [])
    done.damaged += len(unfit)
    if not made:
        return
    whole = pa.concat_tables(made)
    end = records["offset"][-1].as_py() + 1
    after = {} if stands is not None and stands >= end else {done.partition: end}
    append(table, write(table, whole), {done.partition: stands}, after)
    done.added += whole.num_rows


def _work(record: Mapping[str, Any], topic: Topic, partition: int) -> Work | None:
    headers = [(pair["name"], pair["value"] or b"") for pair in record["headers"]]
    assert topic.event is not None
    said = decode(record["value"], headers, topic.event)
    at: datetime = record["timestamp"]
    ms = round(at.timestamp() * 1000)
    if not isinstance(said, Decoded):
        return None
    return Work(topic.name, partition, record["offset"], ms, said)
