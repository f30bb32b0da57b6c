"""Positions that moved without a batch, and those that moved with one that is not applied yet."""

import asyncio
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

from aiokafka import TopicPartition

from consumers import credit_ledger
from runtime.batch_session import BatchSession
from runtime.declaration import Spans
from schemas.topics import CREDIT_REFUND

HERE = TopicPartition(CREDIT_REFUND.name, 0)


class Consumer:
    """At a position, which takes a moment to tell."""

    def __init__(self) -> None:
        self.at = 0
        self.committed: list[int] = []
        self.assigned = {HERE}

    def assignment(self) -> set[TopicPartition]:
        return self.assigned

    def paused(self) -> set[TopicPartition]:
        return set()

    async def position(self, _: TopicPartition) -> int:
        await asyncio.sleep(0)
        return self.at

    def pause(self, *_: TopicPartition) -> None:
        pass

    resume = pause

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        assert offsets.keys() <= self.assigned, "as aiokafka refuses"
        self.committed.append(offsets[HERE])


class Own:
    """Offsets of its own."""

    def __init__(self) -> None:
        self.moves: list[Spans] = []

    async def start(self, _: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        return {}

    async def moved(self, positions: Spans) -> None:
        self.moves.append(positions)


async def test_positions_of_a_batch_that_waits_to_be_applied_are_not_passed_over() -> None:
    application, consumer, own = credit_ledger.app(), Consumer(), Own()
    application.subscriber.consumer = consumer
    session = BatchSession(application, own, producer=SimpleNamespace(client=None))

    async def poll() -> None:
        """As FastStream's loop: between the poll and this nothing else runs."""
        consumer.at = 9
        await session.receive()

    consumer.at = 5
    await session.pass_over()
    assert (own.moves, consumer.committed) == ([{HERE: (5, 5)}], [5])
    for turns in range(4):  # the next batch is polled at each step of the look
        looking = asyncio.create_task(session.pass_over())
        for _ in range(turns):
            await asyncio.sleep(0)
        if looking.done():
            break
        polled = asyncio.create_task(poll())
        await asyncio.gather(looking, polled)
        assert consumer.committed == [5]
        session.received(None)
        consumer.at = 5
    await session.receive()
    waiting = asyncio.create_task(poll())
    await asyncio.sleep(0)
    session.received(None)  # the one before is done; another was polled
    await session.pass_over()
    await waiting
    assert consumer.committed == [5]
    session.received(None)
    await session.pass_over()
    assert (own.moves[1:], consumer.committed) == ([{HERE: (5, 9)}], [5, 9])


async def test_of_own_offsets_the_group_is_told_beside_batches_and_before_they_go() -> None:
    application, consumer, own = credit_ledger.app(), Consumer(), Own()
    application.subscriber.consumer = consumer
    session = BatchSession(application, own, producer=SimpleNamespace(client=None))
    for position in (5, 9):
        consumer.at = position
        await session.receive()
        await session._commit(await session._moved(()))
        session.received(None)
        assert consumer.committed == []
    await session.pass_over()
    assert consumer.committed == [9]
    consumer.at = 12
    await session._commit(await session._moved(()))
    await session.revoked({HERE})
    assert consumer.committed == [9, 12]
    await session.revoked({HERE})
    assert consumer.committed == [9, 12]


async def test_a_poll_whose_batch_is_dropped_because_the_session_drains_is_not_passed_over() -> (
    None
):
    application, consumer, own = credit_ledger.app(), Consumer(), Own()
    application.subscriber.consumer = consumer
    session = BatchSession(application, own, producer=SimpleNamespace(client=None))
    consumer.at = 5
    await session.pass_over()
    draining, looking = (
        asyncio.create_task(one) for one in (session._drain(), session.pass_over())
    )
    consumer.at = 9
    await asyncio.gather(draining, looking)
    assert (own.moves, consumer.committed) == ([{HERE: (5, 5)}], [5])


async def test_while_the_group_is_shared_anew_nothing_is_said_of_what_was_taken_away() -> None:
    application, consumer, own = credit_ledger.app(), Consumer(), Own()
    application.subscriber.consumer = consumer
    session = BatchSession(application, own, producer=SimpleNamespace(client=None))
    consumer.at = 5
    await session.pass_over()
    await session.revoked({HERE})
    consumer.at = 6
    await session.pass_over()  # until it has its new share, the consumer shows the old one
    assert (own.moves, consumer.committed) == ([{HERE: (5, 5)}], [5])
    await session.assigned({HERE})
    consumer.at = 9
    await session.pass_over()
    assert (own.moves[1:], consumer.committed) == ([{HERE: (9, 9)}], [5, 9])


async def test_what_a_late_batch_left_of_a_partition_that_is_anothers_holds_nothing_up() -> None:
    application, consumer, own = credit_ledger.app(), Consumer(), Own()
    application.subscriber.consumer = consumer
    session = BatchSession(application, own, producer=SimpleNamespace(client=None))
    there = TopicPartition(CREDIT_REFUND.name, 1)
    consumer.assigned = {HERE, there}
    consumer.at = 5
    await session.receive()
    late = await session._moved(())
    consumer.assigned = {HERE}
    await session._commit(late)
    session.received(None)
    await session.pass_over()
    assert consumer.committed == [5]
    consumer.assigned = set()
    consumer.at = 7
    await session._commit(late)
    await session.pass_over()
    assert consumer.committed == [5]
