"""A stack as its users see it: start, stop, look, kill a part. The supervisor runs apart and
outlives its starter.
"""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.folder import CHECKOUT, StackFolder
from devstack.processes import runnable
from devstack.surroundings import of_supervisor

START_WITHIN_S = 240.0
"""Each step of a start: on a busy machine all of them together take longer."""
STOP_WITHIN_S = 90.0

AT_ONCE = signal.SIGQUIT
"""Tells a supervisor that nothing of what its parts keep will be needed."""

ALL = runnable()


class StackFailed(Exception):
    """The stack did not start or stop; the message says why."""


@contextmanager
def hold_lock(folder: StackFolder) -> Iterator[bool]:
    """True while this process is the folder's only supervisor. The lock goes with the process,
    however it ends.
    """
    folder.create()
    with (folder.run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


class Stack:
    """One stack in one folder."""

    def __init__(
        self,
        root: Path,
        processes: tuple[str, ...] = ALL,
        env: dict[str, str] | None = None,
        *,
        secured: bool = False,
        checkout: Path = CHECKOUT,
    ) -> None:
        """Nothing is started. `processes`: which of ours; none: the services only. `env`: further
        settings of ours.

        `secured`: with TLS, users and least rights (`devstack.secured`), from its first start on.
        `checkout`: whose code runs, another release's for example.
        """
        self.folder = StackFolder(root)
        self._processes = processes
        self._env = env or {}
        self._secured = secured
        self._checkout = checkout
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def env(self) -> dict[str, str]:
        """Addresses and keys. Raises FileNotFoundError before the first start."""
        pairs = (
            line.removeprefix("export ").split("=", 1)
            for line in self.folder.env.read_text().splitlines()
            if line.startswith("export ")
        )
        return {name: value.strip("'") for name, value in pairs}

    @property
    def running(self) -> bool:
        """Whether a supervisor holds the folder."""
        if not (self.folder.run / "lock").exists():
            return False
        with hold_lock(self.folder) as free:
            return not free

    def start(self, say: Callable[[str], None] = lambda _: None) -> None:
        """Start what does not run and wait until all is ready. Safe to repeat, also side by side.
        Raises StackFailed.
        """
        try:
            self.folder.create()
            if self._secured:
                self.folder.secured.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackFailed(
                f"{self.folder.root} can't be written to: {error.strerror}"
            ) from error
        if not self.running:
            self.folder.status.unlink(missing_ok=True)
            if self._supervisor is not None:
                self._supervisor.wait(STOP_WITHIN_S)  # it was killed: reap it
            with (self.folder.log / "supervisor.log").open("ab") as log:
                self._supervisor = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "devstack",
                        str(self.folder.root),
                        ",".join(self._processes),
                        json.dumps(self._env),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self._checkout,
                    env={**of_supervisor(os.environ), "PYTHONPATH": str(self._checkout)},
                    start_new_session=True,
                )
        self._until_ready(say)
        self.bring_back(self.folder.left_out)

    def stop(self) -> None:
        """Stop everything; data stays. Safe to repeat. Raises StackFailed."""
        self._stop(signal.SIGTERM)

    def _stop(self, number: int) -> None:
        pid = self._status().get("pid")
        give_up_s = time.monotonic() + STOP_WITHIN_S
        while self.running:
            if isinstance(pid, int):
                _signal(pid, number)
            if time.monotonic() > give_up_s:
                raise StackFailed(f"the supervisor {pid} did not stop within {STOP_WITHIN_S:g} s")
            time.sleep(0.2)
            pid = self._status().get("pid")
        if self._supervisor is not None:
            self._supervisor.wait(STOP_WITHIN_S)
            self._supervisor = None

    def forget(self, *, at_once: bool = False) -> None:
        """Stop and remove everything that the stack keeps. `at_once`: nothing is asked, all is
        killed.
        """
        self._stop(AT_ONCE if at_once else signal.SIGTERM)
        shutil.rmtree(self.folder.root, ignore_errors=True)

    def pid(self, name: str) -> int:
        """A part's process id. Raises StackFailed when it is not running."""
        try:
            return int((self.folder.run / f"{name}.pid").read_text())
        except (OSError, ValueError) as error:
            raise StackFailed(f"{name} is not running") from error

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a part; returns the id it went to. The supervisor starts a dead part
        again.
        """
        pid = self.pid(name)
        _signal(pid, number)
        return pid

    def restart(self, name: str) -> None:
        """Ask a part to stop and wait until its successor runs. Raises StackFailed."""
        before = self.kill(name, signal.SIGTERM)
        give_up_s = time.monotonic() + STOP_WITHIN_S
        while self._pid_or_none(name) in (None, before):
            if time.monotonic() > give_up_s:
                raise StackFailed(f"{name} did not come back within {STOP_WITHIN_S:g} s")
            time.sleep(0.1)

    def leave_out(self, names: Collection[str]) -> None:
        """Stop these parts while the others run on, until they are brought back or the stack is
        started. Safe to repeat. Raises StackFailed.
        """
        self._must_have(names)
        for name in names:
            self.folder.leave_out(name)
        self._told_to_look(lambda out: out >= {*names}, STOP_WITHIN_S)

    def bring_back(self, names: Collection[str]) -> None:
        """Start these parts again and wait until each is ready. Safe to repeat. Raises
        StackFailed.
        """
        self._must_have(names)
        for name in names:
            self.folder.bring_back(name)
        self._told_to_look(lambda out: not out & {*names}, START_WITHIN_S)

    def _must_have(self, names: Collection[str]) -> None:
        if names and not self.running:
            raise StackFailed("the stack is not running")
        for name in {*names} - self.folder.left_out:
            self.pid(name)

    def _told_to_look(self, done: Callable[[set[str]], bool], within_s: float) -> None:
        """Let the supervisor see what is to be left out, and wait until it is so."""
        before = self._status()
        if done({*before.get("left_out", ())}):
            return
        _signal(before["pid"], signal.SIGHUP)
        give_up_s = time.monotonic() + within_s
        while not done({*(status := self._status()).get("left_out", ())}):
            if time.monotonic() > give_up_s:
                raise StackFailed(f"not done within {within_s:g} s; see {self.folder.log}")
            time.sleep(0.1)
        if status["error"] and status["at"] > before["at"]:
            raise StackFailed(status["error"])

    @property
    def phase(self) -> str:
        """What the supervisor is doing."""
        return str(self._status().get("phase", "not started")) if self.running else "stopped"

    def _pid_or_none(self, name: str) -> int | None:
        try:
            return self.pid(name)
        except StackFailed:
            return None

    def log(self, name: str) -> str:
        """What a part has written."""
        return (self.folder.log / f"{name}.log").read_text(errors="replace")

    def _status(self) -> dict[str, Any]:
        try:
            status: dict[str, Any] = json.loads(self.folder.status.read_text())
        except (OSError, ValueError):
            return {}
        return status

    def _until_ready(self, say: Callable[[str], None]) -> None:
        give_up_s = time.monotonic() + START_WITHIN_S
        told = ""
        while True:
            status = self._status()
            phase = str(status.get("phase", ""))
            if phase and phase != told:
                say(phase)
                told = phase
                give_up_s = time.monotonic() + START_WITHIN_S
            if status.get("ready"):
                return
            if status.get("error"):
                raise StackFailed(str(status["error"]))
            if time.monotonic() > give_up_s:
                step = f"{told}: " if told else ""
                raise StackFailed(
                    f"{step}not ready within {START_WITHIN_S:g} s; see {self.folder.log}"
                )
            time.sleep(0.1)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
