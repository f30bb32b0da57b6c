"""How one installation is kept apart from others on the same Kafka, bucket and Postgres.

Topics, groups and transactional ids have one name in the code, the declared one; a `Namespace` says
what Kafka and S3 know them by. It is made from the settings and handed to what speaks to them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from schemas.layout import Layout, PartitionGrowth, layout, said
from schemas.topics import BY_NAME, COPARTITIONED, PARTITIONS, TOPICS, Topic

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,18}[a-z0-9])?")
RESERVED = frozenset({"archive", "credit", "cutouts", "look", "looks", "results", "test", "users"})
"""A namespace of these names could not be told from what an installation without one has."""
OURS = "looks."
"""What the names of our groups, transactional ids and Kafka users begin with."""


@dataclass(frozen=True, slots=True)
class Namespace:
    """`name` empty: names are as declared. `apart`: topics with another count of partitions.
    `until`: moment (ms since 1970) -> the count of partition numbers for ids made before it.

    Raises ValueError, which says what is wrong, and of partitions which setting says so.
    """

    name: str = ""
    partitions: int = PARTITIONS
    apart: Mapping[str, int] = field(default_factory=dict)
    until: Mapping[int, int] = field(default_factory=dict)
    _topics: Mapping[str, Topic] = field(init=False, repr=False, compare=False)
    _declared: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._check()
        here = {
            topic.name: replace(
                topic, name=self._own(topic.name), partitions=self._count(topic.name)
            )
            for topic in TOPICS
        }
        object.__setattr__(self, "_topics", MappingProxyType(here))
        names = {topic.name: declared for declared, topic in here.items()}
        object.__setattr__(self, "_declared", MappingProxyType(names))

    def _check(self) -> None:
        if self.name and not _NAME.fullmatch(self.name):
            raise ValueError(
                "LOOKS_NAMESPACE is at most 20 lower-case letters, digits and hyphens, and begins "
                "with a letter"
            )
        if self.name in RESERVED:
            raise ValueError(f"LOOKS_NAMESPACE can't be {self.name}: installations use that name")
        if unknown := sorted(self.apart.keys() - BY_NAME.keys()):
            raise ValueError(f"LOOKS_KAFKA_TOPIC_PARTITIONS: there is no topic {unknown[0]}")
        if few := [name for name, count in self.apart.items() if count < 1]:
            raise ValueError(f"LOOKS_KAFKA_TOPIC_PARTITIONS: {few[0]} needs a partition")
        if (growths := said(self.until, self._count(COPARTITIONED[0]))) and any(
            not 1 <= one.before < one.count for one in growths
        ):
            raise ValueError(
                "LOOKS_KAFKA_PARTITIONS_UNTIL: topics only grow, so each count is less than the "
                "next one, and the last less than LOOKS_KAFKA_PARTITIONS"
            )
        counts = {name: self._count(name) for name in COPARTITIONED}
        if len(set(counts.values())) > 1:
            other = next(name for name, count in counts.items() if count != self.partitions)
            raise ValueError(
                f"LOOKS_KAFKA_TOPIC_PARTITIONS: {other} must have as many partitions as "
                f"{', '.join(name for name in COPARTITIONED if name != other)}: what concerns a "
                "request has one number in all of them. LOOKS_KAFKA_PARTITIONS sets them together"
            )

    def _count(self, declared: str) -> int:
        return self.apart.get(declared, self.partitions)

    def _own(self, name: str) -> str:
        return f"{self.name}.{name}" if self.name else name

    @property
    def topics(self) -> tuple[Topic, ...]:
        """Every declared topic as Kafka has it."""
        return tuple(self._topics.values())

    @property
    def declared(self) -> Mapping[str, Topic]:
        """By declared name and named so, each with the partitions that it has here."""
        return {name: replace(topic, name=name) for name, topic in self._topics.items()}

    def count(self, topic: str) -> int:
        """How many partitions a topic of ours, by its declared name, has here."""
        return self._topics[topic].partitions

    @property
    def numbers(self) -> int:
        """How many partition numbers there are for requests."""
        return self.count(COPARTITIONED[0])

    def layout(self, recorded: Iterable[PartitionGrowth] = ()) -> Layout:
        """Among how many numbers each key is placed. `recorded`: growths as the database has them.
        Raises LayoutsDiffer where that is not what settings say.
        """
        return layout(self.numbers, said(self.until, self.numbers), recorded)

    def topic(self, name: str) -> str:
        """What Kafka calls a topic of ours; another one keeps its name."""
        found = self._topics.get(name)
        return name if found is None else found.name

    def declared_name(self, topic: str) -> str:
        """The declared name of what Kafka calls so; a topic that is not ours keeps its name."""
        return self._declared.get(topic, topic)

    def owns(self, topic: str) -> bool:
        """Whether a topic, as Kafka calls it, is one of ours."""
        return topic in self._declared

    def group(self, name: str) -> str:
        """What Kafka calls a group, a transactional id or a user of ours; others keep theirs."""
        return self._own(name) if name.startswith(OURS) else name

    def declared_group(self, group: str) -> str:
        """The name of a group of ours in the code; another one keeps its name."""
        own = group.removeprefix(f"{self.name}.")
        return own if own.startswith(OURS) else group

    def key(self, path: str) -> str:
        """Where in the bucket something of ours lies."""
        return f"{self.name}/{path}" if self.name else path


def belongs_to_pipeline(topic: str) -> bool:
    """Whether an installation, of whichever namespace, may have this topic for its own."""
    namespace, _, name = topic.partition(".")
    return topic in BY_NAME or (name in BY_NAME and _NAME.fullmatch(namespace) is not None)


AS_DECLARED = Namespace()
"""Of an installation that has Kafka to itself."""
