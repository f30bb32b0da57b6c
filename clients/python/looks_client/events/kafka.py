"""Reading the topics with aiokafka, by the settings that lose and repeat nothing: `pip install
"looks-client[kafka]"`.
"""

from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord


class Subscription:
    """One member of a consumer group."""

    def __init__(
        self, *topics: str, bootstrap_servers: str, group_id: str, **settings: Any
    ) -> None:
        """`settings`: others of AIOKafkaConsumer, such as security. A new group begins with the
        oldest record.
        """
        self._consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=bootstrap_servers,
            group_id=group_id,
            **{
                **settings,
                "isolation_level": "read_committed",
                "enable_auto_commit": False,
                "auto_offset_reset": settings.get("auto_offset_reset", "earliest"),
            },
        )

    async def __aenter__(self) -> Self:
        """Join the group."""
        await self._consumer.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Leave it; what was not committed comes again."""
        await self._consumer.stop()

    async def batches(
        self, *, max_records: int = 500, timeout_s: float = 1.0
    ) -> AsyncIterator[Sequence[ConsumerRecord]]:
        """Records, in order within a partition. A batch is committed when the next one is asked
        for: after the loop's body has run, and never where it raised. An empty one says that
        nothing came within `timeout_s`.
        """
        while True:
            found = await self._consumer.getmany(
                timeout_ms=int(timeout_s * 1000), max_records=max_records
            )
            yield [record for records in found.values() for record in records]
            if found:
                await self._consumer.commit()
