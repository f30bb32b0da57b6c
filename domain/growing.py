"""How the topics of requests are given more partitions while looks are made. Pure.

    PrepareGrowth  what is prepared is recorded: from here on keys are placed by records, not by
                   settings
    Enlarge        partitions are added; nothing is placed on a new number
    Date           every group of ours holds the new numbers: the moment is recorded from which on
                   new ids are placed among all
    GrowthDone

No key moves (`schemas.layout`), so nothing is drained and no step touches a look on its way. Each
step is told from what is there: a command that was interrupted goes on where it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from schemas.layout import PartitionGrowth
from schemas.topics import LOOK_REQUESTED

CLOCKS_DIFFER = timedelta(seconds=60)
"""An API's clock is ahead of the database's by less."""
COMMIT_WITHIN = timedelta(seconds=60)
"""So long may recording the moment take. Both together come before the first id that it is for."""
LEAD = timedelta(minutes=6)
"""A consumer of another team looks for new partitions every five minutes; it finds them empty."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing is done, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class PrepareGrowth:
    """Record that this growth is prepared."""

    growth: PartitionGrowth


@dataclass(frozen=True, slots=True)
class Enlarge:
    """Give these topics so many partitions."""

    topics: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Date:
    """Once every group of ours holds the new numbers, record from when on it holds."""

    growth: PartitionGrowth


@dataclass(frozen=True, slots=True)
class GrowthDone:
    """It is recorded, with its moment; None: topics never grew, and have so many."""

    growth: PartitionGrowth | None


GrowthStep = Refused | PrepareGrowth | Enlarge | Date | GrowthDone


@dataclass(frozen=True, slots=True)
class TopicsNow:
    """`there`: partitions of each topic. `declared`: what settings say. `now_ms`: by the
    database's clock.
    """

    there: Mapping[str, int]
    recorded: Sequence[PartitionGrowth]
    declared: int
    now_ms: int


def next_step(target: int, at: TopicsNow) -> GrowthStep:
    """What comes next on the way to `target` partitions."""
    last = at.recorded[-1] if at.recorded else None
    if last is not None and last.since_ms is None:
        return _prepared(target, at, last)
    count = last.count if last is not None else at.declared
    if target == count:
        return _has(at, last, count)
    if target < count:
        return Refused(f"there are {count} partitions, and Kafka takes none away")
    if last is not None and last.since_ms is not None and last.since_ms > at.now_ms:
        return Refused(f"the growth to {count} begins at {when(last.since_ms)}: wait for it")
    if at.declared != count:
        return Refused(
            f"LOOKS_KAFKA_PARTITIONS says {at.declared}, recorded are {count}: let all processes "
            "know of the growth before (`looks topics grow --status`)"
        )
    return _between(at, count, target) or PrepareGrowth(PartitionGrowth(None, count, target))


def _prepared(target: int, at: TopicsNow, growth: PartitionGrowth) -> GrowthStep:
    if target != growth.count:
        return Refused(
            f"a growth to {growth.count} is being prepared: finish it first "
            f"(`looks topics grow {LOOK_REQUESTED.name} {growth.count}`)"
        )
    if (refused := _between(at, growth.before, target)) is not None:
        return refused
    small = [topic for topic, count in at.there.items() if count < target]
    # The one that asks for work is last: what must stand beside a request is there before it
    others = tuple(topic for topic in small if topic != LOOK_REQUESTED.name)
    return Enlarge(others or tuple(small), target) if small else Date(growth)


def _between(at: TopicsNow, least: int, most: int) -> Refused | None:
    odd = {topic: count for topic, count in at.there.items() if not least <= count <= most}
    return (
        Refused(
            "; ".join(f"{topic} has {count} partitions" for topic, count in sorted(odd.items()))
            + f": between {least} and {most} are expected"
        )
        if odd
        else None
    )


def _has(at: TopicsNow, last: PartitionGrowth | None, count: int) -> GrowthStep:
    return _between(at, count, count) or GrowthDone(last)


@dataclass(frozen=True, slots=True)
class Margins:
    """`lead`: from the end of the preparation to the first id that a growth is for. In it the
    growth is recorded (`commit`), before any clock can show that moment (`clocks`).

    Raises ValueError when it is too short for that.
    """

    lead: timedelta = LEAD
    clocks: timedelta = CLOCKS_DIFFER
    commit: timedelta = COMMIT_WITHIN

    def __post_init__(self) -> None:
        if self.lead < (least := self.clocks + self.commit):
            raise ValueError(f"the lead is at least {least.total_seconds():.0f} s")


def first_moment(now_ms: int, newest_ms: int, margins: Margins) -> int | Refused:
    """From which id on a growth holds. `newest_ms`: when the newest id was made, by the clock of
    whoever made it.
    """
    ahead = timedelta(milliseconds=newest_ms - now_ms)
    if ahead >= margins.clocks:
        return Refused(
            f"a request's id was made {ahead.total_seconds():.0f} s after the database's now: set "
            "the API's clock right"
        )
    return now_ms + margins.lead // timedelta(milliseconds=1)


def is_late(since_ms: int, recorded_ms: int, margins: Margins) -> bool:
    """Whether an id of that moment may have been made before the growth was recorded."""
    return timedelta(milliseconds=since_ms - recorded_ms) < margins.clocks


@dataclass(frozen=True, slots=True)
class Holding:
    """What a group's members hold. `settled`: it is not being shared anew."""

    settled: bool
    numbers: Mapping[str, frozenset[int]]  # by topic


def not_taken_up(groups: Mapping[str, Holding], topics: Sequence[str], count: int) -> list[str]:
    """What groups lack of topics that they read, a line each."""
    lines = []
    for group, held in sorted(groups.items()):
        lacks = [
            f"{topic}[{', '.join(str(one) for one in sorted(missing))}]"
            for topic in topics
            if topic in held.numbers and (missing := {*range(count)} - held.numbers[topic])
        ]
        if lacks:
            lines.append(f"{group} does not hold {', '.join(lacks)}")
        elif not held.settled:
            lines.append(f"{group} is being shared anew")
    return lines


def to_set(recorded: Sequence[PartitionGrowth]) -> dict[str, str]:
    """The settings that say what is recorded, for every process; empty where topics never grew."""
    dated = [one for one in recorded if one.since_ms is not None]
    if not dated:
        return {}
    until = ", ".join(f'"{when(one.since_ms or 0)}": {one.before}' for one in dated)
    return {
        "LOOKS_KAFKA_PARTITIONS": str(dated[-1].count),
        "LOOKS_KAFKA_PARTITIONS_UNTIL": f"{{{until}}}",
    }


def when(ms: int) -> str:
    """A moment as settings and operators read it."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
