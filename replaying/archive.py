"""Topics tiered to S3 as Parquet, byte for byte: key, value, headers, offset and time of every
record.

archive/topic=TOPIC/partition=N/FIRST-NEXT.parquet, and manifest.json beside them, which lists files
whose offset ranges follow one another without gap or overlap. A file counts once the manifest names
it: an interrupted run is repeated from there. One archiver of a topic at a time.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from replaying import kafka
from replaying.blocks import BLOCK_RECORDS, Block
from replaying.errors import HistoryGap, ReplayFailed
from replaying.places import Range, TopicPart
from schemas.namespace import AS_DECLARED, Namespace
from storage.object_store import ObjectMissing, StoreError

PREFIX: Final = "archive"
ROWS_PER_FILE: Final = 50_000
MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_MANIFEST_BYTES: Final = 64 * 1024 * 1024
SCHEMA: Final = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("timestamp", pa.timestamp("ms", "UTC")),
        pa.field("key", pa.binary()),
        pa.field("value", pa.binary()),
        pa.field("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
    ]
)


class Objects(Protocol):
    """A bucket: `storage.object_store.ObjectStore`, or a stand-in."""

    def get(self, key: str, max_bytes: int) -> bytes:
        """The object's bytes. Raises a StoreError."""

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store an object whole. Raises a StoreError."""


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """Offsets from `first` up to `next`, which is not in it; `sha256` is of the whole object."""

    key: str
    first: int
    next: int
    rows: int
    first_ms: int
    last_ms: int
    bytes: int
    sha256: str


class Archive:
    """What a bucket has of topics."""

    def __init__(self, objects: Objects, names: Namespace = AS_DECLARED) -> None:
        """Reads nothing yet; manifests are read once."""
        self._objects = objects
        self._names = names
        self._files: dict[TopicPart, list[ArchivedFile]] = {}

    def files(self, part: TopicPart) -> list[ArchivedFile]:
        """The files of a partition in offset order. Raises ReplayFailed."""
        if part not in self._files:
            try:
                raw = self._objects.get(self._manifest_key(part), MAX_MANIFEST_BYTES)
                self._files[part] = [ArchivedFile(**one) for one in json.loads(raw)["files"]]
            except ObjectMissing:
                self._files[part] = []
            except (StoreError, ValueError, KeyError, TypeError) as error:
                raise ReplayFailed(
                    f"the archive's manifest of {part[0]}[{part[1]}]: {error!r}"
                ) from error
            _check(part, self._files[part])
        return self._files[part]

    def blocks(self, wanted: Range) -> Iterator[Block]:
        """The archived records of a range, in offset order. Raises ReplayFailed, also for bytes
        that changed.
        """
        end = wanted.start if wanted.end is None else wanted.end
        for file in self.files(wanted.part):
            if file.next <= wanted.start or file.first >= end:
                continue
            yield from _cut(self._read(file), wanted, file, end)

    def _read(self, file: ArchivedFile) -> pa.Table:
        try:
            data = self._objects.get(file.key, 2 * MAX_FILE_BYTES + file.bytes)
        except StoreError as error:
            raise ReplayFailed(f"{file.key}: {error!r}") from error
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise ReplayFailed(f"{file.key} is not what was archived: its SHA-256 differs")
        return pq.read_table(pa.BufferReader(data))

    def append(self, part: TopicPart, block: Block, begin: int) -> ArchivedFile:
        """Store one more file, then the manifest that names it; the first one begins at `begin`.
        Raises ReplayFailed.
        """
        files = self.files(part)
        first = files[-1].next if files else begin
        data = _bytes(block)
        file = ArchivedFile(
            key=f"{self._folder(part)}/{first:020d}-{block.next_offset:020d}.parquet",
            first=first,
            next=block.next_offset,
            rows=len(block),
            first_ms=block.timestamps_ms[0] if len(block) else 0,
            last_ms=block.timestamps_ms[-1] if len(block) else 0,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
        named = {
            "topic": part[0],
            "partition": part[1],
            "files": [asdict(one) for one in [*files, file]],
        }
        try:
            self._objects.put(file.key, data, "application/vnd.apache.parquet")
            self._objects.put(
                self._manifest_key(part), json.dumps(named, indent=1).encode(), "application/json"
            )
        except StoreError as error:
            raise ReplayFailed(f"{file.key}: {error!r}") from error
        files.append(file)
        return file

    def _folder(self, part: TopicPart) -> str:
        return self._names.key(f"{PREFIX}/topic={part[0]}/partition={part[1]}")

    def _manifest_key(self, part: TopicPart) -> str:
        return f"{self._folder(part)}/manifest.json"


def tier(
    archive: Archive, reader: kafka.Reader, wanted: Mapping[TopicPart, Range]
) -> Iterator[tuple[TopicPart, ArchivedFile]]:
    """Store what a reader gives of these ranges; yields each file once it counts. Raises
    ReplayFailed.

    Memory: one file for each partition that is read at the time.
    """
    held: dict[TopicPart, Block] = {}
    for block in reader.blocks():
        part = (block.topic, block.partition)
        whole = _extended(held.pop(part, None), block)
        size = sum(len(value or b"") for value in whole.values)
        full = len(whole) + BLOCK_RECORDS > ROWS_PER_FILE or size > MAX_FILE_BYTES // 2
        if full or whole.next_offset >= (wanted[part].end or 0):
            yield part, archive.append(part, whole, wanted[part].start)
        else:
            held[part] = whole


def to_archive(archive: Archive, part: TopicPart, log_start: int, end: int) -> Range | None:
    """What is not archived yet of a partition up to `end`; None: nothing. Raises HistoryGap."""
    files = archive.files(part)
    start = files[-1].next if files else log_start
    if start < log_start:
        raise HistoryGap(
            f"{part[0]}[{part[1]}]: offsets {start} to {log_start} were deleted before they were "
            "archived"
        )
    return Range(*part, start, end) if end > start else None


def _extended(held: Block | None, block: Block) -> Block:
    if held is None:
        return block
    for name in ("offsets", "timestamps_ms", "keys", "values"):
        getattr(held, name).extend(getattr(block, name))
    held.headers = [*held.headers, *block.headers]
    held.next_offset = block.next_offset
    return held


def _check(part: TopicPart, files: list[ArchivedFile]) -> None:
    for one, other in pairwise(files):
        if one.next != other.first:
            raise ReplayFailed(
                f"the archive of {part[0]}[{part[1]}] does not follow on: {one.next}, then "
                f"{other.first}"
            )


def _bytes(block: Block) -> bytes:
    headers: list[Any] = [
        [{"name": name, "value": value} for name, value in one or ()] for one in block.headers
    ]
    columns = (block.offsets, block.timestamps_ms, block.keys, block.values, headers)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    written = io.BytesIO()
    pq.write_table(
        pa.Table.from_arrays(arrays, schema=SCHEMA),
        written,
        compression="zstd",
        use_dictionary=False,
    )
    return written.getvalue()


def _cut(table: pa.Table, wanted: Range, file: ArchivedFile, end: int) -> Iterator[Block]:
    for batch in table.to_batches(max_chunksize=BLOCK_RECORDS):
        block = Block(*wanted.part, 0)
        block.offsets = batch.column("offset").to_pylist()
        block.timestamps_ms = batch.column("timestamp").cast(pa.int64()).to_pylist()
        block.keys, block.values = (
            batch.column("key").to_pylist(),
            batch.column("value").to_pylist(),
        )
        block.headers = [
            [(pair["name"], pair["value"]) for pair in one]
            for one in batch.column("headers").to_pylist()
        ]
        block.next_offset = block.offsets[-1] + 1
        yield block.between(wanted.start, end)
    yield Block(*wanted.part, min(file.next, end))
