"""The database is a server that only reads, cuts connections, takes no more of them, or is started
anew: the API says 503 with Retry-After, is not ready, and finds the primary when there is one.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from devstack.stack import Stack
from tests.conftest import running_stack
from tests.integration.conftest import until
from tests.shared_services import in_containers

PROCESSES = ("outbox_relay", "api")
OURS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'looks%'"
LOOK = {
    "user_category": "MALE",
    "items": [{"trial_image": "users/abc/none.jpg", "trial_item_category": "shirt"}],
}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """Not the session's: what is done to its database stops everybody."""
    if in_containers():
        pytest.skip("it stops and changes the development stack's own Postgres, not a container's")
    yield from running_stack(PROCESSES)


@pytest.fixture
async def client(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {stack.env['LOOKS_API_KEY']}"}
    async with httpx.AsyncClient(
        base_url=stack.env["LOOKS_API_URL"], headers=headers, timeout=30
    ) as made:
        yield made


@pytest.fixture
async def operator(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may do anything, also on a server that only reads."""
    connection = await asyncpg.connect(stack.env["LOOKS_DATABASE_URL"])
    await connection.execute("SET default_transaction_read_only = off")
    yield connection
    await connection.close()


@asynccontextmanager
async def only_reading(operator: asyncpg.Connection) -> AsyncIterator[None]:
    """The server behaves as an old primary after a failover."""
    await operator.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await operator.execute("SELECT pg_reload_conf()")
    try:
        yield
    finally:
        await operator.execute("ALTER SYSTEM RESET default_transaction_read_only")
        await operator.execute("SELECT pg_reload_conf()")


async def post(client: httpx.AsyncClient) -> httpx.Response:
    return await client.post("/v1/look", json=LOOK)


def answers(client: httpx.AsyncClient, status: int) -> Callable[[], Awaitable[object]]:
    """Whether a post is answered so; nothing but 202 and 503 is ever seen."""

    async def there() -> bool:
        answer = await post(client)
        assert answer.status_code in {202, 503}, answer.text
        if answer.status_code == 503:
            assert answer.headers["retry-after"] == "1"
            assert answer.json()["error"]["code"] == "UNAVAILABLE"
        return answer.status_code == status

    return there


def ready(stack: Stack, wanted: int) -> Callable[[], Awaitable[object]]:
    ports = json.loads((stack.folder.data / "ports.json").read_text())

    async def there() -> bool:
        async with httpx.AsyncClient() as http:
            try:
                seen = [
                    (await http.get(f"http://127.0.0.1:{ports[f'health_{name}']}/health/ready"))
                    for name in PROCESSES
                ]
            except httpx.ConnectError:  # it has just been started
                return False
        return [answer.status_code for answer in seen] == [wanted] * len(PROCESSES)

    return there


async def test_a_server_that_turned_read_only_is_left_by_all_and_found_again_when_it_writes(
    stack: Stack, client: httpx.AsyncClient, operator: asyncpg.Connection
) -> None:
    assert (await post(client)).status_code == 202
    held = {row["pid"] for row in await operator.fetch(OURS)}
    assert held
    api = stack.pid("api")
    async with only_reading(operator):
        await until(answers(client, 503))
        await until(ready(stack, 503))

        async def left() -> bool:
            return not held & {row["pid"] for row in await operator.fetch(OURS)}

        await until(left)
        read = await client.get("/v1/jobs")
        assert (read.status_code, read.headers["retry-after"]) == (503, "1")
    await until(answers(client, 202))
    await until(ready(stack, 200))
    assert stack.pid("api") == api, "it went on, and was not started anew"


async def test_a_process_that_is_started_meanwhile_waits_for_a_server_that_can_be_written(
    stack: Stack, operator: asyncpg.Connection
) -> None:
    relay = stack.pid("outbox_relay")
    async with only_reading(operator):
        stack.kill("outbox_relay")
        said = "the database can't be written: not ready"

        async def waits() -> bool:
            lines = stack.log("outbox_relay").splitlines()
            begun = max(at for at, line in enumerate(lines) if '"started"' in line)
            return stack.pid("outbox_relay") != relay and said in "".join(lines[begun:])

        await until(waits)
        waiting = stack.pid("outbox_relay")
    await until(ready(stack, 200))
    assert stack.pid("outbox_relay") == waiting, "it did not end for that"


async def test_connections_cut_in_the_middle_are_never_an_error_of_ours(
    client: httpx.AsyncClient, operator: asyncpg.Connection
) -> None:
    posts = [asyncio.create_task(post(client)) for _ in range(40)]
    for _ in range(10):
        await operator.execute(f"SELECT pg_terminate_backend(pid) FROM ({OURS}) AS ours")
        await asyncio.sleep(0)
    assert {answer.status_code for answer in await asyncio.gather(*posts)} <= {202, 503}
    await until(answers(client, 202))


async def test_a_database_that_lets_nobody_in_is_unavailable(
    stack: Stack, client: httpx.AsyncClient, operator: asyncpg.Connection
) -> None:
    await operator.execute("ALTER ROLE postgres NOLOGIN")
    try:
        await operator.execute(f"SELECT pg_terminate_backend(pid) FROM ({OURS}) AS ours")
        await until(answers(client, 503))
        await until(ready(stack, 503))
    finally:
        await operator.execute("ALTER ROLE postgres LOGIN")
    await until(answers(client, 202))
    await until(ready(stack, 200))


async def test_a_database_that_is_started_anew_costs_nothing_but_503(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    stack.kill("postgres")
    await until(answers(client, 202))
    await until(ready(stack, 200))
