"""How our consumers connect and subscribe with FastStream: a batch of raw records at a time, and no
offset moved by it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.subscriber.usecase import BatchSubscriber
from faststream.types import LoggerProto

from runtime.connection import for_faststream, token_provider
from runtime.copartitions import NumberAssignor
from runtime.declaration import Declaration
from runtime.kafka import METADATA_MAX_AGE_MS
from runtime.received import receiver, works
from runtime.settings import KafkaSettings

HEARTBEATS = 5
"""In one session timeout: so many may be late on a busy machine before the group takes a member for
dead.
"""
POLL_MS = 20
"""FastStream sleeps for so long after a poll of as long that gave nothing: a record that comes then
waits.
"""


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
        batch_timeout_ms=POLL_MS,
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
        listener=listener,
    )
