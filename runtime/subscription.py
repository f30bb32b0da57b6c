"""How our consumers subscribe: declared with FastStream, read raw, committed by us."""

from aiokafka import ConsumerRebalanceListener
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from runtime.connection import for_faststream
from runtime.copartitions import NumberAssignor
from runtime.declaration import Declaration
from runtime.kafka import METADATA_MAX_AGE_MS, AIOKafkaConsumer
from runtime.settings import KafkaSettings

HEARTBEATS = 5
"""In one session timeout: so many may be late on a busy machine before the group takes a member for
dead.
"""


class Subscription:
    """A consumer's connection and its group membership, as long as a session lasts.

    A partition number of all topics is given to one member: what concerns a key has one owner.
    """

    def __init__(
        self, settings: KafkaSettings, declared: Declaration, listener: ConsumerRebalanceListener
    ) -> None:
        """Connect to nothing yet."""
        addresses = settings.bootstrap.split(",")  # a string would be taken for one address
        self._broker = KafkaBroker(
            addresses,
            security=for_faststream(settings),
            logger=None,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )
        self._subscriber = self._broker.subscriber(
            *(topic.name for topic in declared.topics),
            batch=True,
            group_id=declared.group,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            partition_assignment_strategy=[NumberAssignor],
            session_timeout_ms=int(settings.session_timeout_s * 1000),
            heartbeat_interval_ms=int(settings.session_timeout_s * 1000 / HEARTBEATS),
            listener=listener,
        )

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The consumer inside; there from its start on, and so in the first rebalance."""
        consumer = self._subscriber.consumer
        if consumer is None:
            raise RuntimeError("the session has not begun or is over")
        return consumer

    async def start(self) -> None:
        """Connect and join the group."""
        await self._broker.start()

    async def stop(self) -> None:
        """Leave the group and disconnect."""
        await self._broker.stop()
