"""What `looks dlq` and `looks dlq quarantine` do alike: find records, list them, choose some of
them, act.
"""

import json
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

import typer

from cli.letters.acting import ActedOn, Desk, Orders, RedrivePlan, act, desk
from cli.letters.options import Choice
from cli.letters.running import batches, finish, guarded
from domain.redriving import Mark
from runtime.kafka import ConsumerRecord
from runtime.reading import between, partitions_of, spans
from runtime.settings import KafkaSettings
from schemas.topics import Topic

T = TypeVar("T")


class Kind(Protocol[T]):
    """One kind of records that operators deal with."""

    @property
    def topic(self) -> Topic:
        """Where they are."""

    @property
    def nothing(self) -> str:
        """What is said when there is none."""

    def read(self, record: ConsumerRecord) -> T | None:
        """The record as this kind; None when it can't be read."""

    def takes(self, choice: Choice, one: T, record: ConsumerRecord) -> bool:
        """Whether it is meant, whenever it was appended."""

    async def states(self, at: Desk, found: Sequence[T]) -> Sequence[str]:
        """What became of each, in a word."""

    def line(self, one: T, record: ConsumerRecord, state: str) -> str:
        """For people."""

    def fields(self, one: T, record: ConsumerRecord, state: str) -> dict[str, object]:
        """For programs."""


def state_of(mark: Mark | None) -> str:
    """What an operator did, in a word."""
    return "open" if mark is None else mark.state


async def find(
    kafka: KafkaSettings, kind: Kind[T], choice: Choice
) -> AsyncGenerator[tuple[T, ConsumerRecord], None]:
    """The chosen ones, each with its record whole, in order per partition."""
    window = choice.window
    there = await spans(kafka, partitions_of(kafka.names, [kind.topic]), window.since, window.until)
    async with aclosing(between(kafka, there)) as everything:
        async for record in everything:
            one = kind.read(record)
            if one is not None and kind.takes(choice, one, record):
                yield one, record


@dataclass(frozen=True, slots=True)
class Listing:
    """How to list."""

    limit: int
    unsettled: bool
    as_json: bool


def say_list(kind: Kind[T], choice: Choice, listing: Listing) -> None:
    """List the newest."""

    async def work() -> list[str]:
        lines: deque[str] = deque(maxlen=listing.limit)
        async with desk() as at, aclosing(find(at.kafka, kind, choice)) as chosen:
            async for batch in batches(chosen):
                states = await kind.states(at, [one for one, _ in batch])
                lines.extend(
                    json.dumps(kind.fields(one, record, state))
                    if listing.as_json
                    else kind.line(one, record, state)
                    for (one, record), state in zip(batch, states, strict=True)
                    if state == state_of(None) or not listing.unsettled
                )
        return list(lines)

    lines = guarded(work)
    if lines or not listing.as_json:
        typer.echo("\n".join(lines) or kind.nothing)


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


def act_on(orders: Orders, plan: Callable[[Desk], Awaitable[RedrivePlan]]) -> None:
    """Say the plan or carry it out, and say what came of it."""

    async def work() -> ActedOn:
        async with desk() as at:
            return await act(at, orders, lambda: plan(at))

    done = guarded(work)
    finish(done.came_to, done.left)
