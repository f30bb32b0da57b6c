"""Kafka in memory, as far as the decision core leans on it: logs with offsets and markers,
transactions with epochs and time limits, and the last stable offset.

As in Kafka, a transaction is decided first and its markers are written later, partition by
partition; a producer that begins anew under a transactional id waits for them. Groups are in
`chaos.simulation.groups`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import (
    InvalidTxnState,
    ProducerFenced,
)

from chaos.simulation.groups import Group
from schemas.envelope import Headers


@dataclass(slots=True, eq=False)
class Stored:
    """One offset of a partition; a marker has no record."""

    record: ConsumerRecord | None
    producer_id: int = -1
    aborted: bool = False


class Log:
    """One partition."""

    def __init__(self) -> None:
        """Empty."""
        self.stored: list[Stored] = []
        self.open: dict[int, int] = {}  # producer id -> first offset of its open transaction

    @property
    def end(self) -> int:
        """The next offset to be written."""
        return len(self.stored)

    @property
    def stable(self) -> int:
        """The first offset that belongs to an open transaction; the end when there is none."""
        return min(self.open.values(), default=len(self.stored))

    def mark(self, producer_id: int, *, commit: bool) -> None:
        """End a producer's transaction here."""
        first = self.open.pop(producer_id, None)
        if first is None:
            return
        if not commit:
            for one in self.stored[first:]:
                if one.producer_id == producer_id:
                    one.aborted = True
        self.stored.append(Stored(None))


@dataclass(slots=True)
class SimulatedTransaction:
    """What the coordinator knows of one that is open or whose markers are being written."""

    began_s: float
    partitions: set[TopicPartition] = field(default_factory=set)
    offsets: dict[str, dict[TopicPartition, int]] = field(default_factory=dict)
    commit: bool | None = None  # None: open
    serial: int = 0


@dataclass(slots=True)
class Owner:
    """Of a transactional id."""

    producer_id: int
    epoch: int = 0
    timeout_s: float = 10.0
    open: SimulatedTransaction | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer sends."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Attached(Protocol):
    """Who may wait for records."""

    def look(self) -> None:
        """Something may have become readable."""


