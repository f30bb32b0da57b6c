"""Files below a table that nothing refers to: of writers that were killed between a file and its
commit, and of commits that were lost.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from pyarrow import fs
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.table import Table

from lake.upkeep import files_of


def remove_stray(table: Table, *, older_than_s: float) -> int:
    """Delete those that are so old; a younger one may be of a commit that is under way. How many.
    Raises OSError.
    """
    old = [path for path, age_s, _ in unknown_files(table) if age_s >= older_than_s]
    for path in old:
        table.io.delete(path)
    return len(old)


def unknown_files(table: Table) -> Iterator[tuple[str, float, bool]]:
    """Files that no snapshot refers to: path, age in seconds, whether of rows. Table metadata has
    no word of a row.
    """
    known = {bare(path) for path in files_of(table.refresh(), table.snapshots())}
    scheme, bucket, root = _parts(table.location())
    now = datetime.now(UTC)
    for info in filesystem(table.io, table.location()).get_file_info(
        fs.FileSelector(f"{bucket}/{root}", recursive=True, allow_not_found=True)
    ):
        is_data = info.extension == "parquet"
        if info.type == fs.FileType.File and (is_data or info.extension == "avro"):
            if info.path not in known:
                age_s = (now - info.mtime).total_seconds()
                yield f"{scheme}://{info.path}", age_s, is_data


def filesystem(io: FileIO, location: str) -> fs.FileSystem:
    """Arrow's way to the files of a table."""
    assert isinstance(io, PyArrowFileIO)
    scheme, bucket, _ = _parts(location)
    return io.fs_by_scheme(scheme, bucket)


def _parts(location: str) -> tuple[str, str, str]:
    parts = urlsplit(location)
    return parts.scheme, parts.netloc, parts.path.strip("/")


def bare(path: str) -> str:
    """Bucket and key."""
    parts = urlsplit(path)
    return f"{parts.netloc}{parts.path}"
