"""A topic in memory: order by key, redelivery after a crash, transactions seen whole or not at all.

Offsets have gaps where transactions end or were aborted, as in Kafka. A group has one member at a
time.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from looks_client.testkit.partitions import partition_of
from looks_client.testkit.samples import Record

PARTITIONS: Final = 12
"""Of every topic, unless its operators chose another number."""


class _State(Enum):
    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What stands at one offset: a record, or the marker that ends a transaction."""

    record: Record | None
    transaction: "Transaction | None"

    @property
    def state(self) -> _State:
        return _State.COMMITTED if self.transaction is None else self.transaction.state


@dataclass(eq=False, slots=True)
class Transaction:
    """Records that are seen together, or never."""

    topic: "FakeTopic"
    state: _State = _State.OPEN
    touched: set[int] = field(default_factory=set)

    def publish(self, *records: Record) -> None:
        """Append to the topic; `read_committed` subscribers wait for the end of the transaction."""
        for record in records:
            self.touched.add(self.topic.append(record, self))

    def abort(self) -> None:
        """End it: nobody who reads committed records sees its records."""
        self.end(_State.ABORTED)

    def end(self, state: _State) -> None:
        """End it once; what comes after is passed over."""
        if self.state is _State.OPEN:
            self.state = state
            self.topic.mark(self.touched)


class FakeTopic:
    """The log of a topic, and the offsets that groups have committed on it."""

    def __init__(self, name: str = "look.completed", partitions: int = PARTITIONS) -> None:
        """Empty."""
        self.name = name
        self.log: list[list[_Entry]] = [[] for _ in range(partitions)]
        self.committed: dict[str, dict[int, int]] = {}

    def append(self, record: Record, transaction: Transaction | None) -> int:
        """Put a record at the end of its key's partition; returns which."""
        number = partition_of(record.key, len(self.log))
        entries = self.log[number]
        placed = replace(record, topic=self.name, partition=number, offset=len(entries))
        entries.append(_Entry(placed, transaction))
        return number

    def mark(self, partitions: set[int]) -> None:
        """Write the marker of a transaction's end."""
        for number in partitions:
            self.log[number].append(_Entry(None, None))

    def publish(self, *records: Record) -> None:
        """Append records that are committed at once."""
        for record in records:
            self.append(record, None)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Committed at the end of the block; aborted by `abort()` or by an exception."""
        made = Transaction(self)
        try:
            yield made
        except BaseException:
            made.abort()
            raise
        made.end(_State.COMMITTED)

    def subscribe(self, group: str, *, read_committed: bool = True) -> "FakeSubscriber":
        """A member of a group, at the group's committed offsets, or at the beginning."""
        return FakeSubscriber(self, group, read_committed=read_committed)


class FakeSubscriber:
    """Reads a fake topic as a consumer in a group reads a real one."""

    def __init__(self, topic: FakeTopic, group: str, *, read_committed: bool) -> None:
        """At the group's committed offsets."""
        self._topic = topic
        self._group = group
        self._read_committed = read_committed
        self._positions: dict[int, int] = {}
        self.crash()

    def poll(self, max_records: int = 500) -> list[Record]:
        """The next records: in order within a partition, partition by partition. Empty when there
        is nothing more to see.
        """
        found: list[Record] = []
        for number in range(len(self._topic.log)):
            entries = self._topic.log[number]
            while len(found) < max_records and self._positions[number] < self._visible(entries):
                entry = entries[self._positions[number]]
                self._positions[number] += 1
                if entry.record is not None and not (
                    self._read_committed and entry.state is _State.ABORTED
                ):
                    found.append(entry.record)
        return found

    def commit(self) -> None:
        """What was polled is done: the group goes on after it."""
        self._topic.committed[self._group] = dict(self._positions)

    def crash(self) -> None:
        """Forget what was polled since the last commit: it comes again."""
        self._positions = dict.fromkeys(range(len(self._topic.log)), 0) | self._topic.committed.get(
            self._group, {}
        )

    def _visible(self, entries: list[_Entry]) -> int:
        """Up to where one can read: nothing beyond an open transaction is seen, not even what is
        committed.
        """
        if not self._read_committed:
            return len(entries)
        return next(
            (offset for offset, entry in enumerate(entries) if entry.state is _State.OPEN),
            len(entries),
        )
