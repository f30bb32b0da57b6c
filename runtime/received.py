"""A batch as FastStream passes it to a handler: our own reading of each record in place of its
parser, which raises on a header that is not text and so would lose the batch.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from faststream.kafka.message import FAKE_CONSUMER, KafkaMessage
from faststream.message import StreamMessage

from runtime.kafka import ConsumerRecord, read
from runtime.named_clients import renamed
from runtime.records import Work
from schemas.envelope import Undecodable
from schemas.namespace import Namespace

Reading = tuple[ConsumerRecord, Work | Undecodable]


def reading(record: ConsumerRecord) -> Reading:
    """A record, and what could be read of it."""
    return record, read(record)


class Received(KafkaMessage):
    """Every record of a batch, each with the work in it or why it can't be read.

    Its `ack` moves nothing: FastStream's would commit the consumer's position, whatever is done.
    """

    def __init__(self, records: Sequence[ConsumerRecord]) -> None:
        """Never raises on a bad record."""
        super().__init__(
            raw_message=tuple(records),
            body=[record.value or b"" for record in records],
            consumer=FAKE_CONSUMER,
        )
        self.readings = [reading(record) for record in records]
        self.works = [work for _, work in self.readings if isinstance(work, Work)]


def receiver(
    names: Namespace,
) -> Callable[[Sequence[ConsumerRecord]], Awaitable[Received]]:
    """FastStream's parser: from here on, records have the declared names of their topics."""

    async def received(records: Sequence[ConsumerRecord]) -> Received:
        renamed(names, records)
        return Received(records)

    return received


async def works(message: StreamMessage[Any]) -> list[Work]:
    """FastStream's decoder: what could be read, in the order of reading."""
    if not isinstance(message, Received):
        raise TypeError(f"{type(message).__name__} was not parsed by us")
    return message.works


async def readings(message: StreamMessage[Any]) -> list[Reading]:
    """The same for a handler that takes records: every one, with what it came from."""
    if not isinstance(message, Received):
        raise TypeError(f"{type(message).__name__} was not parsed by us")
    return message.readings
