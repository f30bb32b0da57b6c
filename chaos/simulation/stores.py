"""The stores that consumers and producers are given, over tables in memory: each call travels on
its process's wire.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from chaos.simulation.tables import SHARDS, SimulatedConnection, SimulatedTables, places
from chaos.simulation.wire import SimulatedWire
from domain.deadline import OpenRequest
from domain.projection import Changes, Collision
from domain.read_positions import PartitionName, ReadPosition
from schemas.events import CreditRefund
from schemas.layout import PartitionGrowth
from storage.claims import ClaimResult, ClaimStore
from storage.outbox import OutboxStore, Publish
from storage.overdue import OverdueStore
from storage.projection import OffsetSpans, ProjectionStore
from storage.refunds import Charge, RefundStore

IDLE_S = 0.5
"""So long the relay's question waits for a row, in place of fifty that find nothing."""


def gone() -> Exception:
    """What a caller hears whose connection broke."""
    return ConnectionResetError("the wire is cut")


class SimulatedClaims(ClaimStore):
    """Over tables in memory."""

    def __init__(self, tables: SimulatedTables, wire: SimulatedWire) -> None:
        self._tables, self._wire = tables, wire

    async def claim(
        self, request_id: str, code: str, topic: str, partition: int, offset: int
    ) -> ClaimResult:
        place = (topic, partition, offset)
        return await self._wire.call(lambda: self._tables.claim(request_id, place), gone)


class SimulatedRefunds(RefundStore):
    """Over tables in memory."""

    def __init__(self, tables: SimulatedTables, wire: SimulatedWire) -> None:
        self._tables, self._wire = tables, wire

    async def charges(self, request_ids: Sequence[str]) -> dict[str, Charge]:
        return await self._wire.call(lambda: self._tables.charges(request_ids), gone)

    async def refund(self, refunds: Sequence[tuple[CreditRefund, Charge]]) -> set[str]:
        owed = [(event.request_id, event.amount) for event, _ in refunds]
        return await self._wire.call(lambda: self._tables.refund(owed), gone)


class SimulatedOverdue(OverdueStore):
    """Over tables in memory."""

    def __init__(self, tables: SimulatedTables, wire: SimulatedWire) -> None:
        self._tables, self._wire = tables, wire

    async def now(self) -> datetime:
        return await self._wire.call(self._tables.now, gone)

    async def overdue(self, before: datetime, limit: int) -> list[OpenRequest]:
        return await self._wire.call(lambda: self._tables.overdue(before, limit), gone)

    async def still_open(self, request_ids: list[str]) -> list[OpenRequest]:
        return await self._wire.call(lambda: self._tables.still_open(request_ids), gone)

    async def growths(self) -> tuple[PartitionGrowth, ...]:
        return await self._wire.call(lambda: self._tables.growths, gone)


class SimulatedProjection(ProjectionStore):
    """Over tables in memory."""

    def __init__(self, tables: SimulatedTables, wire: SimulatedWire) -> None:
        self._tables, self._wire = tables, wire

    async def positions(
        self, partitions: Sequence[PartitionName]
    ) -> dict[PartitionName, ReadPosition]:
        return await self._wire.call(lambda: places(self._tables.offsets, partitions), gone)

    async def set_back(self, topic: str, partition: int, offset: int) -> None:
        await self._wire.call(lambda: self._tables.set_back((topic, partition), offset), gone)

    async def tenants(self, request_ids: Sequence[str]) -> dict[str, str]:
        def found() -> dict[str, str]:
            rows = self._tables.requests
            return {one: rows[one].event.tenant_id for one in request_ids if one in rows}

        return await self._wire.call(found, gone)

    async def apply(self, changes: Changes, spans: OffsetSpans) -> list[Collision]:
        moved: Mapping[tuple[str, int], tuple[int, int]] = dict(spans)
        return await self._wire.call(lambda: self._tables.apply(changes, moved), gone)


class SimulatedOutbox(OutboxStore):
    """Over tables in memory."""

    def __init__(self, tables: SimulatedTables, wire: SimulatedWire) -> None:
        self._tables, self._wire = tables, wire
        self._filled = asyncio.Event()

    def told(self) -> None:
        """A row was added."""
        self._filled.set()

    async def relay(self, publish: Publish, limit: int) -> int:
        tables, wire = self._tables, self._wire
        first = int(wire.scheduler.random.random() * SHARDS)
        wanted = [(first + step) % SHARDS for step in range(SHARDS // 2)]
        connection = SimulatedConnection(lambda: wire.loop.alive)
        try:
            rows = await wire.call(lambda: tables.lock_and_read(wanted, connection, limit), gone)
            if rows:
                await publish(rows, await wire.call(lambda: tables.growths, gone))
            await wire.call(lambda: tables.remove(rows, connection), gone)
        finally:
            connection.open = False
        if not rows and not tables.outbox:
            await self._wait()
        return len(rows)

    async def oldest_age_s(self) -> float:
        return 0.0

    async def _wait(self) -> None:
        self._filled.clear()
        try:
            async with asyncio.timeout(IDLE_S):
                await self._filled.wait()
        except TimeoutError:
            return
