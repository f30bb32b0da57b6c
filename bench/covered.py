"""Branch coverage by room: `make coverage`, or `python -m bench.covered FILE`, of what
`coverage json` wrote.

A room's figure is the share of its lines and branches together that were run. Exit code 1 where a
room has less than it should.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LEAST: Final = 0.8


@dataclass(slots=True)
class RoomCoverage:
    """What can be run in a room, and what was."""

    there: int = 0
    run: int = 0
    branches: int = 0
    taken: int = 0

    @property
    def share(self) -> float:
        """Of lines and branches."""
        return self.run / self.there if self.there else 1.0

    @property
    def branch_share(self) -> float:
        """Of branches alone."""
        return self.taken / self.branches if self.branches else 1.0


def by_room(files: Mapping[str, Mapping[str, Any]]) -> dict[str, RoomCoverage]:
    """Of `files` as coverage's JSON has them, sums by their first folder."""
    rooms: dict[str, RoomCoverage] = defaultdict(RoomCoverage)
    for path, file in files.items():
        said, room = file["summary"], rooms[Path(path).parts[0]]
        room.there += said["num_statements"] + said["num_branches"]
        room.run += said["covered_lines"] + said["covered_branches"]
        room.branches += said["num_branches"]
        room.taken += said["covered_branches"]
    return dict(rooms)


def main(words: Sequence[str]) -> int:
    """Print the table, the least first."""
    rooms = by_room(json.loads(Path(words[0]).read_text())["files"])
    for name, room in sorted(rooms.items(), key=lambda one: one[1].share):
        mark = "" if room.share >= LEAST else f"  less than {LEAST:.0%}"
        sys.stdout.write(
            f"{name:<12}{room.share:>7.1%}{room.branch_share:>8.1%} of branches{mark}\n"
        )
    return 0 if all(room.share >= LEAST for room in rooms.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
