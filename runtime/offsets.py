"""Which offset may be committed while records finish in any order: the lowest one that is not finished."""

import itertools
from collections.abc import Set


class OffsetTracker:
    """One partition of one topic. Offsets begin in growing order and finish in any."""

    def __init__(self) -> None:
        """Nothing begun."""
        self._open: dict[int, None] = {}  # in the order begun, which is ascending
        self._next = 0
        self._committed = -1

    def __len__(self) -> int:
        """Count the offsets begun and not finished."""
        return len(self._open)

    def begin(self, offset: int) -> bool:
        """A record was taken. False when this or a later one was taken before: it is a repeat and must not be taken."""
        if offset < self._next:
            return False
        self._open[offset] = None
        self._next = offset + 1
        return True

    def finish(self, offset: int) -> None:
        """A record is decided."""
        self._open.pop(offset, None)

    def covered(self, finished: Set[int]) -> list[int]:
        """Those of these open offsets that come before every other open one, ascending: a commit of them covers them all."""
        return list(itertools.takewhile(finished.__contains__, self._open))

    def to_commit(self) -> int | None:
        """The next offset to read after a crash, if it has moved since it was last committed."""
        position = next(iter(self._open), self._next)
        return position if position > self._committed and position > 0 else None

    def committed(self, offset: int) -> None:
        """`to_commit` was made durable."""
        self._committed = offset
