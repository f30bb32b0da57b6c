"""What a rolling restart costs a consumer group: for how long partition numbers have no owner, with
members that leave and join (as ours do), with static members (KIP-345), and when one is killed.

The members read the compositor's topics by its assignor and do none of its work: three in one
process, restarted one after another, each away for as long as a process takes to start. A number is
owned from when its owner is told of it until it is told to give it up, or leaves. What lanes take
to open then is not counted.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from bench.accept import spread
from bench.pipeline import running
from devstack.bootstrap import settings_of
from runtime.broker import HEARTBEATS
from runtime.copartitions import NumberAssignor
from runtime.kafka import TopicPartition
from runtime.settings import KafkaSettings
from schemas.ids import new_request_id
from schemas.topics import LOOK_CANCEL, LOOK_REQUESTED, PARTITIONS, RETRY_TOPICS

MEMBERS: Final = 3
AWAY_S: Final = (2.0, 8.0)
"""A process's start, on a quiet and on a busy machine."""
SETTLED_S: Final = 3.0
SESSION_S: Final = {"leaving": 10.0, "static": 30.0}
TOPICS: Final = tuple(topic.name for topic in (LOOK_REQUESTED, *RETRY_TOPICS, LOOK_CANCEL))
"""A static member's must be longer than its restart takes, or it is given up meanwhile."""
TURNS: Final = 3


@dataclass
class Owned:
    """When each number had no owner, and how often one was taken from its owner."""

    owners: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    since_s: dict[int, float] = field(default_factory=dict)
    without_s: float = 0.0
    longest_s: float = 0.0
    taken_away: int = 0

    def take(self, member: str, numbers: set[int]) -> None:
        """A member was given these."""
        for number in numbers:
            if number in self.since_s:
                lasted_s = time.monotonic() - self.since_s.pop(number)
                self.without_s += lasted_s
                self.longest_s = max(self.longest_s, lasted_s)
            self.owners[number].add(member)

    def give(self, member: str) -> None:
        """A member has none any more."""
        for number, owners in self.owners.items():
            if member in owners:
                self.taken_away += 1
                owners.discard(member)
                if not owners:
                    self.since_s[number] = time.monotonic()

    @property
    def whole(self) -> bool:
        """Whether each number has an owner."""
        return len(self.owners) == PARTITIONS and all(self.owners.values())

    async def until_whole(self) -> None:
        """Wait for that."""
        async with asyncio.timeout(300):
            while not self.whole:  # noqa: ASYNC110 (told by callbacks of several clients)
                await asyncio.sleep(0.02)


class RollingMember(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """Of the group; it can be started again."""

    def __init__(self, kafka: KafkaSettings, group: str, name: str, owned: Owned) -> None:
        """Not joined. Static where its group's kind is."""
        self._kafka, self._group, self._name, self._owned = kafka, group, name, owned
        self._kind = group.partition("-")[0]

    async def start(self) -> None:
        """Join."""
        session_ms = int(SESSION_S[self._kind] * 1000)
        self.consumer = AIOKafkaConsumer(
            bootstrap_servers=self._kafka.bootstrap,
            group_id=self._group,
            group_instance_id=self._name if self._kind == "static" else None,
            partition_assignment_strategy=[NumberAssignor],
            session_timeout_ms=session_ms,
            heartbeat_interval_ms=int(SESSION_S["leaving"] * 1000) // HEARTBEATS,
            enable_auto_commit=False,
        )
        self.consumer.subscribe(TOPICS, listener=self)
        await self.consumer.start()

    async def stop(self) -> None:
        """As SIGTERM does: a static member does not say that it leaves."""
        self._owned.give(self._name)
        await self.consumer.stop()

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._owned.give(self._name)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._owned.take(self._name, {partition.partition for partition in assigned})


@asynccontextmanager
async def _group(
    kafka: KafkaSettings, kind: str
) -> AsyncIterator[tuple[list[RollingMember], Owned]]:
    owned = Owned()
    group = f"{kind}-{new_request_id()}"
    members = [RollingMember(kafka, group, f"member-{number}", owned) for number in range(MEMBERS)]
    await asyncio.gather(*(one.start() for one in members))
    try:
        await owned.until_whole()
        await asyncio.sleep(SETTLED_S)
        await owned.until_whole()
        owned.without_s = owned.longest_s = owned.taken_away = 0
        yield members, owned
    finally:
        await asyncio.gather(*(one.consumer.stop() for one in members))


async def _rolled(kafka: KafkaSettings, kind: str, away_s: float) -> Owned:
    """Each member in turn goes and comes back."""
    async with _group(kafka, kind) as (members, owned):
        for member in members:
            await member.stop()
            await asyncio.sleep(away_s)
            await member.start()
            await owned.until_whole()
            await asyncio.sleep(SETTLED_S)
            await owned.until_whole()
    return owned


async def _twice(kafka: KafkaSettings, seconds: float) -> int:
    """How often a static member lost its numbers to another one of its name, each taking them back:
    as after a pause, when the successor of a process that was given up is there.
    """
    async with _group(kafka, "static") as (members, owned):
        double = RollingMember(kafka, members[0]._group, members[0]._name, owned)
        await double.start()
        try:
            await asyncio.sleep(seconds)
            return owned.taken_away
        finally:
            await double.consumer.stop()


def _told(rolls: list[Owned]) -> dict[str, object]:
    return {
        "number_seconds_without_owner": spread([one.without_s for one in rolls]),
        "longest_s": spread([one.longest_s for one in rolls]),
        "times_a_number_was_taken_away": spread([float(one.taken_away) for one in rolls]),
    }


async def _measured(kafka: KafkaSettings) -> dict[str, object]:
    rolls: dict[str, list[Owned]] = defaultdict(list)
    for _ in range(TURNS):
        for away_s in AWAY_S:
            for kind in SESSION_S:
                rolls[f"{kind}_{away_s:g}_s_away"].append(await _rolled(kafka, kind, away_s))
    return {
        **{name: _told(found) for name, found in rolls.items()},
        "taken_away_in_20_s_from_two_of_one_name": await _twice(kafka, 20.0),
    }


def measure() -> dict[str, object]:
    """Turn and turn about, on one broker."""
    with running(()) as stack:
        return uvloop.run(_measured(settings_of(KafkaSettings, stack.env)))
