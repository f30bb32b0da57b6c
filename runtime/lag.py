"""How far a consumer is behind, as a metric: one question to Kafka a second."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.kafka import AIOKafkaConsumer, TopicPartition

EVERY_S = 1.0


async def watch_lag(
    name: str, consumer: AIOKafkaConsumer, owned: Callable[[], Iterable[TopicPartition]], *, every_s: float = EVERY_S
) -> None:
    """Keep `looks_consumer_lag_records` current until cancelled; then, and for partitions given away, it says nothing.

    The ends are asked for, not taken from the last fetch: a consumer that holds back fetches nothing, and is behind most.
    """
    shown: set[TopicPartition] = set()
    try:
        while True:
            with contextlib.suppress(KafkaError):
                lags = await _lags(consumer, set(owned()))
                _show(name, lags, shown)
                shown = set(lags)
            await asyncio.sleep(every_s)
    finally:
        _show(name, {}, shown)


async def _lags(consumer: AIOKafkaConsumer, partitions: set[TopicPartition]) -> dict[TopicPartition, int]:
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
