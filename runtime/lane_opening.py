"""Taking a partition number over: fence its owner before, read its recent past, go to where the
group committed.

Each number by itself: a transaction that somebody left open on one of its partitions holds up no
other.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from typing import Any

from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerFenced

from domain.history import PartitionHistory
from runtime import faults, logs
from runtime.deciding import LanePorts
from runtime.declaration import LaneHandler
from runtime.kafka import AIOKafkaConsumer, TopicPartition, new_producer, stop_client, unbroken
from runtime.lane import Lane
from runtime.open_transactions import open_transactions
from runtime.reading import PartitionSpans, Stalled, newest_written
from runtime.records import Work
from runtime.restore import first_unread, horizon, recent
from runtime.settings import KafkaSettings

log = logs.get(__name__)

PATIENCE_S = (10.0, 30.0, 60.0)
"""Without any progress in a number's history, before what is in the way is named; then it is read
from its beginning again.
"""


class LaneOpener:
    """Of one session. `ports`: what the lane of a number is given."""

    def __init__(
        self,
        settings: KafkaSettings,
        handler: LaneHandler[Any],
        clock: Callable[[], datetime],
        ports: Callable[[int], LanePorts],
    ) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._handler = handler
        self._declared = handler.declaration
        self._clock = clock
        self._ports = ports

    async def open(
        self, consumer: AIOKafkaConsumer, number: int, partitions: Sequence[TopicPartition]
    ) -> Lane:
        """The lane of a partition number, all topics of which must be in `partitions`. Raises what
        went wrong.

        Waits as long as a transaction is open in what it must have read.
        """
        transactional_id = f"{self._declared.group}.{number}"
        producer = new_producer(self._settings, transactional_id, transactional_id=transactional_id)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(stop_client, producer)
            # Fences whoever owned this number before; what they had committed is final from here
            # on.
            await unbroken(producer.start())
            await faults.at(self._declared.name, faults.FaultPoint.AFTER_FENCE)
            positions = {partition: await _rewind(consumer, partition) for partition in partitions}
            ends = (
                await unbroken(consumer.end_offsets(list(partitions)))
                if self._declared.history_of_unread
                else {}
            )
            unread = {partition: (positions[partition], end) for partition, end in ends.items()}
            history = await self._restore(number, unread)
            log.info("lane open", partition=number, remembered=len(history))
            undo.pop_all()
            return Lane(number, producer, history, self._ports(number))

    async def _restore(self, number: int, unread: PartitionSpans) -> PartitionHistory:
        tries = 0
        while True:
            history = PartitionHistory()
            patience_s = PATIENCE_S[min(tries, len(PATIENCE_S) - 1)]
            try:
                if self._declared.history_of_unread:
                    since = await first_unread(self._settings, unread)
                else:
                    since = await self._horizon(number)
                if since is not None:
                    await self._read(number, history, since, patience_s)
                return history
            except Stalled as stalled:
                await self._name(number, stalled)
                tries += 1

    async def _horizon(self, number: int) -> datetime:
        """By our clock, but no later than the newest record allows: one that is fast must not hide
        what was decided (DESIGN 3.5, 3.8).
        """
        partitions = [TopicPartition(topic.name, number) for topic in self._declared.history]
        newest = await newest_written(self._settings, partitions)
        now = self._clock() if newest is None else min(self._clock(), newest)
        return horizon(now, self._declared.history_window_s)

    async def _read(
        self, number: int, history: PartitionHistory, since: datetime, patience_s: float
    ) -> None:
        window = timedelta(seconds=self._declared.history_window_s)

        def take(work: Work) -> None:
            self._handler.remember(history, work, work.written_at + window)

        partitions = [TopicPartition(topic.name, number) for topic in self._declared.history]
        await recent(self._settings, partitions, since, take, patience_s=patience_s)

    async def _name(self, number: int, stalled: Stalled) -> None:
        try:
            found = await open_transactions(self._settings, stalled.behind)
        except (KafkaError, TimeoutError, OSError) as error:
            log.warning(
                "open transactions could not be asked for",
                error=f"{type(error).__name__}: {error}"[:300],
            )
            found = []
        for one in found:
            log.error(
                "an open transaction holds a lane up: `looks topics transactions` says what to do",
                partition=number,
                topic=one.topic,
                first_offset=one.first_offset,
                producer_id=one.producer_id,
                producer_epoch=one.producer_epoch,
                transactional_id=one.transactional_id,
                idle_s=round(one.idle_s, 1),
                error=str(stalled),
            )
        if not found:
            log.warning(
                "a lane waits for the end of its history", partition=number, error=str(stalled)
            )


async def _rewind(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """To where the group committed, read after the fence; returns the place."""
    committed = await consumer.committed(partition)
    if committed is not None:
        consumer.seek(partition, committed)
        return int(committed)
    await consumer.seek_to_beginning(partition)
    return 0


def is_slowness(error: BaseException) -> bool:
    """Whether an error says that the broker did not answer in time, and nothing else. Being fenced
    says that we lost.
    """
    if isinstance(error, KafkaError):
        return isinstance(error, KafkaTimeoutError) or (
            bool(error.retriable) and not isinstance(error, ProducerFenced)
        )
    return isinstance(error, TimeoutError)


async def to_the_end(closing: Coroutine[None, None, None]) -> None:
    """Wait for it; when cancelled, wait for it all the same."""
    task = asyncio.ensure_future(closing)
    try:
        await asyncio.shield(task)
    finally:
        await asyncio.wait({task})
