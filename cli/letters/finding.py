"""Dead letters as they are found on their topic."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from cli.letters.options import Window
from domain.redriving import Letter, RecordPosition, redrives
from runtime.kafka import ConsumerRecord, read
from runtime.reading import between, partitions_of, spans
from runtime.settings import KafkaSettings
from schemas.envelope import Undecodable
from schemas.events import LookDeadLettered
from schemas.failures import FailureCode
from schemas.topics import LOOK_DEAD_LETTER


@dataclass(frozen=True, slots=True)
class Choice:
    """Which dead letters."""

    request: str | None
    reason: FailureCode | None
    tenant: str | None
    window: Window

    @property
    def everything(self) -> bool:
        """Whether nothing was selected."""
        return (self.request, self.reason, self.tenant, self.window) == (
            None,
            None,
            None,
            Window(None, None),
        )

    def takes(self, event: LookDeadLettered) -> bool:
        """Whether a letter is meant."""
        return (
            self.request in (None, event.request_id)
            and self.reason in (None, event.reason.code)
            and self.tenant in (None, event.tenant_id)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A dead letter that was read."""

    letter: Letter
    event: LookDeadLettered


async def records(kafka: KafkaSettings, choice: Choice) -> AsyncGenerator[ConsumerRecord, None]:
    """The chosen dead letters as records, in order per partition. One that can't be read is in
    quarantine.
    """
    there = await spans(
        kafka, partitions_of([LOOK_DEAD_LETTER]), choice.window.since, choice.window.until
    )
    async with aclosing(between(kafka, there)) as everything:
        async for record in everything:
            found = found_in(record)
            if found is not None and choice.takes(found.event):
                yield record


def found_in(record: ConsumerRecord, handled: int | None = None) -> Found | None:
    """The letter in a record; None when it can't be read. `handled`: the next offset that its
    consumer will read.
    """
    work = read(record)
    if isinstance(work, Undecodable) or not isinstance(work.decoded.event, LookDeadLettered):
        return None
    event = work.decoded.event
    letter = Letter(
        place=RecordPosition(work.topic, work.partition, work.offset),
        request_id=event.request_id,
        tenant_id=event.tenant_id,
        code=event.reason.code,
        redrives=redrives(work.decoded.meta.extra),
        handled_past=handled is not None and handled > work.offset,
    )
    return Found(letter, event)
