"""Keeps the parts of a stack running: starts them in order, restarts what dies, stops all in
reverse order.

Every child's id is in `run/NAME.pid`; its start time is kept beside it, so that a later run can
tell a child of a killed supervisor from a stranger who got the same id.
"""

import asyncio
import json
import os
import signal
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import psutil

from devstack.folder import StackFolder
from devstack.part import Part, PartFailed
from devstack.surroundings import of_parts
from devstack.weights import LOOK_AGAIN_S, Weights

BACKOFF_MIN_S = 0.2
BACKOFF_MAX_S = 5.0
MOST_ENDS = 8
"""A part that ended so often before it was ready will not be."""
STEADY_S = 10.0
"""A part that ran for this long starts again at once when it dies."""
LOG_TAIL_CHARS = 1500
TIDIER = "from multiprocessing.resource_tracker import"
"""So begins what removes the semaphores of the others when they have ended, and ends then."""


class Supervisor:
    """The running parts of one stack."""

    def __init__(self, folder: StackFolder) -> None:
        """Nothing runs."""
        self._folder = folder
        self._stopping = False
        self._children: dict[str, Process] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._ends = Counter[str]()
        self._left_out: set[str] = set()
        self._groups: list[list[Part]] = []
        self._weighing: asyncio.Task[None] | None = None

    async def start(self, parts: Sequence[Part]) -> None:
        """Start these side by side and wait until each is ready. Raises PartFailed."""
        self._groups.append(list(parts))
        if self._weighing is None:
            self._weighing = asyncio.create_task(self._keep_weighing())
        for part in parts:
            await asyncio.to_thread(part.prepare)
            self._keepers[part.name] = asyncio.create_task(self._keep(part))
        await asyncio.gather(*(self._until_ready(part) for part in parts))

    async def stop(self, *, at_once: bool = False) -> None:
        """Stop everything: what was started last first, what was started together together. What is
        late is killed; `at_once`: nothing is asked.
        """
        self._stopping = True
        if self._weighing is not None:
            self._weighing.cancel()
        for parts in self._groups[::-1]:
            await asyncio.gather(*(self._end(part, at_once=at_once) for part in parts))
        _identities(self._folder).unlink(missing_ok=True)

    async def remove(self, name: str, *, kill: bool = False) -> None:
        """Stop one part for good: ask it, or kill it at once. The others run on."""
        part = next(part for parts in self._groups for part in parts if part.name == name)
        for parts in self._groups:
            if part in parts:
                parts.remove(part)
        child = self._children.get(name)
        if kill and child is not None and child.returncode is None:
            self._keepers[name].cancel()
            child.kill()
            await child.wait()
        await self._end(part)

    async def leave_out(self, names: Collection[str]) -> None:
        """Stop the parts of these names, and start again what was left out before and is not among
        them. Raises PartFailed.
        """
        parts = [part for parts in self._groups for part in parts]
        leaving = [part for part in parts if part.name in {*names} - self._left_out]
        coming = [part for part in parts if part.name in self._left_out - {*names}]
        self._left_out = {part.name for part in parts if part.name in names}
        await asyncio.gather(*(self._end(part) for part in leaving))
        for part in coming:
            self._ends[part.name] = 0
            self._keepers[part.name] = asyncio.create_task(self._keep(part))
        await asyncio.gather(*(self._until_ready(part) for part in coming))

    async def _end(self, part: Part, *, at_once: bool = False) -> None:
        if (keeper := self._keepers.get(part.name)) is not None:
            keeper.cancel()
        child = self._children.get(part.name)
        if child is not None and child.returncode is None:
            await self._ask_and_kill(child, part, part.kill_signal if at_once else None)
        self._pid_file(part.name).unlink(missing_ok=True)

    async def _ask_and_kill(self, child: Process, part: Part, kill_signal: int | None) -> None:
        family = _family(child.pid)
        child.send_signal(kill_signal or part.stop_signal)
        try:
            async with asyncio.timeout(part.stop_within_s):
                await child.wait()
        except TimeoutError:
            self._note(f"{part.name} did not stop within {part.stop_within_s:g} s: killed")
        await asyncio.to_thread(_kill, family)

    async def _keep_weighing(self) -> None:
        weights = Weights()
        while weights.weigh(  # noqa: ASYNC110 (what a part starts has no event to wait for)
            {
                child.pid: part.nice
                for parts in self._groups
                for part in parts
                if part.nice and (child := self._children.get(part.name)) is not None
            }
        ):
            await asyncio.sleep(LOOK_AGAIN_S)
        self._note("all parts have the same weight: to raise the API's and Postgres' takes root")

    def _pid_file(self, name: str) -> Path:
        return self._folder.run / f"{name}.pid"

    async def _keep(self, part: Part) -> None:
        backoff_s = BACKOFF_MIN_S
        while not self._stopping:
            begun_s = time.monotonic()
            child = await self._spawn(part)
            code = await child.wait()
            if self._stopping:
                return
            self._ends[part.name] += 1
            backoff_s = (
                BACKOFF_MIN_S
                if time.monotonic() - begun_s > STEADY_S
                else min(backoff_s * 2, BACKOFF_MAX_S)
            )
            self._note(f"{part.name} ended with {code}; starting it again in {backoff_s:g} s")
            await asyncio.sleep(backoff_s)

    async def _spawn(self, part: Part) -> Process:
        with (self._folder.log / f"{part.name}.log").open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                *part.argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**of_parts(os.environ), **part.env},
                user=part.user,
                cwd="/" if part.user else None,
                start_new_session=True,
            )
        self._children[part.name] = child
        self._pid_file(part.name).write_text(f"{child.pid}\n")
        remember(self._folder, part.name, child.pid)
        return child

    def _note(self, line: str) -> None:
        with (self._folder.log / "supervisor.log").open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} {line}\n")

    async def _until_ready(self, part: Part) -> None:
        give_up_s = time.monotonic() + part.ready_within_s
        while not await asyncio.to_thread(part.ready):
            keeper = self._keepers[part.name]
            if keeper.done() and not keeper.cancelled():
                keeper.result()  # it could not even be spawned: say so rather than wait
            ends = self._ends[part.name]
            if ends >= MOST_ENDS:
                raise self._failed(part, f"ended {ends} times before it was ready")
            if time.monotonic() > give_up_s:
                raise self._failed(part, f"was not ready within {part.ready_within_s:g} s")
            await asyncio.sleep(0.1)

    def _failed(self, part: Part, what: str) -> PartFailed:
        log = self._folder.log / f"{part.name}.log"
        tail = log.read_text(errors="replace")[-LOG_TAIL_CHARS:] if log.exists() else ""
        return PartFailed(f"{part.name} {what}; the end of {log}:\n{tail}")


