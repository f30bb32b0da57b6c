"""What happens to Kafka and Postgres themselves while everybody works: a group's offsets are
forgotten, records are deleted before they were read, a stranger leaves a transaction open or takes
an owner's transactional id, leaders move, a failover leaves a server that can only be read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
from confluent_kafka import ElectionType, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

WAIT_S = 15.0
EMPTY_POLL_S = 0.5
TRANSACTION_MS = 20_000
"""Kafka aborts a stranger's transaction by itself after this."""


class Outages:
    """Strikes the services of one cluster. What Kafka refuses is `False`: it did not strike."""

    def __init__(self, bootstrap: str, database_url: str) -> None:
        """Addresses that nobody breaks."""
        self._bootstrap = bootstrap
        self._database_url = database_url
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    async def forget_group(self, group: str, within_s: float) -> bool:
        """Delete a group with its offsets, once it is empty: whoever was in it stands still."""

        def delete() -> None:
            self._admin.delete_consumer_groups([group])[group].result()

        give_up_s = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < give_up_s:
            if await _done(delete):
                return True
            await asyncio.sleep(EMPTY_POLL_S)
        return False

    async def delete_records(self, topic: str) -> bool:
        """All that a topic has now, as retention or an operator would."""

        def delete() -> None:
            known = self._admin.list_topics(topic, timeout=WAIT_S).topics[topic].partitions
            places = [TopicPartition(topic, number, -1) for number in known]
            for answer in self._admin.delete_records(places).values():
                answer.result()

        return await _done(delete)

    async def elect(self) -> bool:
        """Every partition back to its preferred leader; False when all of them were there."""

        moved: list[bool] = []

        def elect() -> None:
            told = self._admin.elect_leaders(ElectionType.PREFERRED, None).result()
            moved.extend(error is None for error in told.values())

        return await _done(elect) and any(moved)

    @asynccontextmanager
    async def hanging(self, topic: str) -> AsyncIterator[None]:
        """A stranger's transaction is open on each partition of a topic as long as this lasts."""
        producer = await asyncio.to_thread(self._begin, topic)
        try:
            yield
        finally:
            await _done(partial(producer.abort_transaction, WAIT_S))

    async def fence(self, transactional_id: str) -> bool:
        """Take a transactional id, as its next owner would: whoever has it can commit no more."""

        def take() -> None:
            settings = {"bootstrap.servers": self._bootstrap, "transactional.id": transactional_id}
            Producer(settings).init_transactions(WAIT_S)

        return await _done(take)

    def _begin(self, topic: str) -> Producer:
        producer = Producer(
            {
                "bootstrap.servers": self._bootstrap,
                "transactional.id": f"stranger-{topic}",
                "transaction.timeout.ms": TRANSACTION_MS,
            }
        )
        producer.init_transactions(WAIT_S)
        producer.begin_transaction()
        for number in self._admin.list_topics(topic, timeout=WAIT_S).topics[topic].partitions:
            producer.produce(topic, b"stray", key=b"stray", partition=number)
        producer.flush(WAIT_S)
        return producer

    @asynccontextmanager
    async def read_only(self) -> AsyncIterator[None]:
        """Postgres is what a failover leaves of a primary: it answers, and can only be read."""
        await self._alter("SET default_transaction_read_only = on")
        try:
            yield
        finally:
            await self._alter("RESET default_transaction_read_only")

    async def _alter(self, words: str) -> None:
        connection = await asyncpg.connect(self._database_url, timeout=WAIT_S)
        try:
            await connection.execute("SET default_transaction_read_only = off")
            await connection.execute(f"ALTER SYSTEM {words}")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()


async def _done(work: Callable[[], None]) -> bool:
    """Whether Kafka did it."""
    try:
        await asyncio.to_thread(work)
    except KafkaException:
        return False
    return True


def of_group(parts: Sequence[str], process: str) -> list[str]:
    """The instances of a process among parts."""
    return [part for part in parts if part == process or part.startswith(f"{process}-")]
