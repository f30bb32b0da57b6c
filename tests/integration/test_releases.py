"""A release takes the place of the one before it, process by process: both write and read the same
topics and the same tables, which have the newer release's migrations (they come first).
"""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from tests.conftest import SETTINGS, stack_folder
from tests.e2e.client import Client, until
from tests.integration.test_command_line import looks

PREVIOUS = "2460b338c2f21b6e985f9dd22f76b124e3a48a44"
"""What ran before: three migrations, traces, namespaces and the accepting statement of today are
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
    """Two checkouts, and services that have the newer one's tables."""

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
        services = Stack(root / "services", (), SETTINGS)
        stack.callback(services.stop)
        services.start()
        yield Releases(previous, services, root)


def works(api: Stack, *others: Stack) -> None:
    """One look succeeds, one fails and is refunded, through these processes; then they stop."""
    with ExitStack() as stack:
        for one in (*others, api):
            stack.callback(one.stop)
            one.start()
        client = Client(api)
        stack.callback(client.close)
        before, keys = client.balance(), client.wardrobe(["tee"])
        made = client.accepted((keys["tee"], "top"))
        failed = client.accepted(("users/abc/absent.jpg", "top"))
        jobs = client.finish([made, failed])
        assert (jobs[made]["status"], jobs[failed]["status"]) == ("SUCCESS", "FAILURE")
        until(lambda: client.balance() == before - 10, 60)


@pytest.mark.timeout(600)
def test_the_previous_release_works_on_the_tables_of_this_one(releases: Releases) -> None:
    works(releases.stack("old", PROCESSES, releases.previous))
    clean(releases)


@pytest.mark.timeout(600)
def test_halves_of_two_releases_work_together_either_way_round(releases: Releases) -> None:
    for name, api, others in (
        ("old-api", releases.previous, CHECKOUT),
        ("new-api", CHECKOUT, releases.previous),
    ):
        works(
            releases.stack(name, WITH_API, api), releases.stack(f"{name}-rest", THE_OTHERS, others)
        )
        clean(releases)


def clean(releases: Releases) -> None:
    audited = looks(releases.services, "audit", "--settle-s", "5")
    assert (audited.returncode, audited.stdout[:7]) == (0, "clean: "), audited.stdout
