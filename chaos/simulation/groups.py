"""Consumer groups of the simulated Kafka: members, generations, who owns which partition number,
and what was committed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalGenerationError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from domain.copartitions import ranges

Joined = Callable[[int, frozenset[TopicPartition]], None]
"""Told to a member when everybody has joined: the generation, and what is its own."""


@dataclass(slots=True, eq=False)
class Member:
    """Of a group."""

    name: str
    topics: tuple[str, ...]
    heard_s: float
    joined: Joined | None = None  # set while it waits for the others


class Group:
    """Rebalances stop the world: everybody gives up what it has, then numbers are shared anew."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        """Without members. `partitions`: of each topic."""
        self.committed: dict[TopicPartition, int] = {}
        self.generation = 0
        self.topics: frozenset[str] = frozenset()
        """That its members read."""
        self._partitions = partitions
        self._members: dict[str, Member] = {}
        self._sharing_since_s: float | None = None

    def join(self, name: str, topics: tuple[str, ...], now_s: float, joined: Joined) -> None:
        """Ask to share anew; `joined` is called when all that are known have asked."""
        self._members[name] = Member(name, topics, now_s, joined)
        self.topics = frozenset(topics)
        if self._sharing_since_s is None:
            self._sharing_since_s = now_s

    def heartbeat(self, name: str, generation: int, now_s: float) -> None:
        """Say that it lives. Raises what the member must do instead of going on."""
        member = self._members.get(name)
        if member is None:
            raise UnknownMemberIdError
        member.heard_s = now_s
        if self._sharing_since_s is not None:
            raise RebalanceInProgressError
        if generation != self.generation:
            raise IllegalGenerationError

    def share_anew(self, now_s: float) -> None:
        """There is more to share."""
        if self._members:
            self._begin(now_s)

    def leave(self, name: str, now_s: float) -> None:
        """It goes; the others share anew."""
        if self._members.pop(name, None) is not None and self._members:
            self._begin(now_s)

    def commit(
        self, name: str, generation: int, offsets: Mapping[TopicPartition, int], now_s: float
    ) -> None:
        """Only of a member of this generation; while the group is shared anew too, for those who
        have not joined yet.
        """
        member = self._members.get(name)
        if member is None:
            raise UnknownMemberIdError
        if generation != self.generation:
            raise IllegalGenerationError
        if self._sharing_since_s is not None and member.joined is not None:
            raise RebalanceInProgressError
        member.heard_s = now_s
        self.committed.update(offsets)

    def tend(self, now_s: float, *, session_timeout_s: float) -> None:
        """Let go of the silent, and share when everybody who is left has joined."""
        silent = [
            member
            for member in self._members.values()
            if member.joined is None and now_s - member.heard_s > session_timeout_s
        ]
        for member in silent:
            del self._members[member.name]
        if silent and self._members:
            self._begin(now_s)
        if self._sharing_since_s is None or not self._members:
            return
        if all(member.joined is not None for member in self._members.values()):
            self._share(now_s)

    def _begin(self, now_s: float) -> None:
        if self._sharing_since_s is None:
            self._sharing_since_s = now_s

    def _share(self, now_s: float) -> None:
        self._sharing_since_s = None
        self.generation += 1
        members = sorted(self._members)
        topics = next(iter(self._members.values())).topics
        owned = ranges({topic: self._partitions[topic] for topic in topics}, members)
        for name in members:
            member = self._members[name]
            told, member.joined, member.heard_s = member.joined, None, now_s
            if told is not None:
                mine = frozenset(
                    TopicPartition(topic, number) for topic in topics for number in owned[name]
                )
                told(self.generation, mine)
