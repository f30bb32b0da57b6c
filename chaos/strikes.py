"""Carries out the faults of a plan on a cluster, each healed after its time. A fault that could not
strike, or struck while nothing was in flight, is told apart.
"""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import asyncpg
from aiokafka.errors import KafkaError

from chaos.brokers import NODES
from chaos.cluster import Cluster
from chaos.outages import Outages, of_group
from chaos.plan import FaultKind, Poison, Strike
from chaos.poison import Recorder
from chaos.proxy import Harm
from devstack.part import PartFailed
from runtime import logs
from schemas.events import TYPE_OF
from schemas.topics import BY_NAME

log = logs.get(__name__)

COULD_NOT = (
    OSError,
    TimeoutError,
    PartFailed,
    KafkaError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
RECORD_TIMEOUT_S = 30.0
ROLL_PAUSE_S = 0.5
TAKEN_POLL_S = 0.1


class Striker(Protocol):
    """One kind of fault. True when it struck."""

    async def __call__(self, strike: Strike) -> bool:
        """Strike, wait, heal."""


class Strikes:
    """What struck while work was in flight is counted by kind; what struck an idle system, and what
    did not strike (its target was down, nobody passed the point), too.
    """

    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        outages: Outages,
        in_flight: Callable[[], int],
    ) -> None:
        """Strike this cluster, in which so many requests are in flight."""
        self._in_flight = in_flight
        self._cluster = cluster
        self._recorder = recorder
        self._outages = outages
        self.struck: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.idle: Counter[str] = Counter()
        self._by_kind: dict[FaultKind, Striker] = {
            FaultKind.KILL: self._kill,
            FaultKind.STOP: self._stop,
            FaultKind.RESTART: self._restart,
            FaultKind.ROLL: self._roll,
            FaultKind.SCALE: self._scale,
            FaultKind.BROKER: self._kill,
            FaultKind.KAFKA: self._kill_kafka,
            FaultKind.POSTGRES: self._kill,
            FaultKind.S3: self._kill,
            FaultKind.LINK: self._link,
            FaultKind.STORE: self._link,
            FaultKind.POINT: self._point,
            FaultKind.CLOCK: self._clock,
            FaultKind.DISK: self._disk,
            FaultKind.POISON: self._poison,
            FaultKind.COPY: self._copy,
            FaultKind.FUTURE: self._future,
            FaultKind.FORGET: self._forget,
            FaultKind.RECORDS: self._delete_records,
            FaultKind.HANG: self._hang,
            FaultKind.FENCE: self._fence,
            FaultKind.LEADER: self._move_leaders,
            FaultKind.FAILOVER: self._read_only,
        }

    async def run(self, plan: Sequence[Strike]) -> None:
        """Every fault of the plan at its time; returns when the last one is healed."""
        begun_s = asyncio.get_running_loop().time()
        under_way: set[asyncio.Task[None]] = set()
        for strike in plan:
            await asyncio.sleep(max(0.0, begun_s + strike.at_s - asyncio.get_running_loop().time()))
            task = asyncio.create_task(self.one(strike))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def one(self, strike: Strike) -> None:
        """One fault, from strike to heal."""
        at_work = self._in_flight() > 0
        try:
            struck = await self._by_kind[strike.kind](strike)
        except COULD_NOT as error:
            log.info(
                "a fault could not strike",
                fault=str(strike),
                error=f"{type(error).__name__}: {error}"[:200],
            )
            struck = False
        counted = self.missed if not struck else self.struck if at_work else self.idle
        counted[strike.kind.value] += 1

    async def _kill(self, strike: Strike) -> bool:
        return self._cluster.send(strike.target, signal.SIGKILL)

    async def _restart(self, strike: Strike) -> bool:
        return self._cluster.send(strike.target, signal.SIGTERM)

    async def _stop(self, strike: Strike) -> bool:
        if not self._cluster.send(strike.target, signal.SIGSTOP):
            return False
        await asyncio.sleep(strike.lasts_s)
        self._cluster.send(strike.target, signal.SIGCONT)
        return True

    async def _roll(self, strike: Strike) -> bool:
        for part in self._cluster.parts:
            self._cluster.send(part, signal.SIGTERM)
            await asyncio.sleep(ROLL_PAUSE_S)
        return True

    async def _scale(self, strike: Strike) -> bool:
        part = await self._cluster.add(strike.target)
        await asyncio.sleep(strike.lasts_s)
        await self._cluster.remove(part, kill=strike.detail == "KILL")
        return True

    async def _kill_kafka(self, strike: Strike) -> bool:
        return all([self._cluster.send(f"kafka-{node}", signal.SIGKILL) for node in NODES])

    async def _link(self, strike: Strike) -> bool:
        await self._cluster.harm(strike.target, Harm(strike.detail), strike.lasts_s)
        return True

    async def _point(self, strike: Strike) -> bool:
        """Struck when somebody passed the point in time; else the fault is taken back."""
        file = self._cluster.faults / strike.target
        file.write_text(strike.detail)
        waited_s = 0.0
        while file.exists() and waited_s < strike.lasts_s:
            await asyncio.sleep(TAKEN_POLL_S)
            waited_s += TAKEN_POLL_S
        struck = not file.exists()
        file.unlink(missing_ok=True)
        if struck and strike.detail == "stop":
            await asyncio.sleep(strike.lasts_s)
            self._cluster.wake_all()
        return struck

    async def _clock(self, strike: Strike) -> bool:
        file = self._cluster.faults / f"clock.{strike.target}"
        file.write_text(strike.detail)
        await asyncio.sleep(strike.lasts_s)
        file.unlink(missing_ok=True)
        return True

    async def _disk(self, strike: Strike) -> bool:
        disk = self._cluster.disks.get(strike.target)
        if disk is None:
            return False
        async with disk.full():
            await asyncio.sleep(strike.lasts_s)
        return True

    async def _poison(self, strike: Strike) -> bool:
        event = BY_NAME[strike.target].event
        async with asyncio.timeout(RECORD_TIMEOUT_S):
            await self._recorder.poison(
                strike.target, Poison(strike.detail), TYPE_OF[event] if event else ""
            )
        return True

    async def _copy(self, strike: Strike) -> bool:
        async with asyncio.timeout(RECORD_TIMEOUT_S):
            return await self._recorder.copy(strike.target, int(strike.detail)) > 0

    async def _future(self, strike: Strike) -> bool:
        async with asyncio.timeout(RECORD_TIMEOUT_S):
            return await self._recorder.future(strike.target) > 0

    @asynccontextmanager
    async def _standing_still(self, process: str) -> AsyncIterator[bool]:
        """Every instance of a process, as long as the block lasts; whether there is one."""
        parts = of_group(self._cluster.parts, process)
        stopped = [part for part in parts if self._cluster.send(part, signal.SIGSTOP)]
        try:
            yield bool(stopped)
        finally:
            for part in stopped:
                self._cluster.send(part, signal.SIGCONT)

    async def _forget(self, strike: Strike) -> bool:
        async with self._standing_still(strike.target):
            return await self._outages.forget_group(f"looks.{strike.target}", strike.lasts_s)

    async def _delete_records(self, strike: Strike) -> bool:
        """What was written while their reader stood still, and all before it."""
        async with self._standing_still("status_projection") as still:
            await asyncio.sleep(strike.lasts_s)
            return still and await self._outages.delete_records(strike.target)

    async def _hang(self, strike: Strike) -> bool:
        async with self._outages.hanging(strike.target) as open_:
            if open_:
                await asyncio.sleep(strike.lasts_s)
            return open_

    async def _fence(self, strike: Strike) -> bool:
        return await self._outages.fence(strike.target)

    async def _move_leaders(self, strike: Strike) -> bool:
        """Away as the broker goes, as in a rolling restart; and back to it."""
        if not self._cluster.send(strike.target, signal.SIGTERM):
            return False
        give_up_s = asyncio.get_running_loop().time() + strike.lasts_s
        while not await self._outages.elect():
            if asyncio.get_running_loop().time() > give_up_s:
                break
            await asyncio.sleep(1)
        return True

    async def _read_only(self, strike: Strike) -> bool:
        async with self._outages.read_only():
            await asyncio.sleep(strike.lasts_s)
        return True
