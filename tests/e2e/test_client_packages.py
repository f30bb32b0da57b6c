"""The clients as packages, in environments that hold nothing else: the sessions of README.md run as
they stand there, from an install to a verified webhook and a picture.
"""

import re
import subprocess
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from standardwebhooks import Webhook

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from domain.webhooks import make_secret
from tests.e2e.client import Client, small
from tests.packages import built_wheel, installed, needed, npm, packed, plain_environment

README = (CHECKOUT / "README.md").read_text()
WITHIN_S = 120
BROUGHT = """
from importlib.metadata import files
print(*{one.parts[0] for one in files("looks-client")})
"""


@pytest.fixture
def shop(stack: Stack, client: Client) -> dict[str, str]:
    """What the shell of a reader of the README holds after `. .dev/env`."""
    client.wardrobe(["tee", "skirt"], "users/abc/wardrobe")
    names = ("LOOKS_API_URL", "LOOKS_API_KEY")
    return {**plain_environment(), **{name: stack.env[name] for name in names}}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The Python client, built."""
    return str(built_wheel(tmp_path_factory.mktemp("wheel")))


def session(language: str) -> str:
    """The program of the README in this language."""
    (code,) = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(code)


def run(argv: list[str | Path], folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        argv, cwd=folder, env=env, capture_output=True, text=True, timeout=WITHIN_S, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def holds(folder: Path, said: str) -> None:
    """The events came in order, the call was verified, and the picture is one."""
    seen = [int(line.split()[0]) for line in said.splitlines() if line[0].isdigit()]
    assert seen == list(range(1, len(seen) + 1))
    assert len(seen) >= 3
    assert "verified: look.completed" in said
    picture = (folder / "look.webp").read_bytes()
    assert (picture[:4], picture[8:12]) == (b"RIFF", b"WEBP")


def test_the_wheel_alone_makes_a_look_and_verifies_its_webhook(
    shop: dict[str, str], wheel: str, tmp_path: Path
) -> None:
    python = installed(tmp_path / "env", wheel)
    (tmp_path / "first_look.py").write_text(session("python"))
    holds(tmp_path, run([python, "first_look.py"], tmp_path, shop))
    rooms = run([python, "-c", BROUGHT], tmp_path, shop).split()
    assert sorted(rooms) == ["looks_client", "looks_client-0.3.0.dist-info"]


def test_the_tarball_alone_makes_a_look_and_verifies_its_webhook(
    shop: dict[str, str], tmp_path: Path
) -> None:
    node = needed("node")
    (tmp_path / "pack").mkdir()
    tarball = packed(tmp_path / "pack")
    folder = tmp_path / "shop"
    folder.mkdir()
    npm(folder, "install", "--offline", str(tarball))
    assert [one.name for one in (folder / "node_modules").iterdir() if one.name[0] != "."] == [
        "@looks"
    ]
    (folder / "first-look.mjs").write_text(session("js"))
    holds(folder, run([node, "first-look.mjs"], folder, shop))


IN_A_BROWSER = """async ({ key, tee, body, headers, secret }) => {
  const { Looks, verifyWebhook } = await import("/installed/index.js");
  const looks = new Looks({ apiKey: key, baseUrl: location.origin });
  const bytes = Uint8Array.from(atob(tee), (one) => one.charCodeAt(0));
  const photo = await looks.upload(new Blob([bytes]));
  const { request_id } = await looks.createLook([[photo, "t-shirt"]]);
  const seen = [];
  const job = await looks.wait(request_id, { onEvent: (event) => seen.push(event.seq) });
  const picture = await looks.downloadPicture(request_id);
  const event = await verifyWebhook(new TextEncoder().encode(body), headers, secret);
  return { status: job.status, seen, kind: picture.type, type: event.type };
}"""


def test_the_tarball_s_modules_do_the_same_in_a_browser(
    browser: Browser, stack: Stack, tmp_path: Path
) -> None:
    """Served beside the API, as a page of a tenant's own behind one address would be."""
    npm(tmp_path, "install", "--offline", str(packed(tmp_path)))
    modules = tmp_path / "node_modules" / "@looks" / "client" / "dist"
    secret, body = make_secret(bytes(24)), '{"type": "look.completed", "data": {}}'
    now = datetime.now(UTC)
    headers = {
        "webhook-id": "01M86RZTNE5Q1DMZJ1M4VR1T7K",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("01M86RZTNE5Q1DMZJ1M4VR1T7K", now, body),
    }
    context = browser.new_context()
    page = context.new_page()
    address = stack.env["LOOKS_API_URL"]
    page.route(
        f"{address}/installed/*",
        lambda route: route.fulfill(
            path=modules / route.request.url.rpartition("/")[2], content_type="text/javascript"
        ),
    )
    page.route(
        f"{address}/shop",
        lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"),
    )
    page.goto(f"{address}/shop")
    told = page.evaluate(
        IN_A_BROWSER,
        {
            "key": stack.env["LOOKS_API_KEY"],
            "tee": b64encode(small("tee")).decode(),
            "body": body,
            "headers": headers,
            "secret": secret,
        },
    )
    context.close()
    assert (told["status"], told["kind"]) == ("SUCCESS", "image/webp")
    assert told["seen"] == list(range(1, len(told["seen"]) + 1))
    assert told["type"] == "look.completed"


def test_a_subscriber_s_test_runs_from_the_wheel_alone(wheel: str, tmp_path: Path) -> None:
    python = installed(tmp_path / "env", wheel, "pytest")
    code = (CHECKOUT / "examples" / "test_my_subscriber.py").read_text()
    (tmp_path / "test_my_subscriber.py").write_text(code)
    argv: list[str | Path] = [python, "-m", "pytest", "-q", "test_my_subscriber.py"]
    assert "1 passed" in run(argv, tmp_path, plain_environment())
