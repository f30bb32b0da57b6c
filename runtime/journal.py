"""A file of JSON objects, one a line, to which lines are added that survive a kill."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runtime.files import sync_folder


class Journal:
    """Made when the first line is added. A torn last line, from a kill, is cut off."""

    def __init__(self, path: Path) -> None:
        """Read the lines that are there."""
        self._path = path
        self.lines: list[dict[str, Any]] = []
        if path.exists():
            raw = path.read_bytes()
            kept = raw[: raw.rfind(b"\n") + 1]
            if len(kept) < len(raw):
                os.truncate(path, len(kept))
            self.lines = [json.loads(line) for line in kept.splitlines()]

    def add(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """On disk once this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self._path.parent)
