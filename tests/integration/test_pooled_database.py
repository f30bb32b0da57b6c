"""Postgres as managed services give it: behind a pooler that keeps sessions for one transaction,
and with replicas that come and go.
"""

import asyncio
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from devstack.folder import StackFolder, free_ports
from devstack.part import Part
from devstack.stack import ALL, Stack
from runtime.settings import DatabaseSettings
from storage.acceptance import Acceptance
from storage.database import open_pool, open_reader
from storage.jobs import JobFilter, JobStore
from storage.reads import ReadPool
from tests import shared_services
from tests.conftest import running_stack, stack_folder
from tests.e2e.client import Client
from tests.integration.accepting import ENVIRONMENT, TENANT, accept
from tests.integration.parts import supervised
from tests.integration.test_command_line import looks

KEEPS_STATEMENTS = (1, 21)
"""The version since which PgBouncer knows prepared statements in transaction mode."""
SESSIONS = 3
"""Fewer than its clients have connections: they take turns, transaction by transaction."""
CONFIGURATION = """
[databases]
* = host=127.0.0.1 port={server_port} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
pool_mode = transaction
max_prepared_statements = 200
default_pool_size = {sessions}
max_client_conn = 200
unix_socket_dir =
"""


def lacks() -> str | None:
    """Why there is no pooler to test with; None: there is one."""
    program = shutil.which("pgbouncer")
    if program is None:
        return "there is no pgbouncer on PATH"
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = tuple(int(part) for part in said.stdout.split()[1].split(".")[:2])
    return None if version >= KEEPS_STATEMENTS else f"{said.stdout.split()[1]} is too old"


def answers(port: int) -> bool:
    with closing(socket.socket()) as connection:
        connection.settimeout(1)
        return connection.connect_ex(("127.0.0.1", port)) == 0


def pooler(folder: StackFolder, port: int, server_port: int) -> Part:
    configuration = folder.data / "pgbouncer.ini"
    configuration.write_text(
        CONFIGURATION.format(port=port, server_port=server_port, sessions=SESSIONS)
    )
    configuration.chmod(0o644)
    return Part(
        name="pgbouncer",
        argv=("pgbouncer", "-u", "nobody", str(configuration)),
        ready=lambda: answers(port),
    )


def pooled(env: dict[str, str], port: int) -> dict[str, str]:
    """The same database through the pooler."""
    url = urlsplit(env["LOOKS_DATABASE_URL"])
    return env | {
        "LOOKS_DATABASE_URL": url._replace(netloc=f"postgres@127.0.0.1:{port}").geturl(),
        "LOOKS_DATABASE_DIRECT_URL": url.geturl(),
        "LOOKS_DATABASE_POOLED": "true",
    }


@pytest.fixture(scope="module")
def pooled_stack() -> Iterator[Stack]:
    """The whole system behind a pooler with less sessions than it has connections."""
    if (why := lacks()) is not None:
        pytest.skip(f"no pooler: {why}")
    env = shared_services.place()
    with stack_folder() as root:
        folder = StackFolder(root)
        folder.create()
        server_port = urlsplit(env["LOOKS_DATABASE_URL"]).port or 5432
        (port,) = free_ports(1)
        with supervised(folder, [pooler(folder, port, server_port)]):
            yield from running_stack(ALL, lambda: pooled(env, port))


@pytest.fixture(scope="module")
def client(pooled_stack: Stack) -> Iterator[Client]:
    made = Client(pooled_stack)
    yield made
    made.close()


async def sessions(stack: Stack, names: tuple[str, ...]) -> dict[str, int]:
    """Of Postgres, by the name that a client gave itself."""
    connection = await asyncpg.connect(stack.env["LOOKS_DATABASE_DIRECT_URL"])
    try:
        rows = await connection.fetch(
            "SELECT application_name, count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = ANY($1) GROUP BY 1",
            list(names),
        )
    finally:
        await connection.close()
    return {row[0]: row[1] for row in rows}


