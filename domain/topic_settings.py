"""What `looks topics apply` may change of a topic that is there: what is declared, and never to
less safety. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from schemas.topics import Topic

MIN_INSYNC = "min.insync.replicas"
INSYNC_OF_THREE = 2
"""In-sync replicas that must have a record before it counts as written, where there are three or
more copies.
"""


@dataclass(frozen=True, slots=True)
class TopicStanding:
    """A topic as it is: its copies, each setting's value in effect, and which of them are the
    topic's own.
    """

    partitions: int
    replicas: int
    values: Mapping[str, str]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """One setting of one topic. `before`: what is in effect now."""

    topic: str
    name: str
    before: str
    after: str

    def __str__(self) -> str:
        """As operators read it."""
        return f"{self.topic}: {self.name} {self.before or 'unset'} -> {self.after}"


def declared(topic: Topic, replicas: int) -> dict[str, str]:
    """Every setting that is ours to make, of a topic with so many copies."""
    return topic.config() | (
        {MIN_INSYNC: str(INSYNC_OF_THREE)} if replicas > INSYNC_OF_THREE else {}
    )


def changes(topic: Topic, standing: TopicStanding) -> list[Change]:
    """What is not as declared. What is declared nowhere is left as it is, and so is a stricter
    MIN_INSYNC (`lowered`).
    """
    wanted = declared(topic, standing.replicas)
    return [
        Change(topic.name, name, standing.values.get(name, ""), value)
        for name, value in wanted.items()
        if (standing.values.get(name) != value or name not in standing.own)
        and not _lowers(name, standing, value)
    ]


def lowered(topic: Topic, standing: TopicStanding) -> list[str]:
    """Why a declared setting is not made: it would let records count as written that fewer brokers
    have.
    """
    wanted = declared(topic, standing.replicas)
    return [
        f"{topic.name}: {name} is {standing.values[name]} and is not lowered to the declared "
        f"{value}: "
        "declare it so, or lower it by hand"
        for name, value in wanted.items()
        if _lowers(name, standing, value)
    ]


def by_topic(changed: Iterable[Change]) -> dict[str, list[Change]]:
    """Grouped, in their order."""
    grouped: dict[str, list[Change]] = {}
    for change in changed:
        grouped.setdefault(change.topic, []).append(change)
    return grouped


def _lowers(name: str, standing: TopicStanding, value: str) -> bool:
    now = standing.values.get(name, "")
    return name == MIN_INSYNC and now.isdecimal() and int(now) > int(value)
