"""How far a consumer is behind, and how far an open transaction holds it back, as metrics: one
question to Kafka a second.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.kafka import AIOKafkaConsumer, TopicPartition

EVERY_S = 1.0


async def watch_lag(
    name: str,
    consumer: AIOKafkaConsumer,
    owned: Callable[[], Iterable[TopicPartition]],
    *,
    every_s: float = EVERY_S,
) -> None:
    """Keep `looks_consumer_lag_records` current until cancelled; then, and for partitions given
    away, it says nothing.

    The ends are asked for, not taken from the last fetch: a consumer that holds back fetches
    nothing, and is behind most.
    """
    shown: set[TopicPartition] = set()
    held = HeldBack(name)
    try:
        while True:
            with contextlib.suppress(KafkaError):
                lags = await _lags(consumer, set(owned()))
                _show(name, lags, shown)
                shown = set(lags)
            held.look(consumer, shown & consumer.assignment())
            await asyncio.sleep(every_s)
    finally:
        _show(name, {}, shown)
        held.look(consumer, set())


async def _lags(
    consumer: AIOKafkaConsumer, partitions: set[TopicPartition]
) -> dict[TopicPartition, int]:
    if not partitions:
        return {}
    ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
    still = partitions & consumer.assignment()
    return {tp: max(0, ends[tp] - await consumer.position(tp)) for tp in still}


def _show(name: str, lags: dict[TopicPartition, int], shown: set[TopicPartition]) -> None:
    for tp in shown - set(lags):
        metrics.LAG_RECORDS.remove(name, tp.topic, str(tp.partition))
    for tp, lag in lags.items():
        metrics.LAG_RECORDS.labels(name, tp.topic, str(tp.partition)).set(lag)


class HeldBack:
    """Where a partition's last stable offset stands before its end, as its fetches said; a paused
    one tells nothing new.
    """

    def __init__(self, name: str) -> None:
        """Nothing seen. `name`: the consumer's."""
        self._name = name
        self._stands: dict[
            TopicPartition, tuple[int, int]
        ] = {}  # the offset, and the fetch that said so first, ms
        self._shown: set[TopicPartition] = set()

    def look(self, consumer: AIOKafkaConsumer, partitions: set[TopicPartition]) -> None:
        """Show these partitions, and those shown before no more."""
        for tp in self._shown - partitions:
            metrics.OPEN_TRANSACTION_RECORDS.remove(self._name, tp.topic, str(tp.partition))
            metrics.OPEN_TRANSACTION_SECONDS.remove(self._name, tp.topic, str(tp.partition))
            self._stands.pop(tp, None)
        self._shown = {*partitions}
        for tp in partitions:
            records, seconds = self._held(tp, consumer)
            metrics.OPEN_TRANSACTION_RECORDS.labels(self._name, tp.topic, str(tp.partition)).set(
                records
            )
            metrics.OPEN_TRANSACTION_SECONDS.labels(self._name, tp.topic, str(tp.partition)).set(
                seconds
            )

    def _held(self, tp: TopicPartition, consumer: AIOKafkaConsumer) -> tuple[int, float]:
        end, stable, fetched_ms = (
            consumer.highwater(tp),
            consumer.last_stable_offset(tp),
            consumer.last_poll_timestamp(tp),
        )
        if end is None or stable is None or fetched_ms is None or not 0 <= stable < end:
            self._stands.pop(tp, None)
            return 0, 0.0
        known = self._stands.get(tp)
        if known is None or known[0] != stable:
            known = self._stands[tp] = (stable, fetched_ms)
        return end - stable, (fetched_ms - known[1]) / 1000
