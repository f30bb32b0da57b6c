"""`looks topics grow`, step by step (`domain.growing`): records in Postgres, partitions in Kafka.

Each step is safe to repeat, and what comes next is told from what is there: whatever is interrupted
is finished by the same command given again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import asyncpg

from domain.growing import (
    Date,
    Enlarge,
    GrowthDone,
    GrowthStep,
    Margins,
    PrepareGrowth,
    Refused,
    TopicsNow,
    first_moment,
    is_late,
    next_step,
    not_taken_up,
    to_set,
    when,
)
from runtime import faults
from runtime.groups import holdings
from runtime.settings import KafkaSettings
from runtime.topics_admin import enlarge, partition_counts
from schemas.layout import PartitionGrowth
from schemas.topics import COPARTITIONED, TOPICS
from storage import advisory
from storage.advisory import Lock
from storage.growths import begin, clocks_ms, growths, set_moment

LOOK_EVERY_S = 1.0
NAME = "grow"


class NotGrown(Exception):
    """The command stops, and says why. No key is placed otherwise than before, unless it says
    so.
    """


@dataclass(frozen=True, slots=True)
class Growing:
    """What a growth is made with. `within_s`: so long groups may take to hold the new numbers."""

    kafka: KafkaSettings
    connection: asyncpg.Connection
    say: Callable[[str], None]
    margins: Margins = field(default_factory=Margins)
    within_s: float = 180.0


async def grow(at: Growing, target: int) -> PartitionGrowth | None:
    """Bring the topics to so many partitions. Raises NotGrown, runtime.topics_admin.TopicsRefused,
    KafkaError and what asyncpg raises; the same call goes on from there.
    """
    if not await advisory.try_until_closed(at.connection, Lock.GROWTH):
        raise NotGrown("another `looks topics grow` is at work")
    try:
        while True:
            step = await planned(at, target)
            match step:
                case Refused(why):
                    raise NotGrown(why)
                case GrowthDone(growth):
                    return growth
                case _:
                    await _do(at, step)
    finally:
        await advisory.release(at.connection, Lock.GROWTH)


async def planned(at: Growing, target: int) -> GrowthStep:
    """The next step."""
    names = at.kafka.names
    if mine := sorted(names.apart.keys() & {*COPARTITIONED}):
        return Refused(
            f"LOOKS_KAFKA_TOPIC_PARTITIONS names {mine[0]}: LOOKS_KAFKA_PARTITIONS is to set the "
            "topics of requests"
        )
    there = await asyncio.to_thread(partition_counts, at.kafka, _growing(at.kafka))
    now_ms, _ = await clocks_ms(at.connection)
    return next_step(target, TopicsNow(there, await growths(at.connection), names.numbers, now_ms))


async def _do(at: Growing, step: GrowthStep) -> None:
    match step:
        case PrepareGrowth(growth):
            await begin(at.connection, growth)
            at.say(f"recorded: a growth from {growth.before} to {growth.count} is prepared")
            await faults.at(NAME, faults.FaultPoint.AFTER_CLAIM)
        case Enlarge(topics, count):
            await asyncio.to_thread(enlarge, at.kafka, topics, count)
            at.say(f"{count} partitions: {', '.join(topics)}")
            await faults.at(NAME, faults.FaultPoint.AFTER_APPLY)
        case Date(growth):
            await _taken_up(at, growth)
            await _date(at, growth)


async def _taken_up(at: Growing, growth: PartitionGrowth) -> None:
    """Wait until every group of ours that has members holds the new numbers: what is placed there
    is read at once. Raises NotGrown.
    """
    give_up_s = asyncio.get_running_loop().time() + at.within_s
    while lacking := not_taken_up(await holdings(at.kafka), _growing(at.kafka), growth.count):
        if asyncio.get_running_loop().time() > give_up_s:
            raise NotGrown(
                "\n".join(
                    [
                        *lacking,
                        f"within {at.within_s:g} s not every group held the new partitions. "
                        "Nothing is placed on them; the same command goes on from here",
                    ]
                )
            )
        await asyncio.sleep(LOOK_EVERY_S)
    at.say("every group of ours that runs holds the new partitions")


async def _date(at: Growing, growth: PartitionGrowth) -> None:
    now_ms, newest_ms = await clocks_ms(at.connection)
    moment = first_moment(now_ms, newest_ms, at.margins)
    if isinstance(moment, Refused):
        raise NotGrown(moment.why)
    await faults.at(NAME, faults.FaultPoint.BEFORE_COMMIT)
    await set_moment(at.connection, growth.count, moment, at.margins.commit.total_seconds())
    await faults.at(NAME, faults.FaultPoint.AFTER_COMMIT)
    now_ms, _ = await clocks_ms(at.connection)
    if is_late(moment, now_ms, at.margins):
        raise NotGrown(
            f"recording took until {when(now_ms)}, too near to {when(moment)}: requests made just "
            "after may have been placed before it was known. Run `looks audit` after "
            "their deadlines"
        )
    at.say(f"requests made from {when(moment)} on are placed among {growth.count} partitions")


def ahead(step: GrowthStep, margins: Margins) -> list[str]:
    """What a command would do from this step on, a line each."""
    match step:
        case PrepareGrowth(growth):
            return [
                f"record that a growth from {growth.before} to {growth.count} is prepared",
                f"give every topic of requests {growth.count} partitions",
                *ahead(Date(growth), margins),
            ]
        case Enlarge(topics, count):
            return [f"give {', '.join(topics)} {count} partitions", "go on as soon as they have"]
        case Date(growth):
            return [
                "wait until every group of ours that runs holds the new partitions",
                f"record that requests made from {margins.lead.total_seconds():.0f} s after that "
                f"on are placed among {growth.count}; no other request moves",
            ]
        case _:
            return []


async def standing(at: Growing) -> list[str]:
    """How things stand, a line each, and what is to be done."""
    recorded = await growths(at.connection)
    now_ms, _ = await clocks_ms(at.connection)
    there = await asyncio.to_thread(partition_counts, at.kafka, _growing(at.kafka))
    lines = [_told(one, now_ms) for one in recorded] or ["topics never grew"]
    counts = sorted({*there.values()})
    if len(counts) == 1:
        lines.append(f"every topic has {counts[0]} partitions")
    else:
        lines += [f"{topic} has {count} partitions" for topic, count in sorted(there.items())]
    prepared = recorded[-1] if recorded and recorded[-1].since_ms is None else None
    if prepared is not None:
        lines += not_taken_up(await holdings(at.kafka), _growing(at.kafka), prepared.count)
    return lines + said(at.kafka, recorded)


def said(kafka: KafkaSettings, recorded: Sequence[PartitionGrowth]) -> list[str]:
    """What is to be set where settings do not say what is recorded."""
    dated = tuple(one for one in recorded if one.since_ms is not None)
    if not dated or kafka.names.layout() == kafka.names.layout(dated):
        return []
    return [
        "set for every process, and restart them one by one when it suits:",
        *(f"  {name}={value}" for name, value in to_set(dated).items()),
    ]


def _told(one: PartitionGrowth, now_ms: int) -> str:
    grew = f"from {one.before} to {one.count} partitions"
    if one.since_ms is None:
        return f"{grew}: being prepared, `looks topics grow look.requested {one.count}` goes on"
    if one.since_ms > now_ms:
        return f"{grew}: for requests made from {when(one.since_ms)} on, which is to come"
    return f"{grew}: for requests made from {when(one.since_ms)} on"


def _growing(kafka: KafkaSettings) -> list[str]:
    """The topics that LOOKS_KAFKA_PARTITIONS is about: they grow together."""
    return [topic.name for topic in TOPICS if topic.name not in kafka.names.apart]
