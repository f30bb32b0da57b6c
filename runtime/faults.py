"""Named points at which a campaign breaks the system on purpose. Without LOOKS_FAULTS_DIR they do
nothing.

A fault is a file in that folder, named `PROCESS.POINT`. Whoever passes the point first removes the
file and suffers what it says: `kill`, `stop` (until SIGCONT), `raise`, or `wait SECONDS`. So every
window between two effects can be hit, once, on purpose. Who passed it is told: `struck.PROCESS` has
a line for each fault that was about something, such as a request. A file `clock.PROCESS` holds the
seconds by which that process's clock is off for as long as it is there.
"""

import asyncio
import contextlib
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from runtime.settings import FaultSettings


class FaultPoint(StrEnum):
    """Between which two effects."""

    BEFORE_COMMIT = "before-commit"  # all is written, nothing is decided
    AFTER_COMMIT = "after-commit"  # all is durable, nobody was told
    BEFORE_PUBLISH = "before-publish"  # read, not sent
    AFTER_PUBLISH = "after-publish"  # acknowledged, not marked as sent
    AFTER_FENCE = "after-fence"  # the owner before is fenced, the history not read
    AFTER_UPLOAD = "after-upload"  # the picture is stored, nobody knows
    AFTER_CLAIM = "after-claim"  # the failure is claimed, not published
    AFTER_APPLY = "after-apply"  # applied to Postgres, offsets not committed
    BEFORE_FILES = "before-files"  # rows are gathered, none is in the lake
    AFTER_FILES = "after-files"  # data files are written, no table knows of them
    AFTER_SEND = "after-send"  # the endpoint has answered, nobody has noted it


POINTS: dict[str, tuple[FaultPoint, ...]] = {
    "api": (FaultPoint.BEFORE_COMMIT, FaultPoint.AFTER_COMMIT),
    "outbox_relay": (FaultPoint.BEFORE_PUBLISH, FaultPoint.AFTER_PUBLISH),
    "compositor": (
        FaultPoint.AFTER_FENCE,
        FaultPoint.AFTER_UPLOAD,
        FaultPoint.BEFORE_COMMIT,
        FaultPoint.AFTER_COMMIT,
    ),
    "worker": (FaultPoint.AFTER_UPLOAD,),
    "dead_letter": (
        FaultPoint.AFTER_FENCE,
        FaultPoint.AFTER_CLAIM,
        FaultPoint.BEFORE_COMMIT,
        FaultPoint.AFTER_COMMIT,
    ),
    "credit_ledger": (FaultPoint.AFTER_APPLY,),
    "status_projection": (FaultPoint.AFTER_APPLY,),
    "webhooks": (FaultPoint.AFTER_APPLY, FaultPoint.AFTER_SEND),
    "lake_writer": (
        FaultPoint.BEFORE_FILES,
        FaultPoint.AFTER_FILES,
        FaultPoint.AFTER_COMMIT,
        FaultPoint.AFTER_APPLY,
    ),
    "deadline_sweeper": (FaultPoint.BEFORE_PUBLISH, FaultPoint.AFTER_PUBLISH),
    "operator": (FaultPoint.BEFORE_PUBLISH, FaultPoint.AFTER_PUBLISH),
}
"""By the process that passes it; `worker` is a compositor's worker process, `operator` a
redrive.
"""
OF_COMMANDS: dict[str, tuple[FaultPoint, ...]] = {
    "erasure": (
        FaultPoint.AFTER_CLAIM,
        FaultPoint.AFTER_APPLY,
        FaultPoint.BEFORE_FILES,
        FaultPoint.AFTER_FILES,
        FaultPoint.BEFORE_COMMIT,
    ),
    "grow": (
        FaultPoint.AFTER_CLAIM,
        FaultPoint.AFTER_APPLY,
        FaultPoint.BEFORE_COMMIT,
        FaultPoint.AFTER_COMMIT,
    ),
}
"""Those of commands that no campaign gives."""


class Planted(Exception):
    """What a planted `raise` raises."""


@cache
def _folder() -> Path | None:
    return FaultSettings().dir


def may_strike() -> bool:
    """Whether a campaign may plant faults in this process."""
    return _folder() is not None


def _take(process: str, point: FaultPoint, about: str = "") -> str | None:
    folder = _folder()
    if folder is None:
        return None
    file = folder / f"{process}.{point}"
    taken = folder / f"taken.{process}.{point}.{os.getpid()}"
    try:
        file.rename(taken)  # atomic: of several who pass, one takes it
        what = taken.read_text().strip()
    except OSError:
        return None
    if about:
        with (folder / f"struck.{process}").open("a") as told:
            told.write(f"{about} {what}\n")
    return what


def struck(folder: Path, process: str) -> dict[str, list[str]]:
    """What each fault did, by what it was about."""
    found: dict[str, list[str]] = {}
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / f"struck.{process}").read_text().splitlines():
            about, what = line.split(" ", 1)
            found.setdefault(about, []).append(what)
    return found


def apply_fault(what: str) -> float:
    """Carry out a fault; returns the seconds to wait when it says so. Raises Planted, or does not
    return.
    """
    match what.split():
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["stop"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        case ["wait", seconds]:
            return float(seconds)
        case _:
            raise Planted(what)
    return 0.0


async def at(process: str, point: FaultPoint) -> None:
    """Pass a point on an event loop."""
    what = _take(process, point)
    if what is not None:
        await asyncio.sleep(apply_fault(what))


def at_blocking(process: str, point: FaultPoint, about: str = "") -> None:
    """Pass a point where nothing else runs. `about`: what is worked on, one word."""
    what = _take(process, point, about)
    if what is not None:
        time.sleep(apply_fault(what))


def clock(process: str) -> datetime:
    """The time, UTC, by this process's clock."""
    folder = _folder()
    if folder is None:
        return datetime.now(UTC)
    try:
        off_s = float((folder / f"clock.{process}").read_text())
    except (OSError, ValueError):
        off_s = 0.0
    return datetime.now(UTC) + timedelta(seconds=off_s)
