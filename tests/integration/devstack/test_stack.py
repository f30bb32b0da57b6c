"""The development stack under bad luck: repeated, killed, orphaned, its ports taken, its home
read-only.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from devstack.bootstrap import environment, make_bucket, s3_credentials
from devstack.demo import object_store
from devstack.folder import CHECKOUT, StackFolder, cache_folder, choose_ports
from devstack.s3 import s3
from devstack.stack import Stack, StackFailed
from devstack.supervisor import end_orphans, is_same, remember
from tests.e2e.client import until
from tests.integration.parts import supervised

OBJECTS = 200


@pytest.fixture
def small_stack() -> Iterator[Stack]:
    """The services and one process, in a folder that other test runs do not close to Postgres."""
    with tempfile.TemporaryDirectory(prefix="looks-test-", ignore_cleanup_errors=True) as folder:
        made = Stack(Path(folder) / "dev", ("outbox_relay",))
        yield made
        made.stop()


def test_a_stack_survives_repetition_and_the_death_of_its_supervisor(small_stack: Stack) -> None:
    small_stack.start()
    small_stack.start()  # safe to repeat
    env = small_stack.env
    supervisor = psutil.Process(small_stack.pid("outbox_relay")).ppid()
    parts_are_left_out_until_they_are_brought_back(small_stack)
    relay = small_stack.pid("outbox_relay")
    small_stack.leave_out(["s3"])  # of this run
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not small_stack.running, 120)
    assert psutil.pid_exists(relay)  # an orphan now
    small_stack.start()
    assert not psutil.pid_exists(relay)
    assert small_stack.pid("s3")
    for name in ("LOOKS_API_KEY", "LOOKS_BENCH_API_KEY"):
        assert small_stack.env[name] == env[name] != ""
    small_stack.stop()
    small_stack.stop()  # safe to repeat
    assert not small_stack.running
    with pytest.raises(StackFailed):
        small_stack.pid("kafka")
    with pytest.raises(StackFailed, match="the stack is not running"):
        small_stack.leave_out(["kafka"])


def parts_are_left_out_until_they_are_brought_back(small_stack: Stack) -> None:
    kafka, relay = small_stack.pid("kafka"), small_stack.pid("outbox_relay")
    with pytest.raises(StackFailed, match="no_such is not running"):
        small_stack.leave_out(["outbox_relay", "no_such"])
    assert psutil.pid_exists(relay)  # all of them, or none
    small_stack.leave_out(["outbox_relay", "s3"])
    small_stack.leave_out(["s3"])  # safe to repeat
    assert not psutil.pid_exists(relay)
    for name in ("outbox_relay", "s3"):
        with pytest.raises(StackFailed):
            small_stack.pid(name)
    small_stack.bring_back(["s3"])
    assert small_stack.folder.left_out == {"outbox_relay"}
    small_stack.start()  # starts whatever does not run
    assert psutil.pid_exists(small_stack.pid("outbox_relay"))
    assert small_stack.pid("kafka") == kafka


def test_acknowledged_objects_survive_a_killed_store(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    ports, _ = choose_ports(folder, ())
    env = environment(folder, ports)
    bucket, running = env["LOOKS_S3_BUCKET"], folder.run / "s3.pid"
    with supervised(folder, [s3(folder, ports, *s3_credentials(folder))]):
        make_bucket(env)
        client = object_store(env)
        try:
            for number in range(OBJECTS):
                client.put_object(
                    Bucket=bucket, Key=f"users/abc/kill/{number}", Body=f"object {number}".encode()
                )
            killed = running.read_text()
            os.kill(int(killed), signal.SIGKILL)
            until(lambda: running.read_text() != killed and _reads(client, bucket, 0), 120)
            assert all(_reads(client, bucket, number) for number in range(OBJECTS))
        finally:
            client.close()


def _reads(client: object, bucket: str, number: int) -> bool:
    try:
        body = client.get_object(Bucket=bucket, Key=f"users/abc/kill/{number}")["Body"]  # type: ignore[attr-defined]  # boto3 makes it at run time
    except Exception as error:
        if isinstance(error, AssertionError):
            raise
        return False
    with body:
        return bool(body.read() == f"object {number}".encode())


def test_ports_are_kept_and_a_taken_one_is_chosen_anew(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    first, changed = choose_ports(folder, ("api",))
    assert changed == []
    assert choose_ports(folder, ("api",)) == (first, [])
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first["kafka"]))
        squatter.listen()
        second, changed = choose_ports(folder, ("api",))
    assert changed == ["kafka"]
    assert second["kafka"] != first["kafka"]
    assert second["postgres"] == first["postgres"]


def test_a_recycled_process_id_is_not_ours_to_end(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path)
    folder.create()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        remember(folder, "kafka", stranger.pid)
        text = (folder.run / "children.json").read_text()
        (folder.run / "children.json").write_text(
            text.replace(str(int(psutil.Process(stranger.pid).create_time())), "1000000000")
        )
        (folder.run / "kafka.pid").write_text(str(stranger.pid))
        assert not is_same(stranger.pid, 1_000_000_000.0)
        assert end_orphans(folder) == []
        assert stranger.poll() is None
        assert not (folder.run / "kafka.pid").exists()  # the stale file is gone
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("home", ["/proc/nowhere", "", "/"])
def test_downloads_find_a_place_without_a_writable_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if home == "/":
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    monkeypatch.setenv("HOME", home)
    folder = StackFolder(tmp_path)
    folder.create()
    assert cache_folder(folder) == tmp_path / "cache"


def test_a_folder_that_can_not_be_written_to_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(StackFailed, match="can't be written to"):
        Stack(blocked / "dev").start()


def test_a_part_that_does_not_start_says_why(tmp_path: Path) -> None:
    made = Stack(tmp_path / "dev", ())
    made.folder.create()
    (made.folder.data / "postgres").write_text("not a folder")
    with pytest.raises(StackFailed, match="postgres"):
        made.start()
    made.stop()
    assert CHECKOUT.exists()


ODD_SHELL = {
    "AWS_PROFILE": "nobody",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "PGSSLMODE": "verify-full",
    "PGOPTIONS": "-cno.such=1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "JAVA_TOOL_OPTIONS": "-Xmx1m",
    "KAFKA_OPTS": "-Dno",
    "LD_PRELOAD": "/nowhere.so",
    "PYTHONOPTIMIZE": "2",
    "LC_ALL": "tlh_XX.UTF-8",
}


def test_a_shell_that_is_set_up_for_something_else_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in ODD_SHELL.items():
        monkeypatch.setenv(name, value)
    with tempfile.TemporaryDirectory(prefix="looks-test-", ignore_cleanup_errors=True) as folder:
        made = Stack(Path(folder) / "dev", ("outbox_relay", "api"))
        before = os.umask(0o077)
        try:
            made.start()
            url = made.env["LOOKS_API_URL"]
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                f"{url}/openapi.json", timeout=10
            ) as answer:
                assert answer.status == 200
        finally:
            os.umask(before)
            made.stop()
