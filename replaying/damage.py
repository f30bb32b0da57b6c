"""The side file of damaged records: one JSON object a line, each position once, however often it is
met.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from replaying.records import Damaged


class SideFile:
    """Made when the first damaged record is met. Memory: the positions of damaged records."""

    def __init__(self, path: Path) -> None:
        """Read which positions stand there already; a torn last line, from a kill, is cut off."""
        self.path = path
        self._known: set[tuple[str, int, int]] = set()
        if path.exists():
            raw = path.read_bytes()
            kept = raw[: raw.rfind(b"\n") + 1]
            if len(kept) < len(raw):
                with path.open("r+b") as file:
                    file.truncate(len(kept))
            for line in map(json.loads, kept.splitlines()):
                self._known.add((line["topic"], line["partition"], line["offset"]))

    def add(self, found: Sequence[Damaged]) -> None:
        """Set them aside, durably."""
        fresh = [one for one in found if (one.topic, one.partition, one.offset) not in self._known]
        if not fresh:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(one.line() + "\n" for one in fresh)
            file.flush()
            os.fsync(file.fileno())
        self._known |= {(one.topic, one.partition, one.offset) for one in fresh}
