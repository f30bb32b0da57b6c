"""Publishes what the API wrote to the outbox, in the transaction that made it true.

Key: the row's own. Order: per key. At least once: rows are removed after Kafka has acknowledged
them, so a crash in between publishes them again, and readers drop what they have seen. Several
relays share the shards safely.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from runtime import faults, logs, metrics, tracing
from runtime.kafka import AIOKafkaProducer, new_producer, stop_client, unbroken
from runtime.placing import chosen
from runtime.process import Process, run
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings
from runtime.tracing import SpanKind
from schemas.envelope import Undecodable, decode
from schemas.layout import PartitionGrowth
from schemas.topics import BY_NAME, LOOK_REQUESTED
from storage.database import open_pool
from storage.outbox import OutboxRow, OutboxStore
from storage.wakeups import OUTBOX_CHANNEL, Signal, listen

log = logs.get(__name__)

NAME = "outbox_relay"
BATCH = 2000
SIDE_BY_SIDE = 2
"""Batches under way of a backlog: one is read or removed while another is sent. A shard is in one
of them.
"""
LOOK_AGAIN_S = 1.0
"""Without being told of new rows: for what is told to nobody, as when another relay has a shard and
dies.
"""
DEAF_LOOK_AGAIN_S = 0.02
"""The same while nobody tells."""
PUBLISH_TIMEOUT_S = 30.0
AGE_EVERY_S = 2.0
SAMPLE_EVERY = 100
"""So many rows of a batch for one that is read as its subscribers will read it."""


class OutboxRelay:
    """One session: a producer, and rows until the process is asked to stop."""

    def __init__(
        self,
        process: Process,
        settings: KafkaSettings,
        outbox: OutboxStore,
        signal: Signal | None = None,
        *,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        """Connect to nothing yet. `signal`: tells of new rows while it is listening."""
        self._process = process
        self._names = settings.names
        self._outbox = outbox
        self._signal = signal or Signal()
        self._look_again_s = look_again_s
        self._producer: AIOKafkaProducer = new_producer(
            settings, f"{NAME}-{process.settings.instance}"
        )

    async def run(self) -> None:
        """Relay until the process is asked to stop. Raises what went wrong; rows stay until they
        are acknowledged.
        """
        await unbroken(self._producer.start())
        beside = [
            asyncio.create_task(self._watch_age()),
            asyncio.create_task(self._signal.wake_after(self._process.stopping)),
        ]
        try:
            self._process.ready = True
            while not self._process.stopping.is_set():
                told = self._signal.next()
                published = await self._some()
                if published >= BATCH:
                    await asyncio.gather(*(self._until_none() for _ in range(SIDE_BY_SIDE)))
                elif not published:
                    await self._sleep(told)
        finally:
            self._process.ready = False
            for task in beside:
                task.cancel()
            await stop_client(self._producer)

    async def _some(self) -> int:
        published = await self._outbox.relay(self._publish, BATCH)
        metrics.OUTBOX_PUBLISHED.inc(published)
        return published

    async def _until_none(self) -> None:
        while not self._process.stopping.is_set() and await self._some():
            pass

    async def _sleep(self, told: asyncio.Event) -> None:
        seconds = self._look_again_s if self._signal.listening else DEAF_LOOK_AGAIN_S
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await told.wait()

    async def _publish(self, rows: Sequence[OutboxRow], growths: Sequence[PartitionGrowth]) -> None:
        check_some(rows)
        layout = self._names.layout(growths)
        await faults.at(NAME, faults.FaultPoint.BEFORE_PUBLISH)
        traces = [dict(row.headers).get("traceparent", b"").decode() for row in rows]
        with tracing.spans(
            f"publish {NAME}",
            traces,
            SpanKind.PRODUCER,
            {"messaging.system": "kafka"},
        ):
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                sends = [
                    await self._producer.send(
                        row.topic,
                        row.value,
                        key=row.key,
                        partition=chosen(self._names, layout, row.topic, row.key.decode()),
                        headers=list(row.headers),
                    )
                    for row in rows
                ]
                await asyncio.gather(*sends)
        logs.each_look(
            "look published",
            __name__,
            [
                (row.key.decode(), trace)
                for row, trace in zip(rows, traces, strict=True)
                if row.topic == LOOK_REQUESTED.name
            ],
        )
        await faults.at(NAME, faults.FaultPoint.AFTER_PUBLISH)

    async def _watch_age(self) -> None:
        while True:
            metrics.OUTBOX_OLDEST_SECONDS.set(await self._outbox.oldest_age_s())
            await asyncio.sleep(AGE_EVERY_S)


def check_some(rows: Sequence[OutboxRow]) -> int:
    """Read the first of some rows and each hundredth by the rules of `schemas`; returns how many
    can't be read. They are sent all the same: their readers keep them whole (DESIGN 3, promise 9).
    """
    unreadable = 0
    for row in rows[::SAMPLE_EVERY]:
        topic = BY_NAME.get(row.topic)
        if topic is None or topic.event is None:
            continue
        found = decode(row.value, row.headers, topic.event)
        if isinstance(found, Undecodable):
            unreadable += 1
            log.error("an outbox row can't be read", topic=row.topic, id=row.id, why=found.reason)
    metrics.OUTBOX_UNREADABLE.inc(unreadable)
    return unreadable


async def main(process: Process) -> None:
    """Run until asked to stop."""
    kafka, database, signal = KafkaSettings(), DatabaseSettings(), Signal()
    listening = asyncio.create_task(listen(database, signal, OUTBOX_CHANNEL))
    try:
        async with open_pool(database, process) as pool:
            outbox = OutboxStore(pool)
            await run_sessions(process, NAME, lambda: OutboxRelay(process, kafka, outbox, signal))
    finally:
        listening.cancel()
        await asyncio.wait({listening})


if __name__ == "__main__":
    run(NAME, main)
