"""Whether a consumer's topics still have the partitions that they are declared with.

The same key has the same partition number in every topic, so one owner sees all of a request: its
retries, its cancel, its history. A partition more, added by hand, must not change that. Our
producers place a key by what is recorded of growths, or by the declared count (`runtime.placing`),
members are given numbers whole (`NumberAssignor`), and work goes on with the numbers that all
topics have; but whoever added it to one topic did not know, and other producers place keys by what
is there: so the consumer is not ready, and says why, until the counts are as declared.

Topics that grew together are no such trouble: it is said and measured until settings say the same,
and the new numbers are worked on at once.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from aiokafka import AIOKafkaClient
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import (
    ConsumerProtocolMemberAssignment,
    ConsumerProtocolMemberMetadata,
)
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError

from domain.copartitions import common, differing, in_step, ranges
from runtime import logs, metrics
from runtime.declaration import Declaration
from runtime.process import Process
from schemas.namespace import Namespace

log = logs.get(__name__)

EVERY_S = 15.0


class NumberAssignor(RangePartitionAssignor):  # type: ignore[misc]  # aiokafka has no types
    """Kafka's range assignor, but that topics of different sizes are not split at different
    numbers.

    With equal counts both assign the same, and so it has the same name: members of either kind can
    share a group.
    """

    @classmethod
    def assign(
        cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Each partition number of all topics to one member."""
        there = {
            topic: cluster.partitions_for_topic(topic) or set()
            for metadata in members.values()
            for topic in metadata.subscription
        }
        owned: dict[str, dict[str, list[int]]] = {member: {} for member in members}
        for topics, readers in _read_together(members):
            numbers = ranges({topic: len(there[topic]) for topic in topics}, readers)
            for member in readers:
                for topic in topics:
                    owned[member][topic] = sorted(there[topic].intersection(numbers[member]))
        return {
            member: ConsumerProtocolMemberAssignment(cls.version, sorted(mine.items()), b"")
            for member, mine in owned.items()
        }


def _read_together(
    members: Mapping[str, ConsumerProtocolMemberMetadata],
) -> Iterator[tuple[list[str], list[str]]]:
    """Topics and those who read them; several sets only while members of different releases share a
    group.
    """
    readers: dict[str, list[str]] = {}
    for member in sorted(members):
        for topic in members[member].subscription:
            readers.setdefault(topic, []).append(member)
    together: dict[tuple[str, ...], list[str]] = {}
    for topic in sorted(readers):
        together.setdefault(tuple(readers[topic]), []).append(topic)
    for who, topics in together.items():
        yield topics, [*who]


class Copartitions:
    """Of one session: looks at every join and every EVERY_S, and says so once when it changes."""

    def __init__(
        self,
        process: Process,
        declared: Declaration,
        client: AIOKafkaClient,
        names: Namespace,
        *,
        more: Callable[[], None] = lambda: None,
    ) -> None:
        """`client`: is asked what partitions there are, once it is connected. `more`: called when
        every topic has more of them than before.
        """
        self._process = process
        self._name = declared.name
        self._topics = {
            topic.name: names.count(topic.name) for topic in (*declared.topics, *declared.history)
        }
        self._client = client
        self._names = names
        self._more = more
        self._told: Mapping[str, tuple[int, int]] = {}
        self._running = False
        self._watching: asyncio.Task[None] | None = None
        self.numbers = min(self._topics.values())
        """Partition numbers below this one are in every topic."""

    async def start(self) -> None:
        """Look now, and again and again until `stop`. Raises KafkaError when it can't be told."""
        self._running = True
        await self.look()
        self._watching = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """The process is not ready any more."""
        self._running = False
        self._process.ready = False
        if self._watching is not None:
            self._watching.cancel()

    async def look(self) -> None:
        """Compare now; the process is ready when topics are in step. Raises KafkaError when it
        can't be told.
        """
        counts = await self._counts()
        before, self.numbers = self.numbers, common(counts)
        now = differing(counts, self._topics)
        for topic in self._topics:
            there, wanted = now.get(topic, (0, 0))
            metrics.PARTITIONS_DIFFER.labels(self._name, topic).set(there - wanted)
        matching = in_step(counts, self._topics)
        if now != self._told:
            self._tell(now, matching=matching)
        self._told = now
        self._process.ready = self._running and matching
        if self.numbers > before:
            self._more()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            with contextlib.suppress(KafkaError, TimeoutError):
                await self.look()

    def usable(self, numbers: Iterable[int]) -> list[int]:
        """Those of these partition numbers that every topic has."""
        return sorted({number for number in numbers if number < self.numbers})

    def _tell(self, now: Mapping[str, tuple[int, int]], *, matching: bool) -> None:
        if not now:
            log.info("partition counts are as declared")
            return
        if matching:
            log.warning(
                "topics grew, and settings do not say so yet",
                numbers=self.numbers,
                what_to_do="docs/operations.md: Topics that grow",
            )
            return
        log.error(
            "partition counts differ from what is declared: not ready; work goes on with the "
            "numbers that every topic has",
            topics={
                topic: f"{there} instead of {wanted}"
                for topic, (there, wanted) in sorted(now.items())
            },
            numbers=self.numbers,
            what_to_do="docs/operations.md: A partition more or less",
        )

    async def _counts(self) -> dict[str, int]:
        for topic in self._topics:
            self._client.add_topic(self._names.topic(topic))
        await self._client.force_metadata_update()
        return {topic: self._count(topic) for topic in self._topics}

    def _count(self, topic: str) -> int:
        partitions = self._client.cluster.partitions_for_topic(self._names.topic(topic))
        if partitions is None:
            raise UnknownTopicOrPartitionError(topic)
        return len(partitions)
