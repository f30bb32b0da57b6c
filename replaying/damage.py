"""The side file of damaged records: JSON lines, each position once, however often met."""

import base64
from collections.abc import Sequence
from pathlib import Path

from replaying.records import Replayed
from runtime.journal import Journal


class SideFile:
    def __init__(self, path: Path) -> None:
        self._journal = Journal(path)
        self._known = {
            (line["topic"], line["partition"], line["offset"]) for line in self._journal.lines
        }

    def add(self, found: Sequence[Replayed]) -> None:
        """Set them aside, durably."""
        if fresh := [one for one in found if one.place not in self._known]:
            self._journal.add(
                [
                    {
                        "topic": one.topic,
                        "partition": one.partition,
                        "offset": one.offset,
                        "reason": one.reason,
                        "key_base64": _base64(one.key),
                        "value_base64": _base64(one.value),
                    }
                    for one in fresh
                ]
            )
            self._known |= {one.place for one in fresh}


def _base64(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
