"""The system that a campaign strikes: three brokers, Postgres, S3, several instances of each
process, and a link between each process and each service that it talks to. Runs on one event loop;
nothing of it survives `stop`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import psutil

from chaos.brokers import NODES, bootstrap, brokers, port_names
from chaos.disk import Disk
from chaos.disk import available as disks_available
from chaos.plan import INSTANCES, UPSTREAMS, instance_name
from chaos.proxy import Harm, Link, LinkEnds
from devstack.bootstrap import bootstrap as prepare
from devstack.bootstrap import environment, s3_credentials
from devstack.folder import HEALTH, PORT_NAMES, StackFolder, free_ports
from devstack.part import Part
from devstack.postgres import database_url, postgres
from devstack.processes import MODULES, process
from devstack.s3 import s3
from devstack.supervisor import Supervisor
from domain.api_keys import CAPABILITIES
from runtime import faults
from storage.accounts import AccountStore
from storage.seed import ENVIRONMENT, SeededKeys

SERVICES = tuple(name for name in PORT_NAMES if name.startswith(("postgres", "s3", "lake")))
MAX_INSTANCES = 8
READY_WITHIN_S = 240.0
"""Fifteen processes start at once."""
SETTINGS = {
    "LOOKS_KAFKA_REPLICATION_FACTOR": "3",
    "LOOKS_KAFKA_TRANSACTION_TIMEOUT_S": "5",
    "LOOKS_KAFKA_SESSION_TIMEOUT_S": "6",
    "LOOKS_LOOK_DEADLINE_S": "90",
    "LOOKS_LOOK_CLOCK_MARGIN_S": "2",
    "LOOKS_LOOK_TIME_LIMIT_S": "10",
    "LOOKS_LOOK_WORKERS": "1",
    "LOOKS_S3_TIMEOUT_S": "5",
    "LOOKS_DRAIN_TIMEOUT_S": "10",
}
"""Short times, so that what a fault leaves behind heals within seconds."""


class Cluster:
    """One system, from `start` to `stop`."""

    def __init__(
        self, root: Path, instances: Mapping[str, int] = INSTANCES, *, cheap: bool = False
    ) -> None:
        """Nothing runs. `cheap`: few pictures are drawn (`chaos.cheap_worker`)."""
        self._cheap = cheap
        self.folder = StackFolder(root)
        self.folder.create()
        self.faults = root / "faults"
        self.faults.mkdir(exist_ok=True)
        self.instances = dict(instances)
        self.links: dict[str, Link] = {}
        self.disks: dict[str, Disk] = {}
        self.ports = self._choose_ports()
        self._supervisor = Supervisor(self.folder)
        self._cleaning = AsyncExitStack()
        self._running: set[str] = set()

    @property
    def parts(self) -> list[str]:
        """The names of our running instances."""
        return sorted(self._running)

    def _choose_ports(self) -> dict[str, int]:
        kafka = [name for name, needs in UPSTREAMS.items() if "kafka" in needs]
        names = [*SERVICES, *port_names(kafka)]
        names += [
            f"link:{name}>{up}"
            for name, needs in UPSTREAMS.items()
            for up in needs
            if up != "kafka"
        ]
        names += [
            f"{HEALTH}{instance_name(name, n)}"
            for name in MODULES
            for n in range(1, MAX_INSTANCES + 1)
        ]
        names += [instance_name("api", n) for n in range(1, MAX_INSTANCES + 1)]
        return dict(zip(names, free_ports(len(names)), strict=True))

    @property
    def env(self) -> dict[str, str]:
        """Addresses that nobody breaks: for the campaign and the audit."""
        plain = {**self.ports, "kafka": self.ports["kafka-1-plain"]}
        return {
            **environment(self.folder, plain),
            **SETTINGS,
            "LOOKS_KAFKA_BOOTSTRAP": bootstrap(self.ports),
        }

    def env_of(self, name: str) -> dict[str, str]:
        """What a process is given: its own links, and the folder where faults are planted."""
        env = {**self.env, "LOOKS_FAULTS_DIR": str(self.faults)}
        for upstream in UPSTREAMS[name]:
            if upstream == "kafka":
                env["LOOKS_KAFKA_BOOTSTRAP"] = bootstrap(self.ports, name)
            elif upstream == "postgres":
                env["LOOKS_DATABASE_URL"] = database_url(
                    {"postgres": self.ports[f"link:{name}>postgres"]}
                )
            else:
                env["LOOKS_S3_ENDPOINT_URL"] = f"http://127.0.0.1:{self.ports[f'link:{name}>s3']}"
        return env

    async def start(self) -> SeededKeys:
        """Start everything; returns the API keys. Raises PartFailed."""
        self._mount()
        kafka = [name for name, needs in UPSTREAMS.items() if "kafka" in needs]
        data = {node: self.folder.data / f"kafka-{node}" for node in NODES}
        services = [
            postgres(self.folder, self.ports),
            s3(self.folder, self.ports, *s3_credentials(self.folder)),
        ]
        await self._supervisor.start([*brokers(self.folder, self.ports, kafka, data), *services])
        keys = await prepare(self.folder, self.env)
        await self._open_links()
        names = [
            (name, number)
            for name, count in self.instances.items()
            for number in range(1, count + 1)
        ]
        parts = [self._part(name, number) for name, number in names]
        await self._supervisor.start(parts)
        self._running |= {part.name for part in parts}
        return keys

    def _part(self, name: str, number: int) -> Part:
        part = process(name, self.ports, self.env_of(name), instance=number)
        if self._cheap and name == "compositor":
            part = replace(part, argv=(sys.executable, "-m", "chaos.cheap"))
        return replace(part, ready_within_s=READY_WITHIN_S)

    async def tenants(self, count: int, prefix: str, credit: int) -> list[str]:
        """So many tenants, who share a wardrobe below `prefix`, with credits that last; returns a
        key of each.
        """
        async with asyncpg.create_pool(
            self.env["LOOKS_DATABASE_URL"], min_size=1, max_size=1
        ) as pool:
            accounts, keys = AccountStore(pool), list[str]()
            for number in range(count):
                name = f"tenant-{number}"
                await accounts.create_tenant(name, [f"{prefix}/"])
                await accounts.grant(name, ENVIRONMENT, credit, "chaos")
                _, key = await accounts.create_key(name, ENVIRONMENT, CAPABILITIES)
                keys.append(key)
        return keys

    def _mount(self) -> None:
        if not disks_available(self.folder.root):
            return
        for name in ("postgres", "kafka-3"):
            disk = Disk(self.folder.data / name)
            disk.mount()
            self._cleaning.callback(disk.unmount)
            self.disks[name] = disk

    async def _open_links(self) -> None:
        for name, needs in UPSTREAMS.items():
            for upstream in needs:
                for end_name, ends in self._ends(name, upstream):
                    link = Link(end_name, ends)
                    await link.open()
                    self._cleaning.push_async_callback(link.close)
                    self.links[end_name] = link

    def _ends(self, name: str, upstream: str) -> list[tuple[str, LinkEnds]]:
        if upstream != "kafka":
            return [
                (
                    f"{name}>{upstream}",
                    LinkEnds(self.ports[f"link:{name}>{upstream}"], self.ports[upstream]),
                )
            ]
        pairs = [f"{name}>kafka-{node}" for node in NODES]
        return [
            (pair, LinkEnds(self.ports[f"link:{pair}"], self.ports[f"listen:{pair}"]))
            for pair in pairs
        ]

    async def harm(self, link: str, harm: Harm, lasts_s: float) -> None:
        """Break a link (`PROCESS>SERVICE`) for a while."""
        async with AsyncExitStack() as harmed:
            for name, one in self.links.items():
                if name == link or name.startswith(f"{link}-"):
                    await harmed.enter_async_context(one.harmed(harm))
            await asyncio.sleep(lasts_s)

    def pid(self, part: str) -> int | None:
        """The process id of a part; None while it does not run."""
        try:
            return int((self.folder.run / f"{part}.pid").read_text())
        except (OSError, ValueError):
            return None

    def send(self, part: str, number: int) -> bool:
        """Send a signal to a part; False when it is not there."""
        pid = self.pid(part)
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True

    def wake_all(self) -> None:
        """SIGCONT to every instance of ours and what it started: nothing stays stopped."""
        for part in self.parts:
            try:
                root = psutil.Process(self.pid(part) or -1)
                for member in [root, *root.children(recursive=True)]:
                    member.send_signal(signal.SIGCONT)
            except (psutil.Error, ValueError):
                continue

    def workers_struck(self) -> set[str]:
        """Requests whose worker was killed or held up by a planted fault, rather than told to
        raise.
        """
        told = faults.struck(self.faults, "worker")
        return {
            request_id
            for request_id, effects in told.items()
            if any(effect != "raise" for effect in effects)
        }

    async def add(self, name: str) -> str:
        """Start one more instance of a process; returns its part's name once it is ready."""
        number = next(
            n for n in range(1, MAX_INSTANCES + 1) if instance_name(name, n) not in self._running
        )
        part = self._part(name, number)
        self._running.add(part.name)
        await self._supervisor.start([part])
        return part.name

    async def remove(self, part: str, *, kill: bool) -> None:
        """Stop an instance for good."""
        await self._supervisor.remove(part, kill=kill)
        self._running.discard(part)

    async def stop(self) -> None:
        """Stop everything and forget it."""
        self.wake_all()
        try:
            await self._supervisor.stop()
        finally:
            await self._cleaning.aclose()

    @property
    def apis(self) -> list[str]:
        """The base URLs of the API's instances."""
        return [
            f"http://127.0.0.1:{self.ports[instance_name('api', n)]}"
            for n in range(1, self.instances.get("api", 0) + 1)
        ]
