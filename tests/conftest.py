"""The stacks that tests run on: real Kafka, Postgres and S3, embedded or in containers
(LOOKS_TEST_STACK=docker).
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from devstack.folder import free_ports
from devstack.stack import Stack
from tests import shared_services
from tests.engine_server import TOKEN
from tests.otlp import TRACED

# A machine that is busy with other work is no fault of what is tested.
settings.register_profile("looks", deadline=None)
settings.load_profile("looks")

GARMENTS = Path(__file__).resolve().parents[2] / "shared" / "garments"

SETTINGS = {
    "LOOKS_LOOK_DEADLINE_S": "240",
    "LOOKS_LOOK_CLOCK_MARGIN_S": "1",
    "LOOKS_KAFKA_TRANSACTION_TIMEOUT_S": "5",
    "LOOKS_KAFKA_SESSION_TIMEOUT_S": "6",
    "LOOKS_DRAIN_TIMEOUT_S": "10",
}
"""Shorter times than in production, so that a killed process is replaced within seconds. A deadline
that slow machines keep.
"""

QUICK_JAVA = "-XX:TieredStopAtLevel=1"
"""A broker of tests does not live long enough to earn back what the better compiler takes."""

WHOLE = "tests/e2e/"
"""All of it is run by one worker: the whole system is there once."""
APART = frozenset({"tests/e2e/test_killed_processes.py"})
"""But for these, which have a system of their own."""
GROUPS = dict.fromkeys(
    (f"tests/integration/test_{name}.py" for name in ("examples", "replay", "topic_commands")),
    "consumer groups",
)
"""Replaying must touch no consumer group, and the others make some."""
LONGEST = (WHOLE, *(f"tests/unit/compositing/test_{name}.py" for name in ("fuzz", "quality")))
"""Run first, so that no worker waits for another at the end."""

ENGINE_PORT = free_ports(1)[0]
"""Where the stack looks for its remote engine: it is there while a test that needs it runs
(`tests.engine_server`).
"""


@contextmanager
def stack_folder() -> Iterator[Path]:
    """Where a stack may lie: pytest closes its own folders to other users at each start, and
    Postgres is one.
    """
    with tempfile.TemporaryDirectory(prefix="looks-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "stack"


def running_stack(
    processes: tuple[str, ...], services: Callable[[], dict[str, str]] | None = None
) -> Iterator[Stack]:
    """A stack in a folder of its own, with services of its own unless `services` says where others
    are.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(stack_folder())
        env = {
            **SETTINGS,
            "LOOKS_ENGINE_URL": f"http://127.0.0.1:{ENGINE_PORT}",
            "LOOKS_ENGINE_TOKEN": TOKEN,
            **TRACED,
        }
        if services is not None:
            env |= services()
        elif shared_services.in_containers():
            from tests.containers import services as containers  # noqa: PLC0415 (needs a Docker engine)

            env |= stack.enter_context(containers())
        running = Stack(folder, processes, env)
        stack.callback(shared_services.stop, running)
        running.start()
        yield running


def pytest_configure(config: pytest.Config) -> None:
    """Services that all workers share are stopped by whoever starts the workers."""
    os.environ.setdefault("LOOKS_DEV_JAVA_OPTIONS", QUICK_JAVA)
    if hasattr(config, "workerinput"):
        config.add_cleanup(shared_services.end_containers)
    else:
        config.add_cleanup(partial(shared_services.end, shared_services.begin()))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest begin first."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "LoadScopeScheduling | None":
    """`--dist loadscope` gives a module to one worker, and with it all that shares more than that.

    xdist's own `loadgroup` does not group: it writes groups where pytest 9.2 keeps no names.
    """
    return _ByGroup(config, log) if config.getoption("dist") == "loadscope" else None


class _ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if module.startswith(WHOLE) and module not in APART:
            return WHOLE
        return GROUPS.get(module, module)


@pytest.fixture(scope="session")
def services() -> Iterator[Stack]:
    """Kafka, Postgres and S3 with tables, topics, bucket and tenants, and none of our processes."""
    yield from running_stack((), shared_services.place)


@pytest.fixture(scope="module")
def fresh_services() -> Iterator[Stack]:
    """As `services`, which a file names so that it means these: topics and tables that no other
    file has left records on, nor meets what this one leaves.
    """
    yield from running_stack((), shared_services.place)


@pytest.fixture(scope="session")
def garments() -> Path:
    """Real product photos, where this checkout has them beside it."""
    if not (GARMENTS / "manifest.json").exists():
        pytest.skip(
            "no photos: ../shared/garments is absent (test data that is not part of the project)"
        )
    return GARMENTS
