"""Looks by a remote engine on a running stack: the example's server, killed in mid-look and started
again.
"""

import hashlib
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import psutil
import pytest

from devstack.stack import Stack
from tests.conftest import ENGINE_PORT
from tests.e2e.auditing import audit
from tests.e2e.client import Client, until
from tests.engine_server import Server, started
from tests.integration.test_command_line import looks

SMALL = {"width": 256, "format": "jpeg"}


@pytest.fixture
def engine() -> Iterator[Server]:
    with started(ENGINE_PORT) as server:
        yield server


def sha_of(job: dict[str, Any]) -> str:
    """Of the final picture, fetched as a client would."""
    return hashlib.sha256(
        httpx.get(job["artifacts"][0]["image_url"], timeout=30).content
    ).hexdigest()


def made_by(job: dict[str, Any]) -> str:
    """The version of the engine that made a look."""
    return str(job["latest_event"]["extra"]["engine_version"])


def test_a_look_by_the_remote_engine_is_the_look_that_was_asked_for(
    stack: Stack, client: Client, engine: Server
) -> None:
    keys = client.wardrobe(["tee"])
    remote = client.accepted((keys["tee"], "top"), runtime_config={**SMALL, "engine": "remote"})
    own = client.accepted((keys["tee"], "top"), runtime_config={**SMALL, "engine": "classical"})
    jobs = client.finish([remote, own])
    assert {job["status"] for job in jobs.values()} == {"SUCCESS"}
    assert sha_of(jobs[remote]) == sha_of(jobs[own]), "the example serves our own engine"
    for request_id, name in ((remote, f"{remote}-{sha_of(jobs[remote])[:16]}"), (own, own)):
        assert f"results/demo/{name}.jpg?" in jobs[request_id]["artifacts"][0]["image_url"]
    assert made_by(jobs[remote]) == f"remote:{made_by(jobs[own])}"
    code, output = audit(stack, "--settle-s", "5", "--sample", "50")
    assert code == 0, output


def test_a_photo_that_the_remote_engine_can_not_use_fails_at_once_and_is_refunded(
    client: Client, engine: Server
) -> None:
    key = client.put("users/abc/tests/no-photo.jpg", b"no photo")
    good = client.wardrobe(["tee"])["tee"]
    request = client.accepted(
        (good, "top"), (key, "jeans"), runtime_config={**SMALL, "engine": "remote"}
    )
    job = client.finish([request])[request]
    assert (job["status"], job["error"]["code"], job["error"]["item_index"]) == (
        "FAILURE",
        "image_unreadable",
        1,
    )
    assert stages(client, request).count("composing") == 1


def test_an_engine_that_is_killed_in_mid_look_is_asked_again_and_all_ends_well(
    stack: Stack, client: Client
) -> None:
    keys = client.wardrobe(["tee"])
    with started(ENGINE_PORT) as first:
        first.send(signal.SIGSTOP)  # it takes connections and does nothing
        request = client.accepted(
            (keys["tee"], "top"), runtime_config={**SMALL, "engine": "remote"}
        )
        own = client.accepted((keys["tee"], "top"), runtime_config={**SMALL, "engine": "classical"})
        until(lambda: connected(stack), 60)
        assert client.finish([own])[own]["status"] == "SUCCESS", (
            "an engine that hangs holds up no look of our own"
        )
        assert client.job(request)["status"] == "IN_PROGRESS"
        first.kill()
    until(lambda: "retrying" in stages(client, request), 60)
    with started(ENGINE_PORT):
        job = client.finish([request])[request]
    assert made_by(job).startswith("remote:")
    assert stages(client, request).count("composing") > 1
    code, output = audit(stack, "--settle-s", "5", "--sample", "50")
    assert code == 0, output


def test_a_tenants_looks_are_made_by_its_engine(stack: Stack, engine: Server) -> None:
    tenant = f"remote{time.time_ns()}"
    assert looks(stack, "tenants", "create", tenant, "--prefix", "users/abc").returncode == 0
    assert looks(stack, "tenants", "engine", tenant, "remote").returncode == 0
    assert (
        looks(
            stack, "credits", "grant", "--tenant", tenant, "--amount", "10", "--reference", "r"
        ).returncode
        == 0
    )
    client = Client(stack, looks(stack, "keys", "create", "--tenant", tenant).stdout.strip())
    keys = client.wardrobe(["tee"])
    request = client.accepted((keys["tee"], "top"))
    assert made_by(client.finish([request])[request]).startswith("remote:")
    client.close()


def stages(client: Client, request_id: str) -> list[str]:
    events = client.http.get(f"/v1/jobs/{request_id}/events?since=0").json()["items"]
    return [str(event["stage"]) for event in events]


def connected(stack: Stack) -> bool:
    """Whether a process of the compositor has a connection to the engine."""
    compositor = psutil.Process(stack.pid("compositor"))
    return any(
        connection.raddr and connection.raddr.port == ENGINE_PORT
        for process in (compositor, *compositor.children(recursive=True))
        for connection in process.net_connections("tcp")
    )
