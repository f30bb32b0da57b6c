"""The whole OpenAPI document under Schemathesis, against the real stack: examples, coverage,
fuzzing, and states by links.

The API is a process of its own beside the stack's, with limits on rates and guesses that a thousand
hostile requests a minute do not meet; the pipeline behind it is the stack's.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from devstack.folder import free_ports
from devstack.stack import Stack
from domain.api_keys import CAPABILITIES
from schemas.ids import new_request_id
from storage.accounts import AccountStore
from tests.e2e.client import Client, small, until

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIG = CHECKOUT / "tests" / "e2e" / "surface" / "schemathesis.toml"
CREDITS = 600
MET = (
    "POST /v1/look", "POST /v1/webhooks", "GET /v1/jobs/{request_id}",
    "GET /v1/jobs/{request_id}/events", "GET /v1/jobs/{request_id}/events/stream",
    "PATCH /v1/webhooks/{webhook_id}",
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}",
)  # fmt: skip
"""Operations that must have succeeded at least once, or the run has seen little behind its
refusals.
"""
UNMET = {
    f"LOOKS_API_{name}": "100000"
    for name in (
        "RATE_PER_S", "RATE_BURST", "READ_RATE_PER_S", "READ_RATE_BURST", "AUTH_FAILURES_PER_S",
        "AUTH_FAILURES_BURST",
    )
}  # fmt: skip


async def tenants(url: str) -> list[tuple[str, str]]:
    """Keys' ids and keys of two new tenants: one may name what lies below users/abc/, the other has
    things of its own.
    """
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        store, keys = AccountStore(pool), []
        for prefix in ("users/abc/", "users/elsewhere/"):
            tenant = f"surface-{new_request_id().lower()}"
            await store.create_tenant(tenant, [prefix])
            await store.grant(tenant, "live", CREDITS, "surface")
            keys.append(await store.create_key(tenant, "live", CAPABILITIES))
    return keys


@pytest.fixture
def unlimited(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The address of an API without limits of rates over the stack's services."""
    (port,) = free_ports(1)
    env = {
        **os.environ,
        **stack.env,
        **UNMET,
        "LOOKS_API_PORT": str(port),
        "LOOKS_INSTANCE": "surface",
    }
    with (tmp_path / "api.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api"], env=env, cwd=CHECKOUT, stdout=log, stderr=log
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), 60, lambda: (tmp_path / "api.log").read_text()[-2000:])
        yield url
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    """Whether somebody serves there."""
    try:
        return httpx.get(f"{url}/openapi.json").is_success
    except httpx.TransportError:
        return False


@pytest.mark.hostile(row=48)
@pytest.mark.timeout(600)
def test_row_48_no_request_finds_an_error_of_ours_or_anything_of_another_tenant(
    stack: Stack, client: Client, unlimited: str, tmp_path: Path
) -> None:
    (key_id, key), (_, other) = asyncio.run(tenants(stack.env["LOOKS_DATABASE_URL"]))
    env = {
        **os.environ,
        "LOOKS_SURFACE_KEY": key,
        "LOOKS_SURFACE_KEY_ID": key_id,
        "LOOKS_SURFACE_OTHER_KEY": other,
        "LOOKS_SURFACE_PHOTO": client.put("users/abc/surface/tee.jpg", small("tee")),
        "LOOKS_SURFACE_TARGET": "http://127.0.0.1:9/",
    }
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run",
            f"{unlimited}/openapi.json",
            "--report-json-path", report, "--no-color",
        ],
        env=env, cwd=CHECKOUT, capture_output=True, text=True, timeout=540, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-2000:]
    said = json.loads(report.read_text())
    assert said["operations"]["tested"] == said["operations"]["total"] > 20
    assert said["test_cases"]["generated"] > 500
    assert {phase["status"] for phase in said["phases"].values()} == {"success"}, said["phases"]
    for operation in MET:
        assert sum(phase["accepted"] for phase in said["valid_rates"][operation].values()) > 0, (
            operation
        )
