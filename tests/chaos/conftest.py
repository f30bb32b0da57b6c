"""Our processes beside a test, one of them with a safeguard taken out."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from chaos.plan import instance_name
from chaos.sabotage import Bug
from devstack.folder import StackFolder, free_ports
from devstack.processes import MODULES, process
from devstack.stack import Stack
from devstack.supervisor import Supervisor
from tests.conftest import running_stack

SETTINGS = {
    "LOOKS_LOOK_DEADLINE_S": "8",
    "LOOKS_LOOK_CLOCK_MARGIN_S": "1",
    "LOOKS_LOOK_TIME_LIMIT_S": "60",
    "LOOKS_LOOK_WORKERS": "1",
    "LOOKS_KAFKA_TRANSACTION_TIMEOUT_S": "3",
    "LOOKS_KAFKA_SESSION_TIMEOUT_S": "3",
}


@pytest.fixture(scope="module")
def own_services() -> Iterator[Stack]:
    """Kafka, Postgres and S3 that no other test has used."""
    yield from running_stack(())


@dataclass(frozen=True)
class System:
    """Some of our processes, running, and where faults are planted for them."""

    env: Mapping[str, str]
    faults: Path
    folder: StackFolder

    def pid(self, part: str) -> int:
        """The process id of a part; another one once it was started again."""
        return int((self.folder.run / f"{part}.pid").read_text())

    def plant(self, point: str, effect: str) -> Path:
        """A fault at a named point; the file is gone once it has struck."""
        file = self.faults / point
        file.write_text(effect)
        return file

    def stopped(self) -> list[psutil.Process]:
        """Our processes that a signal has stopped."""
        found = [psutil.Process(self.pid(file.stem)) for file in self.folder.run.glob("*.pid")]
        return [one for one in found if one.status() == psutil.STATUS_STOPPED]


@asynccontextmanager
async def system(
    services: Stack, folder: Path, instances: Mapping[str, int], bug: Bug | None
) -> AsyncIterator[System]:
    """So many instances of these processes, the first named with the bug, until the block ends."""
    names = [(name, number) for name, count in instances.items() for number in range(1, count + 1)]
    ports = dict(
        zip([f"health_{instance_name(*one)}" for one in names], free_ports(len(names)), strict=True)
    )
    (folder / "faults").mkdir()
    own = StackFolder(folder / "system")
    own.create()
    env = {**services.env, **SETTINGS, "LOOKS_FAULTS_DIR": str(folder / "faults")}
    sick = next(iter(instances))
    parts = [process(name, ports, env, instance=number) for name, number in names]
    if bug is not None:
        argv = (sys.executable, "-m", "chaos.sabotage", bug.value, MODULES[sick])
        parts = [
            replace(part, argv=argv) if name == sick else part
            for part, (name, _) in zip(parts, names, strict=True)
        ]
    supervisor = Supervisor(own)
    made = System(env, folder / "faults", own)
    try:
        await supervisor.start(parts)
        yield made
    finally:
        for one in made.stopped():
            one.resume()
        await supervisor.stop()


async def until(true: Callable[[], object], within_s: float = 60) -> None:
    """Poll a function, or a coroutine function, until it gives something true."""
    async with asyncio.timeout(within_s):
        while True:
            answer = true()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.1)
