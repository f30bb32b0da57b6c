"""How far a consumer is behind, and how far an open transaction holds it back, as metrics."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping

from aiokafka.errors import KafkaError

from runtime import metrics
from runtime.kafka import AIOKafkaConsumer, TopicPartition

EVERY_S = 1.0
FETCHED_WITHIN_S = 3.0
"""What a fetch said so long ago still counts: longer than an idle one waits
(`runtime.broker.IDLE_FETCH_WAIT_MS`), so an idle consumer asks nothing.
"""


async def watch_lag(
    name: str,
    consumer: AIOKafkaConsumer,
    owned: Callable[[], Iterable[TopicPartition]],
    *,
    every_s: float = EVERY_S,
) -> None:
    """Keep `looks_consumer_lag_records` current until cancelled; then, and for partitions given
    away, it says nothing.

    The ends are those of the last fetch, which costs nothing. Where it is too long ago they are
    asked for: a consumer that holds back fetches nothing, and is behind most.
    """
    shown: dict[TopicPartition, int] = {}
    held = HeldBack(name)
    try:
        while True:
            with contextlib.suppress(KafkaError):
                lags = await _lags(consumer, set(owned()))
                _show(name, lags, shown)
                shown = lags
            held.look(consumer, shown.keys() & consumer.assignment())
            await asyncio.sleep(every_s)
    finally:
        _show(name, {}, shown)
        held.look(consumer, set())


async def _lags(
    consumer: AIOKafkaConsumer, partitions: set[TopicPartition]
) -> dict[TopicPartition, int]:
    ends = _fetched(consumer, partitions & consumer.assignment())
    if unknown := partitions - ends.keys():
        ends |= await consumer.end_offsets(list(unknown))
    still = partitions & consumer.assignment()
    return {tp: max(0, ends[tp] - await consumer.position(tp)) for tp in still}


def _fetched(
    consumer: AIOKafkaConsumer, partitions: set[TopicPartition]
) -> dict[TopicPartition, int]:
    """The ends of partitions that were fetched of late: how far could be read."""
    since_ms = (time.time() - FETCHED_WITHIN_S) * 1000
    ends: dict[TopicPartition, int] = {}
    for tp in partitions:
        fetched_ms, stable = consumer.last_poll_timestamp(tp), consumer.last_stable_offset(tp)
        if fetched_ms is not None and fetched_ms >= since_ms and stable is not None and stable >= 0:
            ends[tp] = stable
    return ends


def _show(name: str, lags: dict[TopicPartition, int], shown: Mapping[TopicPartition, int]) -> None:
    for tp in shown.keys() - lags.keys():
        metrics.LAG_RECORDS.remove(name, tp.topic, str(tp.partition))
    for tp, lag in lags.items() - shown.items():
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
        self._shown: dict[TopicPartition, tuple[int, float]] = {}

    def look(self, consumer: AIOKafkaConsumer, partitions: set[TopicPartition]) -> None:
        """Show these partitions, and those shown before no more."""
        for tp in self._shown.keys() - partitions:
            metrics.OPEN_TRANSACTION_RECORDS.remove(self._name, tp.topic, str(tp.partition))
            metrics.OPEN_TRANSACTION_SECONDS.remove(self._name, tp.topic, str(tp.partition))
            self._stands.pop(tp, None)
        held = {tp: self._held(tp, consumer) for tp in partitions}
        for tp, (records, seconds) in held.items() - self._shown.items():
            metrics.OPEN_TRANSACTION_RECORDS.labels(self._name, tp.topic, str(tp.partition)).set(
                records
            )
            metrics.OPEN_TRANSACTION_SECONDS.labels(self._name, tp.topic, str(tp.partition)).set(
                seconds
            )
        self._shown = held

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
