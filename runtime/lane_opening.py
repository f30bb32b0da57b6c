"""Taking partition numbers over: fence their owner before, read their recent past, go to where the group committed."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta

from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerFenced

from domain.history import PartitionHistory
from runtime import faults, logs
from runtime.deciding import LanePorts
from runtime.declaration import LaneHandler
from runtime.kafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition, new_producer, stop_client
from runtime.lane import Lane
from runtime.records import Work
from runtime.restore import horizon, recent
from runtime.settings import KafkaSettings

log = logs.get(__name__)


class LaneOpener:
    """Of one session. `ports`: what the lane of a number is given."""

    def __init__(
        self, settings: KafkaSettings, handler: LaneHandler, clock: Callable[[], datetime], ports: Callable[[int], LanePorts]
    ) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._handler = handler
        self._declared = handler.declaration
        self._clock = clock
        self._ports = ports

    async def open(self, consumer: AIOKafkaConsumer, assigned: Sequence[TopicPartition]) -> dict[int, Lane]:
        """A lane for each partition number in `assigned`, all topics of which must be there. Raises what went wrong."""
        numbers = sorted({partition.partition for partition in assigned})
        producers: dict[int, AIOKafkaProducer] = {}
        try:
            for number in numbers:
                transactional_id = f"{self._declared.group}.{number}"
                producers[number] = new_producer(self._settings, transactional_id, transactional_id=transactional_id)
            # Fences whoever owned these numbers before; what they had committed is final from here on.
            await asyncio.gather(*(producer.start() for producer in producers.values()))
            await faults.at(self._declared.name, faults.Point.AFTER_FENCE)
            histories = await self._restore(numbers)
            for partition in assigned:
                await _rewind(consumer, partition)
            log.info("lanes open", partitions=numbers, remembered=sum(len(history) for history in histories.values()))
            return {number: Lane(number, producers.pop(number), histories[number], self._ports(number)) for number in numbers}
        finally:
            for producer in producers.values():
                await stop_client(producer)

    async def _restore(self, numbers: list[int]) -> dict[int, PartitionHistory]:
        histories = {number: PartitionHistory() for number in numbers}
        window = timedelta(seconds=self._declared.history_window_s)

        def take(work: Work) -> None:
            self._handler.remember(histories[work.partition], work, work.written_at + window)

        since = horizon(self._clock(), self._declared.history_window_s)
        await recent(self._settings, self._declared.history, numbers, since, take)
        return histories


async def _rewind(consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
    """To where the group committed, read after the fence."""
    committed = await consumer.committed(partition)
    if committed is None:
        await consumer.seek_to_beginning(partition)
    else:
        consumer.seek(partition, committed)


def is_slowness(error: BaseException) -> bool:
    """Whether an error says that the broker did not answer in time, and nothing else. Being fenced says that we lost."""
    if isinstance(error, KafkaError):
        return isinstance(error, KafkaTimeoutError) or (bool(error.retriable) and not isinstance(error, ProducerFenced))
    return isinstance(error, TimeoutError)


async def to_the_end(closing: Coroutine[None, None, None]) -> None:
    """Wait for it; when cancelled, wait for it all the same."""
    task = asyncio.ensure_future(closing)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})
