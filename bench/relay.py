"""The relay beside a bare idempotent producer of the same records, turn and turn about.

A stack of Kafka, Postgres and S3 alone; the relay and the bare producer run here, one at a time.
Between a relay's question and its removal each row crosses from Postgres to Kafka, acknowledged.
"""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import uvloop

from bench.accept import spread
from bench.pipeline import running
from devstack.bootstrap import settings_of
from domain.outcomes import Emit
from producers.outbox_relay import BATCH, NAME, OutboxRelay
from runtime.kafka import new_producer, stop_client
from runtime.process import Process
from runtime.records import OutRecord, outgoing
from runtime.settings import DatabaseSettings, KafkaSettings, ProcessSettings
from schemas.events import LookRequested
from schemas.http import TrialItemInput
from schemas.ids import new_request_id
from schemas.topics import LOOK_REQUESTED
from storage.database import open_pool
from storage.outbox import OutboxStore, Publish, add
from storage.wakeups import OUTBOX_CHANNEL, Signal, listen

TURNS = int(os.environ.get("LOOKS_BENCH_RELAY_TURNS", "5"))
ROWS = 8000


class CountedOutbox(OutboxStore):
    """Says when so many rows have been sent and removed."""

    removed = 0

    async def relay(self, publish: Publish, limit: int) -> int:
        """The same."""
        count = await super().relay(publish, limit)
        self.removed += count
        return count


TimedTurn = Callable[[], Coroutine[Any, Any, None]]


def _records() -> list[OutRecord]:
    now = datetime.now(UTC)
    items = (TrialItemInput(trial_image="users/abc/tee.jpg", trial_item_category="top"),)
    return [
        outgoing(
            Emit(
                LookRequested(
                    request_id=new_request_id(),
                    tenant_id="demo",
                    items=items,
                    credits_cost=10,
                    requested_at=now,
                    deadline_at=now + timedelta(minutes=10),
                ),
                (LOOK_REQUESTED.name,),
            ),
            "/looks/api",
            now,
        )
        for _ in range(ROWS)
    ]


async def _fill(pool: asyncpg.Pool, records: Sequence[OutRecord]) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for record in records:
            await add(connection, record)


async def _timed(turn: TimedTurn) -> tuple[float, float]:
    """Records a second, and our own CPU in us for each."""
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    await turn()
    taken_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    return ROWS / taken_s, cpu_s / ROWS * 1e6


async def _compared(env: dict[str, str]) -> dict[str, object]:
    kafka, database = settings_of(KafkaSettings, env), settings_of(DatabaseSettings, env)
    bare = new_producer(kafka, "bench-bare")
    await bare.start()
    process = Process(NAME, ProcessSettings(instance="bench"))
    signal = Signal()
    listening = asyncio.create_task(listen(database, signal, OUTBOX_CHANNEL))
    ours: list[tuple[float, float]] = []
    others: list[tuple[float, float]] = []
    async with open_pool(database) as pool:
        outbox = CountedOutbox(pool)
        relay = asyncio.create_task(OutboxRelay(process, kafka, outbox, signal).run())
        for _ in range(TURNS + 1):
            records = _records()

            async def produce(records: Sequence[OutRecord] = records) -> None:
                for first in range(0, ROWS, BATCH):
                    sends = [
                        await bare.send(one.topic, one.value, key=one.key, headers=[*one.headers])
                        for one in records[first : first + BATCH]
                    ]
                    await asyncio.gather(*sends)

            async def relayed() -> None:
                while outbox.removed < ROWS:  # noqa: ASYNC110 (it is only counted)
                    await asyncio.sleep(0.005)

            others.append(await _timed(produce))
            outbox.removed = 0
            await _fill(pool, records)  # the relay wakes with the commit
            ours.append(await _timed(relayed))
        process.stopping.set()
        await relay
    listening.cancel()
    await asyncio.wait({listening})
    await stop_client(bare)
    return _told(ours[1:], others[1:])


def _told(
    ours: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]
) -> dict[str, object]:
    return {
        "turns": TURNS,
        "rows": ROWS,
        "bare_per_s": spread([one[0] for one in others]),
        "relay_per_s": spread([one[0] for one in ours]),
        "relay_over_bare": spread(
            [own[0] / other[0] for own, other in zip(ours, others, strict=True)]
        ),
        "bare_cpu_us": spread([one[1] for one in others]),
        "relay_cpu_us": spread([one[1] for one in ours]),
        "load_average": round(os.getloadavg()[0], 1),
    }


def measure() -> dict[str, object]:
    """Turn and turn about; the first of each is not counted."""
    with running(()) as stack:
        return uvloop.run(_compared(stack.env))
