"""One part of a stack: a program to run, and how to tell that it is ready."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

MADE_WITHIN_S = 300.0
"""A data folder: seconds, or minutes on a busy machine."""


@dataclass(frozen=True, slots=True)
class Part:
    """A supervised program. `prepare` is safe to repeat; `ready` is quick and raises nothing."""

    name: str
    argv: tuple[str, ...]
    ready: Callable[[], bool]
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[], None] = lambda: None
    user: str | None = None
    stop_signal: int = 15
    kill_signal: int = 9
    ready_within_s: float = 60.0
    stop_within_s: float = 15.0
    nice: int = 0
    """Of its session, against other sessions of the machine (`devstack.weights`)."""


class PartFailed(Exception):
    """A part did not start; the message says why and shows the end of its log."""


def make(what: str, argv: Sequence[str], user: str | None = None) -> None:
    """Run a program that makes a part's data folder. Raises PartFailed."""
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=MADE_WITHIN_S,
            check=False,
            user=user,
            cwd="/",
        )
    except subprocess.TimeoutExpired:
        raise PartFailed(f"{what} was not made within {MADE_WITHIN_S:g} s") from None
    if done.returncode != 0:
        raise PartFailed(f"{what} can't be made: {done.stderr[-800:]}")
