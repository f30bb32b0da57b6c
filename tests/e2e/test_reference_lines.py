"""Each curl line that the reference of HTTP shows is typed as it stands: the API takes it."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.reference_page import curl
from devstack.stack import Stack
from domain.api_keys import CAPABILITIES
from tests.e2e.client import Client, small

HOOK = "https://example.com/hooks/looks"
NOWHERE = "http://127.0.0.1:9/hook"
LAST = (
    "cancel_job", "end_session", "sign_out", "sign_out_everywhere", "drop_draft", "delete_webhook",
    "revoke_key",
)  # fmt: skip
"""What removes something that other lines need, in this order."""


def order(name: str) -> int:
    """When a line is typed, among those that stand beside it."""
    return LAST.index(name) if name in LAST else -1


def made(stack: Stack, client: Client) -> dict[str, str]:
    """A key of its own, so that no other test's session ends here, and what the lines name."""
    asked = {"capabilities": list(CAPABILITIES), "name": "reference lines"}
    key = client.http.post("/v1/keys", json=asked).json()
    photo = client.put("users/abc/trial/shirt-1.jpg", small("tee"))
    look = client.accepted((photo, "shirt"))
    client.finish([look])
    upload = client.http.post("/v1/uploads", files={"file": small("tee")}).json()["upload_key"]
    hook = client.http.post("/v1/webhooks", json={"url": NOWHERE}).json()["id"]
    sent = client.http.post(f"/v1/webhooks/{hook}/test").json()["id"]
    refused = client.http.get("/v1/jobs", params={"limit": "none"})
    assert refused.status_code == 422
    return {
        "LOOKS_API_URL": stack.env["LOOKS_API_URL"],
        "LOOKS_API_KEY": key["key"],
        "KEY_ID": client.http.post("/v1/keys", json={**asked, "name": "spare"}).json()["id"],
        "REQUEST_ID": look,
        "UPLOAD_KEY": upload,
        "WEBHOOK_ID": hook,
        "DELIVERY_ID": sent,
        "REFUSED_ID": refused.json()["error"]["exchange_id"],
    }


@pytest.fixture(autouse=True)
def _no_webhook_stays(client: Client) -> Iterator[None]:
    """A webhook that stays is called for each look of the tests that follow."""

    def there() -> set[str]:
        return {one["id"] for one in client.http.get("/v1/webhooks").json()["items"]}

    before = there()
    yield
    for one in there() - before:
        client.http.delete(f"/v1/webhooks/{one}")


def typed(line: str, folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line.replace("curl ", "curl -s --fail-with-body ", 1)],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


def test_every_line_of_the_reference_is_taken(stack: Stack, client: Client, tmp_path: Path) -> None:
    document: dict[str, Any] = httpx.get(f"{stack.env['LOOKS_API_URL']}/openapi.json").json()
    lines = {
        one["operationId"]: curl(method.upper(), path, one)
        for path, methods in document["paths"].items()
        for method, one in methods.items()
    }
    assert len(lines) > 40
    env = made(stack, client)
    (tmp_path / "shirt.jpg").write_bytes(small("tee"))
    for name in sorted(lines, key=order):
        line = lines[name].replace(HOOK, NOWHERE)
        if name == "cancel_job":
            env["REQUEST_ID"] = client.accepted(("users/abc/trial/shirt-1.jpg", "shirt"))
        if name == "get_refused_request":  # the id that an error says, not a look's
            line = line.replace("$REQUEST_ID", "$REFUSED_ID")
        said = typed(line, tmp_path, env)
        if name == "list_sessions":
            env["SESSION_ID"] = str(re.findall(r'"id":\s*"(\w+)"', said)[0])
    client.http.put("/v1/credits/notice", json={"low_balance": None})  # the tenant's, as it was
    assert {one.name for one in tmp_path.iterdir()} >= {"picture.webp", "pictures.zip"}
    assert (tmp_path / "picture.jpg").read_bytes()[:2] == b"\xff\xd8"
