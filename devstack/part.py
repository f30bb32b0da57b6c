"""One part of a stack: a program to run, and how to tell that it is ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


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
    ready_within_s: float = 60.0
    stop_within_s: float = 15.0
    nice: int = 0
    """Of its session, against other sessions of the machine (`devstack.weights`)."""


class PartFailed(Exception):
    """A part did not start; the message says why and shows the end of its log."""
