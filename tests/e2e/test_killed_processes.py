"""SIGKILL any one process, or service, while looks are in flight: nothing is lost, nothing
doubled.
"""

from collections.abc import Iterator

import httpx
import pytest

from devstack.stack import ALL, Stack
from tests.conftest import running_stack
from tests.e2e.auditing import audit
from tests.e2e.client import TERMINAL, Client, until

IN_FLIGHT = 24
"""So many that some are at work when the blow falls, which is asserted: more would only be made
after it, undisturbed.
"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system, on services of its own: they are killed here."""
    yield from running_stack(ALL)


@pytest.mark.hostile(row=25)
@pytest.mark.parametrize("name", [name for name in ALL if name != "api"])
def test_a_killed_process_loses_and_doubles_nothing(
    stack: Stack, client: Client, name: str
) -> None:
    keys = client.wardrobe(["tee"])
    requests = [client.accepted((keys["tee"], "top")) for _ in range(IN_FLIGHT)]
    until(
        lambda: any(client.job(request_id)["status"] == "SUCCESS" for request_id in requests),
        120,
    )
    assert _some_at_work(client, requests)
    killed = stack.kill(name)
    jobs = client.finish(requests)
    assert {job["status"] for job in jobs.values()} == {"SUCCESS"}
    until(lambda: stack.pid(name) != killed, 120)
    code, output = audit(stack, "--settle-s", "5", "--sample", str(IN_FLIGHT))
    assert code == 0, output


@pytest.mark.hostile(row=25)
@pytest.mark.parametrize("name", ["kafka", "postgres", "s3"])
def test_a_killed_service_loses_and_doubles_nothing(
    stack: Stack, client: Client, name: str
) -> None:
    keys = client.wardrobe(["tee"])
    requests = [client.accepted((keys["tee"], "top")) for _ in range(IN_FLIGHT)]
    assert _some_at_work(client, requests)
    stack.kill(name)
    jobs = client.finish(requests)
    assert all(job["status"] == "SUCCESS" or job["refunded"] for job in jobs.values())
    code, output = audit(stack, "--settle-s", "8", "--sample", str(IN_FLIGHT))
    assert code == 0, output


@pytest.mark.hostile(row=25)
def test_a_killed_api_loses_no_accepted_look(stack: Stack, client: Client) -> None:
    keys = client.wardrobe(["tee"])
    requests = [client.accepted((keys["tee"], "top")) for _ in range(IN_FLIGHT)]
    assert _some_at_work(client, requests)
    stack.kill("api")
    until(lambda: _answers(client), 120)
    jobs = client.finish(requests)
    assert {job["status"] for job in jobs.values()} == {"SUCCESS"}
    code, output = audit(stack, "--settle-s", "5", "--sample", str(IN_FLIGHT))
    assert code == 0, output


def _some_at_work(client: Client, requests: list[str]) -> bool:
    """Whether not all have ended."""
    return any(client.job(one)["status"] not in TERMINAL for one in reversed(requests))


def _answers(client: Client) -> bool:
    try:
        return client.http.get("/v1/credits").status_code == 200
    except httpx.TransportError:
        return False
