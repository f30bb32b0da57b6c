"""The example's remote engine as a process, for tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from devstack.folder import CHECKOUT, free_ports
from schemas.engines import ENGINE_PATH

TOKEN = "token-of-tests"
WITHIN_S = 120


@dataclass
class Server:
    """Where it listens, and its process, which leads a group of its own."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, number: int) -> None:
        """A signal to it and to its workers."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """At once, workers included. Safe to repeat."""
        if self.process.poll() is None:
            self.send(signal.SIGKILL)
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()


@contextmanager
def started(port: int | None = None) -> Iterator[Server]:
    """A server that answers, begun as its page says, until the block ends."""
    port = port or free_ports(1)[0]
    argv = [sys.executable, str(CHECKOUT / "examples" / "remote_engine.py"), "--port", str(port)]
    env = {**os.environ, "ENGINE_TOKEN": TOKEN, "PYTHONPATH": str(CHECKOUT)}
    process = subprocess.Popen(
        argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )
    server = Server(port, process)
    try:
        _until_it_answers(server)
        yield server
    finally:
        server.kill()


def _until_it_answers(server: Server) -> None:
    give_up_s = time.monotonic() + WITHIN_S
    while True:
        if server.process.poll() is not None:
            raise AssertionError(f"the example ended: {server.process.communicate()[1][-2000:]!r}")
        try:
            httpx.get(f"{server.url}{ENGINE_PATH}", timeout=5)
            return
        except httpx.TransportError:
            assert time.monotonic() < give_up_s, f"no answer within {WITHIN_S} s"
            time.sleep(0.1)
