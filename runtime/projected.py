"""Waiting until the projection has read all that was written by now."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from domain.read_positions import PartitionName, ReadPosition, caught_up
from runtime.process import Process
from runtime.reading import written_to
from runtime.sessions import pause
from runtime.settings import KafkaSettings, LookSettings
from schemas.topics import Topic

LOOK_AGAIN_S = 0.2


class Positions(Protocol):
    """The projection's own."""

    async def positions(
        self, partitions: Sequence[PartitionName]
    ) -> Mapping[PartitionName, ReadPosition]:
        """Where each partition that was read before is read on."""


def margin_of(look: LookSettings) -> timedelta:
    """Clocks differ by no more."""
    return timedelta(seconds=look.clock_margin_s)


@dataclass(frozen=True, slots=True)
class Projected:
    """Asks Kafka and the projection. `margin`: clocks differ by no more."""

    process: Process
    kafka: KafkaSettings
    positions: Positions
    margin: timedelta

    async def numbers(
        self, topics: Sequence[Topic], numbers: Sequence[int], within_s: float
    ) -> set[int]:
        """Of these partition numbers of these topics, those of which all that is written now is
        projected by then. Raises what goes wrong with Kafka or the database.
        """
        written = await written_to(
            self.kafka, [(topic.name, number) for topic in topics for number in numbers]
        )
        give_up_s = asyncio.get_running_loop().time() + within_s
        ready: set[int] = set()
        while len(ready) < len(numbers) and asyncio.get_running_loop().time() < give_up_s:
            read = await self.positions.positions(list(written))
            ready = {one for one in numbers if caught_up(read, written, one, self.margin)}
            if len(ready) < len(numbers):
                await pause(self.process, LOOK_AGAIN_S)
        return ready
