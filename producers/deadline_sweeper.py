"""Fails requests that got no outcome in time: a dead letter with the reason `expired`.

It acts only when no completion can become visible any more (`domain.deadline`) and only on what the
projection shows after it has read everything written by then. Several sweepers are safe: each dead
letter of a request has the same id, and only the first one counts.
"""

import asyncio
from datetime import datetime

from domain.deadline import OpenRequest, expirations, overdue_before
from producers import last_audit
from runtime import faults, logs, metrics
from runtime.kafka import new_producer, stop_client, unbroken
from runtime.placing import chosen, number_in
from runtime.process import Process, run
from runtime.projected import Projected, margin_of
from runtime.records import outgoing
from runtime.sessions import pause, run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings, LookSettings
from schemas.layout import Layout
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED, LOOK_PROGRESS
from storage.audits import AuditStore
from storage.database import open_pool
from storage.overdue import OverdueStore
from storage.projection import ProjectionStore

log = logs.get(__name__)

NAME = "deadline_sweeper"
EVERY_S = 1.0
BATCH = 500
CATCH_UP_S = 10.0
SAY_AGAIN_S = 60.0
"""A dead letter is written again after this long if its request is still open."""

OUTCOME_TOPICS = (LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED)


class DeadlineSweeper:
    """One session: sweeps until the process is asked to stop."""

    def __init__(
        self,
        process: Process,
        kafka: KafkaSettings,
        look: LookSettings,
        overdue: OverdueStore,
        projection: ProjectionStore,
    ) -> None:
        """Connect to nothing yet."""
        self._process = process
        self._kafka = kafka
        self._look = look
        self._overdue = overdue
        self._projected = Projected(process, kafka, projection, margin_of(look))
        self._producer = new_producer(kafka, f"{NAME}-{process.settings.instance}")
        self._said: dict[str, datetime] = {}

    async def run(self) -> None:
        """Sweep until the process is asked to stop."""
        await unbroken(self._producer.start())
        try:
            self._process.ready = True
            while not self._process.stopping.is_set():
                await self._sweep()
                await pause(self._process, EVERY_S)
        finally:
            self._process.ready = False
            await stop_client(self._producer)

    async def _sweep(self) -> None:
        now = await self._overdue.now()
        before = overdue_before(
            now,
            transaction_timeout_s=self._kafka.transaction_timeout_s
            + self._kafka.transaction_abort_interval_s,
            clock_margin_s=self._look.clock_margin_s,
        )
        self._said = {
            key: at for key, at in self._said.items() if (now - at).total_seconds() < SAY_AGAIN_S
        }
        due = [
            one
            for one in await self._overdue.overdue(before, BATCH)
            if one.request.request_id not in self._said
        ]
        if due:
            layout = self._kafka.names.layout(await self._overdue.growths())
            await self._expire(await self._without_outcome(due, layout), layout, now)

    async def _without_outcome(self, due: list[OpenRequest], layout: Layout) -> list[OpenRequest]:
        """Those that are still open once everything written until now has been projected."""
        number_of = {
            one.request.request_id: number_in(layout, one.request.request_id) for one in due
        }
        numbers = sorted({*number_of.values()})
        ready = await self._projected.numbers(OUTCOME_TOPICS, numbers, CATCH_UP_S)
        settled = [one for one in due if number_of[one.request.request_id] in ready]
        if len(settled) < len(due):
            log.warning(
                "the projection is behind; some requests can't be expired yet",
                waiting=len(due) - len(settled),
            )
        if not settled:
            return []
        # Read again: what was projected in the meantime may have brought an outcome, or another
        # event.
        known = {one.request.request_id for one in settled}
        return await self._overdue.still_open(sorted(known))

    async def _expire(self, requests: list[OpenRequest], layout: Layout, now: datetime) -> None:
        await faults.at(NAME, faults.FaultPoint.BEFORE_PUBLISH)
        sends, names = [], self._kafka.names
        for emit in expirations(requests, now):
            out = outgoing(emit, self._process.source, now)
            sends.append(
                await self._producer.send(
                    out.topic,
                    out.value,
                    key=out.key,
                    partition=chosen(names, layout, out.topic, emit.event.request_id),
                    headers=list(out.headers),
                )
            )
        await asyncio.gather(*sends)
        await faults.at(NAME, faults.FaultPoint.AFTER_PUBLISH)
        for one in requests:
            self._said[one.request.request_id] = now
            log.warning("expired", request_id=one.request.request_id)
        metrics.EXPIRED.inc(len(requests))


async def main(process: Process) -> None:
    """Run until asked to stop."""
    kafka, look = KafkaSettings(), LookSettings()
    async with open_pool(DatabaseSettings(), process) as pool:
        overdue, projection = OverdueStore(pool), ProjectionStore(pool)
        telling = asyncio.create_task(last_audit.tell(AuditStore(pool)))
        try:
            await run_sessions(
                process, NAME, lambda: DeadlineSweeper(process, kafka, look, overdue, projection)
            )
        finally:
            telling.cancel()


if __name__ == "__main__":
    run(NAME, main)