def test_looks_succeed_fail_and_are_streamed_through_a_pooler_and_the_audit_is_clean(
    pooled_stack: Stack, client: Client
) -> None:
    keys = client.wardrobe(["tee"])
    before = client.balance()
    made = [client.accepted((keys["tee"], "top")) for _ in range(6)]
    failed = client.accepted(("users/abc/absent.jpg", "top"))
    jobs = client.finish([*made, failed])
    assert {jobs[one]["status"] for one in made} == {"SUCCESS"}
    assert jobs[failed]["status"] == "FAILURE"
    assert client.balance() == before - 10 * len(made)
    there = asyncio.run(sessions(pooled_stack, ("looks", "looks-listener")))
    assert there["looks-listener"] == 3, "API, relay and senders hear on sessions of their own"
    assert there.get("looks", 0) <= SESSIONS
    audited = looks(pooled_stack, "audit", "--settle-s", "5")
    assert (audited.returncode, audited.stdout[:7]) == (0, "clean: "), audited.stdout


def test_commands_that_need_a_session_go_past_the_pooler(pooled_stack: Stack) -> None:
    assert looks(pooled_stack, "db", "migrate").stdout == "up to date\n"
    rebuilt = looks(pooled_stack, "db", "rebuild-projection", "--dry-run")
    assert rebuilt.returncode == 0, rebuilt.stderr
    discarded = looks(pooled_stack, "dlq", "discard", "--why", "a test", "--yes", "--since", "1h")
    assert discarded.returncode == 0, discarded.stderr


async def test_many_clients_at_once_are_given_their_own_statements(pooled_stack: Stack) -> None:
    settings = DatabaseSettings.model_validate(
        {
            "url": pooled_stack.env["LOOKS_DATABASE_URL"],
            "direct_url": pooled_stack.env["LOOKS_DATABASE_DIRECT_URL"],
            "pooled": True,
        }
    )
    async with AsyncExitStack() as stack:
        pools = [await stack.enter_async_context(open_pool(settings)) for _ in range(4)]

        async def asks(pool: asyncpg.Pool, number: int) -> None:
            for turn in range(40):
                # Of another text for each client, and longer than asyncpg keeps unless it is told
                sql = f"SELECT $1::int + {number} /* {'x' * 20_000} */"
                assert await pool.fetchval(sql, turn) == turn + number

        await asyncio.gather(*(asks(pool, number) for pool in pools for number in range(6)))


@dataclass
class Standby:
    """A place that leads to Postgres, or to nobody."""

    port: int
    server: asyncio.Server | None = None
    asked: int = 0


@pytest.fixture
async def standby(services: Stack) -> AsyncIterator[Standby]:
    """A way to the database that counts who takes it, and can be closed."""
    made = Standby(free_ports(1)[0])
    there = urlsplit(services.env["LOOKS_DATABASE_URL"])

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.asked += 1
        back, out = await asyncio.open_connection(there.hostname, there.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, out), pump(back, writer), return_exceptions=True)

    made.server = await asyncio.start_server(carry, "127.0.0.1", made.port)
    yield made
    made.server.close()


async def test_lists_are_read_from_replicas_and_from_the_primary_while_they_are_away(
    services: Stack, standby: Standby
) -> None:
    url = services.env["LOOKS_DATABASE_URL"]
    reader = urlsplit(url)._replace(netloc=f"postgres@127.0.0.1:{standby.port}").geturl()
    settings = DatabaseSettings.model_validate({"url": url, "reader_url": reader})
    async with open_pool(settings) as pool, open_reader(settings) as replicas:
        store = JobStore(pool, ReadPool(pool, replicas))
        (accepted,) = await accept(Acceptance(pool, batch_max=8, queue_max=8))
        assert standby.asked == 0, "what was just made is asked of the primary"
        assert await store.job(TENANT, ENVIRONMENT, accepted) is not None
        assert standby.asked == 0
        listed = await store.jobs(TENANT, ENVIRONMENT, JobFilter(), 1)
        assert ([one.request_id for one in listed], standby.asked) == ([accepted], 1)
        assert standby.server is not None
        standby.server.close()
        assert replicas is not None
        await replicas.expire_connections()
        for _ in range(2):
            listed = await store.jobs(TENANT, ENVIRONMENT, JobFilter(), 1)
            assert [one.request_id for one in listed] == [accepted]
