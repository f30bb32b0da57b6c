"""The clients as packages, in environments that hold nothing else: the sessions of README.md run as
they stand there, from an install to a verified webhook and a picture.
"""

import re
import subprocess
from pathlib import Path

import pytest

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from tests.e2e.client import Client
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
    assert sorted(rooms) == ["looks_client", "looks_client-0.2.0.dist-info"]


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


def test_a_subscriber_s_test_runs_from_the_wheel_alone(wheel: str, tmp_path: Path) -> None:
    python = installed(tmp_path / "env", wheel, "pytest")
    code = (CHECKOUT / "examples" / "test_my_subscriber.py").read_text()
    (tmp_path / "test_my_subscriber.py").write_text(code)
    argv: list[str | Path] = [python, "-m", "pytest", "-q", "test_my_subscriber.py"]
    assert "1 passed" in run(argv, tmp_path, plain_environment())
