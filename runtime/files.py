"""Files that are whole or not there: written beside their place, forced to disk, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

UNFINISHED = ".unfinished"


def beside(path: Path) -> Path:
    """Where a file is written before it is whole."""
    return path.with_name(f".{path.name}{UNFINISHED}")


def commit(written: Path, path: Path) -> None:
    """Force a written file to disk and give it its name, over an older one."""
    with written.open("rb") as file:
        os.fsync(file.fileno())
    written.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_whole(path: Path, data: bytes) -> None:
    """A file with these bytes, whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = beside(path)
    try:
        written.write_bytes(data)
        commit(written, path)
    finally:
        written.unlink(missing_ok=True)


@contextmanager
def whole(path: Path) -> Iterator[IO[str]]:
    """A text file that appears when the block ends well and leaves nothing behind when it does
    not.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    written = beside(path)
    try:
        with written.open("w", encoding="utf-8") as file:
            yield file
            file.flush()
        commit(written, path)
    finally:
        written.unlink(missing_ok=True)
