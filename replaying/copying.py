"""To another topic: as they were, with a header that says where each record came from."""

from collections.abc import Mapping
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from replaying.errors import BadSelection, ReplayFailed
from replaying.history import Progress
from replaying.kafka import asking, partitions
from replaying.records import Replayed
from replaying.sinks import RecordSink
from runtime.connection import for_confluent
from runtime.settings import KafkaSettings
from schemas.namespace import belongs_to_pipeline

REPLAYED_FROM: Final = "looks-replayed-from"
FLUSH_WITHIN_S: Final = 60.0
BY_KEY: Final = -1
"""librdkafka's word for: the partitioner decides."""


def refuse_live(target: str, sources: tuple[str, ...], *, i_know: bool) -> None:
    """Raises BadSelection when the target is a source, or the pipeline's own and nobody knows."""
    if target in sources:
        raise BadSelection(f"{target} would be copied into itself without end")
    if belongs_to_pipeline(target) and not i_know:
        raise BadSelection(
            f"{target} is a live topic: the pipeline would act on every record again. Make another "
            "topic for the copy, or say --i-know"
        )


class TopicSink(RecordSink):
    """Idempotent, acknowledged by all. A run that is repeated copies again."""

    as_written = True

    def __init__(self, settings: KafkaSettings, target: str) -> None:
        """The target must exist. Raises BadSelection, ReplayFailed."""
        self._target, self._numbers = settings.names.topic(target), settings.names.numbers
        with asking(settings) as kafka:
            if len(partitions(kafka, [target])) != self._numbers:
                self._numbers = 0
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                **for_confluent(settings),
                "acks": "all",
                "enable.idempotence": True,
                "compression.type": "zstd",
                "linger.ms": 20,
                "partitioner": "murmur2_random",
                "queue.buffering.max.kbytes": 32 * 1024,
                "message.max.bytes": 64 * 1024 * 1024,
                "log_level": 0,
            }
        )

    def put(self, record: Replayed) -> None:
        """Waits while the queue is full. Raises ReplayFailed when an earlier one was refused."""
        origin = f"{record.topic}/{record.partition}/{record.offset}".encode()
        headers = [pair for pair in record.headers if pair[0] != REPLAYED_FROM]
        partition = record.partition if record.partition < self._numbers else BY_KEY
        while True:
            try:
                self._producer.produce(
                    self._target,
                    record.value,
                    record.key,
                    headers=[*headers, (REPLAYED_FROM, origin)],
                    on_delivery=self._delivered,
                    partition=partition,
                )
                break
            except BufferError:
                self._producer.poll(0.2)
        self._producer.poll(0)
        self._raise()

    def commit(self, reached: Mapping[str, Progress]) -> None:
        self._flush()

    def close(self, *, complete: bool) -> None:
        self._flush()

    def _flush(self) -> None:
        """Wait until everything is acknowledged. Raises ReplayFailed."""
        left = self._producer.flush(FLUSH_WITHIN_S)
        self._raise()
        if left:
            raise ReplayFailed(f"{left} records were not acknowledged within {FLUSH_WITHIN_S:g} s")

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        self._failed = self._failed or error

    def _raise(self) -> None:
        if self._failed is not None:
            raise ReplayFailed(f"{self._target}: {self._failed}")