def _identities(folder: StackFolder) -> Path:
    return folder.run / "children.json"


def remember(folder: StackFolder, name: str, pid: int) -> None:
    """Keep a child's id with its start time."""
    file = _identities(folder)
    known = json.loads(file.read_text()) if file.exists() else {}
    try:
        known[name] = [pid, psutil.Process(pid).create_time()]
    except psutil.NoSuchProcess:
        known.pop(name, None)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(known))
    fresh.replace(file)


def is_same(pid: int, create_time_s: float) -> bool:
    """Whether the process of this id is still the one that started then."""
    try:
        return abs(psutil.Process(pid).create_time() - create_time_s) < 1.0
    except psutil.NoSuchProcess:
        return False


def end_orphans(folder: StackFolder) -> list[str]:
    """End what a killed supervisor left running; returns the names. Strangers with a recycled id
    are left alone.
    """
    file = _identities(folder)
    try:
        known = json.loads(file.read_text())
    except (OSError, ValueError):
        known = {}
    ended = []
    for name, (pid, create_time_s) in reversed(known.items()):
        if is_same(pid, create_time_s):
            end(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM, 10.0)
            ended.append(name)
        (folder.run / f"{name}.pid").unlink(missing_ok=True)
    file.unlink(missing_ok=True)
    return ended


def end(pid: int, stop_signal: int, within_s: float) -> None:
    """Ask a process to stop, then kill it and what it started. Blocks until it is gone."""
    family = _family(pid)
    if not family:
        return
    try:
        family[-1].send_signal(stop_signal)
        family[-1].wait(within_s)
    except (psutil.NoSuchProcess, psutil.TimeoutExpired):
        pass
    _kill(family)


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it started, itself last; empty when it is gone."""
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []


def _kill(family: list[psutil.Process]) -> None:
    for member in family:
        try:
            if not any(word.startswith(TIDIER) for word in member.cmdline()):
                member.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(family, timeout=5)
