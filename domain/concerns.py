"""What of a running system an operator should see to. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

BEHIND_S: Final = 60.0
"""A group that is so far behind is not just busy."""
OUTBOX_S: Final = 10.0
AUDIT_S: Final = 7 * 86_400.0
"""An audit a week is the least that is asked for."""


@dataclass(frozen=True, slots=True)
class SystemSeen:
    """What was seen. None: it could not be asked, or there was none."""

    silent: Sequence[str]  # processes that do not answer
    unready: Sequence[str]
    behind_s: Mapping[str, float] | None  # by group
    dead_letters: int | None  # our fault, of the last day, with which nobody has dealt
    quarantined: int | None
    overdue: int
    outbox_oldest_s: float
    webhooks_disabled: int
    erasures_open: int
    violations: int | None  # of the last audit
    audited_s: float | None  # since it ended


@dataclass(frozen=True, slots=True)
class Worry:
    """One thing, and the view of the console where it is dealt with."""

    level: Literal["bad", "watch"]
    what: str
    view: str


def concerns(seen: SystemSeen) -> list[Worry]:
    """The worst first."""
    found = [*_processes(seen), *_work(seen), *_promises(seen)]
    return sorted(found, key=lambda one: one.level != "bad")


def _processes(seen: SystemSeen) -> Iterator[Worry]:
    for name in seen.silent:
        yield Worry("bad", f"{name} does not answer", "overview")
    for name in seen.unready:
        yield Worry("bad", f"{name} is not ready", "overview")
    if seen.behind_s is None:
        yield Worry("bad", "Kafka does not answer", "overview")
        return
    for group, seconds in seen.behind_s.items():
        if seconds >= BEHIND_S:
            yield Worry("watch", f"{group} is {seconds:,.0f} s behind", "overview")


def _work(seen: SystemSeen) -> Iterator[Worry]:
    if seen.overdue:
        yield Worry("bad", f"{_looks(seen.overdue)} past the deadline without an outcome", "looks")
    if seen.outbox_oldest_s >= OUTBOX_S:
        yield Worry(
            "bad", f"The outbox has waited {seen.outbox_oldest_s:,.0f} s to be sent", "looks"
        )
    if seen.dead_letters:
        yield Worry("watch", f"{_failed(seen.dead_letters)} by our fault in 24 hours", "letters")
    if seen.quarantined:
        yield Worry(
            "watch",
            f"{_count(seen.quarantined, 'record')} put into quarantine in 24 hours",
            "quarantine",
        )
    if seen.webhooks_disabled:
        yield Worry(
            "watch",
            f"{_count(seen.webhooks_disabled, 'webhook')} disabled after failed calls",
            "tenants",
        )


def _promises(seen: SystemSeen) -> Iterator[Worry]:
    if seen.violations:
        yield Worry("bad", f"The last audit found {_count(seen.violations, 'violation')}", "audits")
    if seen.audited_s is None:
        yield Worry("watch", "No audit has finished yet", "audits")
    elif seen.audited_s >= AUDIT_S:
        yield Worry("watch", f"The last audit is {seen.audited_s / 86_400:,.0f} days old", "audits")
    if seen.erasures_open:
        yield Worry(
            "watch", f"{_count(seen.erasures_open, 'erasure')} started and not finished", "erasures"
        )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _failed(number: int) -> str:
    return f"{_count(number, 'look')} failed"


def _looks(number: int) -> str:
    return f"{_count(number, 'look')} {'is' if number == 1 else 'are'}"
