"""Which offset may be committed while records finish in any order: the lowest one that is not
finished.

One byte per offset between that one and the newest: a million open offsets are a megabyte.
"""

from collections.abc import Set

TRIM_AFTER = 65_536
_OPEN = b"\x01"


class OffsetTracker:
    """One partition of one topic. Offsets begin in growing order and finish in any."""

    def __init__(self) -> None:
        """Nothing begun."""
        self._marks = bytearray()  # of the offsets from `_base` on: 1 while open
        self._base = 0
        self._lowest = 0  # index of the lowest open offset; len(_marks) when none is open
        self._open = 0
        self._committed = -1

    def __len__(self) -> int:
        """Count the offsets begun and not finished."""
        return self._open

    def begin(self, offset: int) -> bool:
        """A record was taken. False when this or a later one was taken before: it is a repeat and
        must not be taken.
        """
        following = self._base + len(self._marks)
        if offset < following:
            return False
        if not self._open:
            self._marks.clear()
            self._base, self._lowest = offset, 0
        else:
            # Offsets in between belong to no record of ours
            self._marks.extend(bytes(offset - following))
        self._marks += _OPEN
        self._open += 1
        return True

    def finish(self, offset: int) -> None:
        """A record is decided."""
        index = offset - self._base
        if not (0 <= index < len(self._marks) and self._marks[index]):
            return
        self._marks[index] = 0
        self._open -= 1
        if index == self._lowest:
            found = self._marks.find(_OPEN, index)
            self._lowest = found if found >= 0 else len(self._marks)
            self._trim()

    def covered(self, finished: Set[int]) -> list[int]:
        """Those of these open offsets that come before every other open one, ascending: a commit of
        them covers them all.
        """
        found: list[int] = []
        index = self._lowest
        while 0 <= index < len(self._marks) and self._base + index in finished:
            found.append(self._base + index)
            index = self._marks.find(_OPEN, index + 1)
        return found

    def to_commit(self) -> int | None:
        """The next offset to read after a crash, if it has moved since it was last committed."""
        position = self._base + self._lowest
        return position if position > self._committed and position > 0 else None

    def committed(self, offset: int) -> None:
        """`to_commit` was made durable."""
        self._committed = offset

    def _trim(self) -> None:
        if self._lowest >= TRIM_AFTER:
            del self._marks[: self._lowest]
            self._base += self._lowest
            self._lowest = 0
