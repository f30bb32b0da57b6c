"""A release takes the place of the one before it, process by process: both write and read the same
topics and the same tables. Processes that come before their tables wait for them, and the release
before does the work meanwhile.
"""

import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from devstack.folder import CHECKOUT, free_ports
from devstack.stack import Stack, StackFailed
from storage.tables import MIGRATIONS
from tests.conftest import SETTINGS, stack_folder
from tests.e2e.client import Client, until
from tests.integration.test_command_line import looks

PREVIOUS = "2460b338c2f21b6e985f9dd22f76b124e3a48a44"
"""What ran before: most migrations, traces, namespaces and the accepting statement of today are
younger. To be set anew with each release.
"""
PROCESSES = (
    "status_projection",
    "credit_ledger",
    "dead_letter",
    "webhooks",
    "compositor",
    "deadline_sweeper",
    "outbox_relay",
    "api",
)
WITH_API = ("api", "outbox_relay", "dead_letter", "status_projection")
"""One half of the pipeline: every record of the other half is read here or written here."""
THE_OTHERS = tuple(name for name in PROCESSES if name not in WITH_API)
FIRST = ("api", "producers.outbox_relay", "consumers.status_projection")
"""Started before their tables: of each kind of process one."""
NEWEST = max(path.name for path in MIGRATIONS.glob("*.sql"))
OF_SERVICES = (
    "LOOKS_DATABASE_URL",
    "LOOKS_KAFKA_BOOTSTRAP",
    "LOOKS_S3_ENDPOINT_URL",
    "LOOKS_S3_BUCKET",
    "LOOKS_S3_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)


@dataclass(frozen=True, slots=True)
class Releases:
    """Two checkouts, and services that begin with the older one's tables."""

    previous: Path
    services: Stack
    folder: Path

    def stack(self, name: str, processes: tuple[str, ...], checkout: Path) -> Stack:
        """Some processes of one release, on these services; not started."""
        env = {**SETTINGS, **{one: self.services.env[one] for one in OF_SERVICES}}
        return Stack(self.folder / name, processes, env, checkout=checkout)


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Releases]:
    """Skipped where the previous release's files are not at hand."""
    asked = ["git", "-C", str(CHECKOUT), "archive", PREVIOUS]
    try:
        done = subprocess.run(asked, capture_output=True, timeout=60, check=False)
    except FileNotFoundError:
        pytest.skip("there is no git: the previous release can't be had")
    if done.returncode != 0:
        pytest.skip(f"no git history with the previous release: {done.stderr.decode().strip()}")
    previous = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(previous, filter="data")
    with stack_folder() as root, ExitStack() as stack:
        services = Stack(root / "services", (), SETTINGS, checkout=previous)
        stack.callback(services.stop)
        services.start()
        yield Releases(previous, services, root)


@contextmanager
def serving(api: Stack, *others: Stack) -> Iterator[Client]:
    """Of these processes."""
    with ExitStack() as stack:
        for one in (*others, api):
            stack.callback(one.stop)
            start(one)
        client = Client(api)
        stack.callback(client.close)
        yield client


def start(stack: Stack) -> None:
    """Twice where need be: the previous release gives a part a minute, and its modules, fresh from
    the archive, are compiled meanwhile.
    """
    try:
        stack.start()
    except StackFailed:
        stack.stop()
        stack.start()


def works(client: Client) -> None:
    """One look succeeds, one fails and is refunded."""
    before, keys = client.balance(), client.wardrobe(["tee"])
    made = client.accepted((keys["tee"], "top"))
    failed = client.accepted(("users/abc/absent.jpg", "top"))
    jobs = client.finish([made, failed])
    assert (jobs[made]["status"], jobs[failed]["status"]) == ("SUCCESS", "FAILURE")
    until(lambda: client.balance() == before - 10, 60)


class Early:
    """A process of this release, on whatever tables there are."""

    def __init__(self, releases: Releases, module: str) -> None:
        self._port, port = free_ports(2)
        self._log = releases.folder / f"{module}.log"
        env = {"PATH": os.environ["PATH"], **SETTINGS, "LOOKS_HEALTH_PORT": str(self._port)}
        env |= {one: releases.services.env[one] for one in OF_SERVICES}
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=CHECKOUT,
                env=env | {"LOOKS_API_PORT": str(port)},
                stderr=log,
            )

    @property
    def waits(self) -> bool:
        """Whether it has said for which migrations, the newest among them."""
        told = [line for line in self._log.read_text().splitlines() if "tables are older" in line]
        return len(told) == 1 and NEWEST in told[0]

    @property
    def ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx.get(f"http://127.0.0.1:{self._port}/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.mark.timeout(600)
def test_tables_and_processes_of_a_release_may_come_in_either_order(releases: Releases) -> None:
    with ExitStack() as stack:
        client = stack.enter_context(serving(releases.stack("old", PROCESSES, releases.previous)))
        early = [Early(releases, module) for module in FIRST]
        for one in early:
            stack.callback(one.process.kill)
        until(lambda: all(one.waits for one in early), 60)
        works(client)
        assert [one.ready for one in early] == [False] * len(early)
        assert NEWEST in looks(releases.services, "db", "migrate").stdout
        until(lambda: all(one.ready for one in early), 60)
        assert [one.stop() for one in early] == [0] * len(early)
        works(client)
    clean(releases)


@pytest.mark.timeout(600)
def test_halves_of_two_releases_work_together_either_way_round(releases: Releases) -> None:
    for name, api, others in (
        ("old-api", releases.previous, CHECKOUT),
        ("new-api", CHECKOUT, releases.previous),
    ):
        rest = releases.stack(f"{name}-rest", THE_OTHERS, others)
        with serving(releases.stack(name, WITH_API, api), rest) as client:
            works(client)
        clean(releases)


def clean(releases: Releases) -> None:
    audited = looks(releases.services, "audit", "--settle-s", "5")
    assert (audited.returncode, audited.stdout[:7]) == (0, "clean: "), audited.stdout
