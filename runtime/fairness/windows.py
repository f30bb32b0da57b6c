"""How far ahead a tenant's records are worked on, and which wait: a burst of thousands must not
hide another's single look.

Of each tenant and topic, up to a window of records is at work. What comes beyond is deferred: only
where it stands is kept, 16 bytes each, and it is read again when half of the window is free. So
whoever reads can go on to the end of the topic at once, whatever is queued, and meets everybody's
next record.
"""

from array import array
from typing import NamedTuple

COMPACT_AFTER = 1024


class DeferredOffset(NamedTuple):
    """Where a record stands in its partition number."""

    topic: str
    offset: int


class _Line:
    """One tenant's records of one topic: how many are at work, and where the deferred ones stand,
    in order.
    """

    __slots__ = ("_first", "_marks", "_offsets", "at_work", "prioritized", "tenant_id", "topic")

    def __init__(self, topic: str, tenant_id: str) -> None:
        self.topic = topic
        self.tenant_id = tenant_id
        self.at_work = 0
        self.prioritized = 0
        self._offsets = array("q")
        self._marks = array("q")
        self._first = 0

    def __len__(self) -> int:
        return len(self._offsets) - self._first

    @property
    def head(self) -> DeferredOffset:
        return DeferredOffset(self.topic, self._offsets[self._first])

    def append(self, offset: int, mark: int) -> None:
        self._offsets.append(offset)
        self._marks.append(mark)

    def pop(self) -> None:
        self._first += 1
        if self._first >= COMPACT_AFTER and self._first * 2 >= len(self._offsets):
            del self._offsets[: self._first]
            del self._marks[: self._first]
            self._first = 0

    def withdraw(self, mark: int) -> list[DeferredOffset]:
        found: list[DeferredOffset] = []
        while True:
            try:
                at = self._marks.index(mark, self._first)
            except ValueError:
                return found
            found.append(DeferredOffset(self.topic, self._offsets.pop(at)))
            self._marks.pop(at)


class Windows:
    """Of one partition number. Offsets of a topic arrive in growing order; each is given out once:
    at its arrival or later.
    """

    def __init__(self, size: int) -> None:
        """At most `size` records of one tenant and topic at work."""
        self._size = size
        self._lines: dict[tuple[str, str], _Line] = {}
        self._heads: dict[DeferredOffset, _Line] = {}
        self._hungry: dict[_Line, None] = {}  # half free and somebody waits; in turn
        self._prioritized: dict[DeferredOffset, _Line] = {}
        self._deferred = 0

    def __len__(self) -> int:
        """Count the deferred records."""
        return self._deferred

    def arrive(self, place: DeferredOffset, tenant_id: str, mark: int) -> bool:
        """True: it is at work from now on, until `leave`. False: it is deferred. `mark`: 64 bits by
        which `prioritize` finds it.
        """
        line = self._lines.get((place.topic, tenant_id))
        if line is None:
            line = self._lines[place.topic, tenant_id] = _Line(place.topic, tenant_id)
        if not len(line) and line.at_work < self._size:
            line.at_work += 1
            return True
        line.append(place.offset, mark)
        self._heads[line.head] = line
        self._deferred += 1
        self._look_at(line)
        return False

    def claim(self, place: DeferredOffset) -> str | None:
        """The tenant of a deferred record that was read again, when it is its turn: it is at work
        from now on. Else None.
        """
        line = self._prioritized.pop(place, None)
        if line is not None:
            line.prioritized -= 1
        else:
            line = self._heads.get(place)
            if line is None or line.at_work >= self._size:
                return None
            del self._heads[place]
            line.pop()
            self._expose(line)
        line.at_work += 1
        self._deferred -= 1
        self._look_at(line)
        return line.tenant_id

    def leave(self, topic: str, tenant_id: str) -> None:
        """One record is not at work any more."""
        line = self._lines[topic, tenant_id]
        line.at_work -= 1
        self._look_at(line)

    def prioritize(self, tenant_id: str, mark: int) -> None:
        """Want the tenant's deferred records with this mark before all others: their request is not
        to be worked on.
        """
        for line in self._lines.values():
            if line.tenant_id == tenant_id and len(line):
                head = line.head
                found = line.withdraw(mark)
                self._prioritized.update(dict.fromkeys(found, line))
                line.prioritized += len(found)
                if head in found:
                    del self._heads[head]
                    self._expose(line)
                self._look_at(line)

    def wanted(self) -> DeferredOffset | None:
        """Where to read again from: a record that may be worked on now, line by line in turn; None
        when there is none.
        """
        if self._prioritized:
            return next(iter(self._prioritized))
        if not self._hungry:
            return None
        line = next(iter(self._hungry))
        self._hungry[line] = self._hungry.pop(line)
        return line.head

    def _expose(self, line: _Line) -> None:
        if len(line):
            self._heads[line.head] = line

    def _look_at(self, line: _Line) -> None:
        if len(line) and line.at_work <= self._size // 2:
            self._hungry.setdefault(line)
        else:
            self._hungry.pop(line, None)
        if not (len(line) or line.at_work or line.prioritized):
            del self._lines[line.topic, line.tenant_id]
