"""How our consumers connect and subscribe with FastStream: a batch of raw records at a time, and no
offset moved by it.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import inf

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.types import LoggerProto

from runtime.connection import for_faststream, token_provider
from runtime.copartitions import NumberAssignor
from runtime.declaration import Declaration
from runtime.kafka import METADATA_MAX_AGE_MS, ConsumerRecord, TopicPartition
from runtime.received import receiver, works
from runtime.settings import KafkaSettings

HEARTBEATS = 5
"""In one session timeout: so many may be late on a busy machine before the group takes a member for
dead.
"""
PAUSE_MS = 1
"""FastStream sleeps for so long after a poll that gave nothing."""
POLL_S = 1.0
"""A poll waits for so long, and ends with the first record."""
FETCH_WAIT_MS = 500
"""A fetch waits for so long at the ends of its partitions, and ends with the first record."""
IDLE_FETCH_WAIT_MS = 2_000
"""The same while nothing comes: each fetch costs the same CPU, here and in Kafka. A record does not
wait for it; what does is a partition that is not among those fetched, as after a rebalance, since a
member has one fetch at a time.
"""
IDLE_AFTER_S = 5.0
"""Nothing came for so long."""


class Heard(LoggerProto):
    """Given to FastStream as its logger: an error that it would log and pass over ends the session.

    So do errors of Kafka in its poll and exceptions in its own loop, which no middleware sees.
    """

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        """`failed`: is told of each error."""
        self._failed = failed

    def log(
        self,
        level: int,
        msg: object,
        /,
        *,
        exc_info: object = None,
        extra: Mapping[str, object] | None = None,
    ) -> None:
        """Pass errors on; the rest is silence: our own log has it."""
        if level >= logging.ERROR and isinstance(exc_info, Exception):
            self._failed(exc_info)


class PatientConsumer(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka has no types
    """Polls longer than it is told to.

    FastStream sleeps as long as it polled in vain. With its one number for both, a record that
    comes to an idle consumer waits for the end of the sleep, or an idle consumer polls all the
    time. Its fetches wait longer while nothing comes, and nothing is paused that may be resumed.
    """

    _busy_s = -inf  # when records came last, or its share changed, or some of it was paused
    _share: frozenset[TopicPartition] = frozenset()

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[ConsumerRecord]]:
        """The same, waiting for `POLL_S`."""
        found: dict[TopicPartition, list[ConsumerRecord]] = await super().getmany(
            *partitions, timeout_ms=max(timeout_ms, int(POLL_S * 1000)), max_records=max_records
        )
        now_s = time.monotonic()
        before, self._share = self._share, frozenset(self.assignment())
        if found or self.paused() or before != self._share:
            self._busy_s = now_s
        idle = now_s - self._busy_s > IDLE_AFTER_S
        self._fetcher._fetch_max_wait_ms = IDLE_FETCH_WAIT_MS if idle else FETCH_WAIT_MS
        return found


async def make_patient(broker: KafkaBroker) -> None:
    """Connect, and have the broker's subscribers read with consumers that wait for records."""
    builder = await broker.connect()
    if isinstance(builder, partial):  # as FastStream's, and not its test broker's
        broker.config.broker_config.builder = partial(PatientConsumer, **builder.keywords)


def new_broker(
    settings: KafkaSettings, middlewares: Sequence[object], logger: LoggerProto
) -> KafkaBroker:
    """A broker, not connected. It makes neither a producer nor topics: those are ours."""
    return KafkaBroker(
        settings.bootstrap.split(","),  # a string would be taken for one address
        security=for_faststream(settings),
        sasl_oauth_token_provider=token_provider(settings),
        logger=logger,
        metadata_max_age_ms=METADATA_MAX_AGE_MS,
        consumer_only=True,
        serializer=None,  # a batch is typed by our own decoder; nothing is validated twice
        allow_auto_create_topics=False,
        middlewares=middlewares,  # type: ignore[arg-type]  # its protocol names no type of ours
    )


def subscribe(
    broker: KafkaBroker,
    settings: KafkaSettings,
    declared: Declaration,
    listener: ConsumerRebalanceListener,
) -> BatchSubscriber:
    """A consumer's subscription: its handler is given what `runtime.received` makes of a batch.

    A partition number of all topics is given to one member: what concerns a key has one owner.
    """
    return broker.subscriber(
        *(settings.names.topic(topic.name) for topic in declared.topics),
        batch=True,
        batch_timeout_ms=PAUSE_MS,
        max_records=declared.poll_records,
        group_id=settings.names.group(declared.group),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        parser=receiver(settings.names),
        decoder=works,
        title=declared.name,
        description=declared.about,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        partition_assignment_strategy=[NumberAssignor],
        session_timeout_ms=int(settings.session_timeout_s * 1000),
        heartbeat_interval_ms=int(settings.session_timeout_s * 1000 / HEARTBEATS),
        fetch_max_wait_ms=FETCH_WAIT_MS,
        consumer_timeout_ms=int(POLL_S * 1000),
        listener=listener,
    )
