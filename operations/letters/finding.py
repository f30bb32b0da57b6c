"""Finding records of a kind, listing the newest of them, choosing some."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from operations.letters.choice import Choice
from operations.letters.desk import Desk
from operations.letters.records import OPEN
from runtime.kafka import ConsumerRecord
from runtime.reading import between, partitions_of, spans
from runtime.settings import KafkaSettings
from schemas.topics import Topic

T = TypeVar("T")

AT_ONCE = 500
"""Records whose marks and standings are asked for together."""


class Kind(Protocol[T]):
    """One kind of records that operators deal with."""

    @property
    def topic(self) -> Topic:
        """Where they are."""

    def read(self, record: ConsumerRecord) -> T | None:
        """The record as this kind; None when it can't be read."""

    def takes(self, choice: Choice, one: T, record: ConsumerRecord) -> bool:
        """Whether it is meant, whenever it was appended."""

    async def states(self, at: Desk, found: Sequence[T]) -> Sequence[str]:
        """What became of each, in a word."""

    def fields(self, one: T, record: ConsumerRecord, state: str) -> dict[str, object]:
        """For programs."""


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One record of a list."""

    one: T
    record: ConsumerRecord
    state: str


async def find(
    kafka: KafkaSettings, kind: Kind[T], choice: Choice
) -> AsyncGenerator[tuple[T, ConsumerRecord], None]:
    """The chosen ones, each with its record whole, in order per partition."""
    window = choice.window
    partitions = await partitions_of(kafka, [kind.topic])
    there = await spans(kafka, partitions, window.since, window.until)
    async with aclosing(between(kafka, there)) as everything:
        async for record in everything:
            one = kind.read(record)
            if one is not None and kind.takes(choice, one, record):
                yield one, record


async def newest(
    at: Desk, kind: Kind[T], choice: Choice, limit: int, *, unsettled: bool
) -> list[Listed[T]]:
    """The last `limit` that were read. `unsettled`: only those that no operator has dealt with."""
    kept: deque[Listed[T]] = deque(maxlen=limit)
    async with aclosing(find(at.kafka, kind, choice)) as chosen:
        async for batch in batches(chosen):
            states = await kind.states(at, [one for one, _ in batch])
            kept.extend(
                Listed(one, record, state)
                for (one, record), state in zip(batch, states, strict=True)
                if state == OPEN or not unsettled
            )
    return list(kept)


async def choose(
    found: AsyncGenerator[tuple[T, ConsumerRecord], None], limit: int, key: Callable[[T], Hashable]
) -> tuple[list[T], int]:
    """The first `limit` of what was found, of each key only the last one; and how many were left
    out. Records are let go: they may be large.
    """
    chosen: dict[Hashable, T] = {}
    left = 0
    async with aclosing(found) as everything:
        async for one, _ in everything:
            if key(one) in chosen or len(chosen) < limit:
                chosen[key(one)] = one
            else:
                left += 1
    return list(chosen.values()), left


async def batches(chosen: AsyncIterator[T]) -> AsyncGenerator[list[T], None]:
    """What is read, in lists of up to AT_ONCE."""
    batch: list[T] = []
    async for one in chosen:
        batch.append(one)
        if len(batch) == AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