class Broker:
    """All partitions, transactions and groups. Every method happens at once."""

    def __init__(self, partitions: Mapping[str, int], wall_ms: Callable[[], int]) -> None:
        """Topics with so many partitions. `wall_ms`: its own clock."""
        self.partitions = dict(partitions)
        self.declared = dict(partitions)
        """What settings say, by which a producer places a key that it is told no number for."""
        self.logs = {
            TopicPartition(topic, number): Log()
            for topic, count in partitions.items()
            for number in range(count)
        }
        self.groups: dict[str, Group] = {}
        self.readers: dict[Attached, None] = {}
        """Told when something became readable, in the order of their coming."""
        self.written: Callable[[str, int, int, bytes | None], None] = lambda *_: None
        """Told of each record."""
        self.markers: Callable[[Callable[[], None]], None] = lambda write: write()
        """When a marker is written."""
        self._wall_ms = wall_ms
        self._owners: dict[str, Owner] = {}
        self._producers = 0
        self._serial = 0

    def grow(self, count: int, now_s: float) -> None:
        """Every topic has so many partitions from now on; groups see it, and share them anew."""
        for topic, before in self.partitions.items():
            for number in range(before, count):
                self.logs[TopicPartition(topic, number)] = Log()
            self.partitions[topic] = count
        for group in self.groups.values():
            group.share_anew(now_s)

    def group(self, name: str) -> Group:
        """A group; there from its first mention on."""
        return self.groups.setdefault(name, Group(self.partitions))

    def append(self, message: Message, producer_id: int = -1) -> ConsumerRecord:
        """Write one record, dated by the broker's clock."""
        log = self.logs[TopicPartition(message.topic, message.partition)]
        record = ConsumerRecord(
            message.topic,
            message.partition,
            log.end,
            self._wall_ms(),
            1,
            message.key,
            message.value,
            None,
            len(message.key or b""),
            len(message.value or b""),
            message.headers,
        )
        log.stored.append(Stored(record, producer_id))
        self.written(message.topic, message.partition, record.offset, message.key)
        self._grown()
        return record

    def _grown(self) -> None:
        for one in [*self.readers]:
            one.look()

    # Transactions

    def begin_producer(self, transactional_id: str, timeout_s: float) -> tuple[int, int]:
        """Producer id and epoch of a new owner of a transactional id. Whoever had it before is
        fenced, and what it left open is aborted.
        """
        owner = self._owners.get(transactional_id)
        if owner is None:
            self._producers += 1
            owner = self._owners[transactional_id] = Owner(self._producers)
        if owner.open is not None:
            if owner.open.commit is None:
                owner.open.commit = False
            self._finish(owner, owner.open.serial)
        owner.epoch += 1
        owner.timeout_s = timeout_s
        return owner.producer_id, owner.epoch

    def write(
        self, transactional_id: str, epoch: int, message: Message, now_s: float
    ) -> ConsumerRecord:
        """Write one record within the owner's transaction, which begins with its first one."""
        owner = self._current(transactional_id, epoch)
        open_ = self._open(owner, now_s)
        partition = TopicPartition(message.topic, message.partition)
        open_.partitions.add(partition)
        log = self.logs[partition]
        log.open.setdefault(owner.producer_id, log.end)
        return self.append(message, owner.producer_id)

    def write_offsets(
        self,
        transactional_id: str,
        epoch: int,
        group: str,
        offsets: Mapping[TopicPartition, int],
        now_s: float,
    ) -> None:
        """Commit a group's offsets with the transaction. As aiokafka does it, nobody asks whether
        the group still gives the partitions to this member.
        """
        owner = self._current(transactional_id, epoch)
        self._open(owner, now_s).offsets.setdefault(group, {}).update(offsets)

    def end_transaction(self, transactional_id: str, epoch: int, *, commit: bool) -> None:
        """Decide a transaction; its markers follow."""
        owner = self._current(transactional_id, epoch)
        if owner.open is None:
            return
        if owner.open.commit is not None:
            raise InvalidTxnState
        self._decide(owner, commit=commit)

    def abort_late(self, now_s: float) -> int:
        """Abort what is open for longer than its owner allowed, and fence the owner, as the
        coordinator does now and then.
        """
        late = [
            owner
            for owner in self._owners.values()
            if owner.open is not None
            and owner.open.commit is None
            and now_s - owner.open.began_s > owner.timeout_s
        ]
        for owner in late:
            owner.epoch += 1
            self._decide(owner, commit=False)
        return len(late)

    def _current(self, transactional_id: str, epoch: int) -> Owner:
        owner = self._owners[transactional_id]
        if epoch < owner.epoch:
            raise ProducerFenced
        return owner

    def _open(self, owner: Owner, now_s: float) -> SimulatedTransaction:
        if owner.open is not None and owner.open.commit is not None:
            # aiokafka tries again until its markers are written: here they are written by now
            self._finish(owner, owner.open.serial)
        if owner.open is None:
            self._serial += 1
            owner.open = SimulatedTransaction(now_s, serial=self._serial)
        return owner.open

    def _decide(self, owner: Owner, *, commit: bool) -> None:
        decided = owner.open
        if decided is None:
            return
        decided.commit = commit
        serial = decided.serial
        left = [*sorted(decided.partitions)]
        for partition in left:
            self.markers(lambda at=partition: self._mark(owner, serial, at))  # type: ignore[misc]  # bound now
        for group in sorted(decided.offsets):
            self.markers(lambda at=group: self._settle(owner, serial, at))  # type: ignore[misc]  # bound now

    def _mark(self, owner: Owner, serial: int, partition: TopicPartition) -> None:
        decided = owner.open
        if decided is None or decided.serial != serial or partition not in decided.partitions:
            return
        decided.partitions.discard(partition)
        self.logs[partition].mark(owner.producer_id, commit=bool(decided.commit))
        self._over(owner)
        self._grown()

    def _settle(self, owner: Owner, serial: int, group: str) -> None:
        decided = owner.open
        if decided is None or decided.serial != serial or group not in decided.offsets:
            return
        offsets = decided.offsets.pop(group)
        if decided.commit:
            self.group(group).committed.update(offsets)
        self._over(owner)

    def _over(self, owner: Owner) -> None:
        if owner.open is not None and not (owner.open.partitions or owner.open.offsets):
            owner.open = None

    def _finish(self, owner: Owner, serial: int) -> None:
        """Write what is left of a transaction's markers."""
        open_ = owner.open
        if open_ is None:
            return
        for partition in sorted(open_.partitions):
            self._mark(owner, serial, partition)
        for group in sorted(open_.offsets):
            self._settle(owner, serial, group)
        owner.open = None

    def readable(
        self, partition: TopicPartition, position: int, *, committed_only: bool, most: int
    ) -> tuple[list[ConsumerRecord], int]:
        """Records from a position on, and the position after them."""
        log = self.logs[partition]
        end = log.stable if committed_only else log.end
        found: list[ConsumerRecord] = []
        while position < end and len(found) < most:
            one = log.stored[position]
            position += 1
            if one.record is not None and not (one.aborted and committed_only):
                found.append(one.record)
        return found, position

    def committed_records(self, topic: str) -> Sequence[ConsumerRecord]:
        """Every record that a `read_committed` reader of a topic sees."""
        return [
            one.record
            for number in range(self.partitions[topic])
            for one in self.logs[TopicPartition(topic, number)].stored
            if one.record is not None and not one.aborted
        ]
