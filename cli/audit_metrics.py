"""What an audit counted, and the same in Prometheus' textfile format, for a node exporter to pick
up.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from domain.audit import PROMISES


@dataclass(slots=True)
class Tally:
    """What was checked."""

    requests: int = 0
    records: int = 0
    pictures: int = 0
    accounts: int = 0
    quarantined: int = 0
    redriven: int = 0
    discarded: int = 0
    events_gone: int = 0  # before they were read, as is on record: `job_event_gaps`
    violations: int = 0
    lake_rows: int | None = None
    by_promise: dict[int, int] = field(default_factory=dict)
    looked_at: datetime | None = None
    everything_before: datetime | None = None
    """Of what was created before it, nothing was open or on its way."""

    @property
    def open(self) -> int:
        """Quarantined records that no operator has dealt with."""
        return self.quarantined - self.redriven - self.discarded


def registry(tally: Tally, finished_at: datetime) -> CollectorRegistry:
    """The metrics of one finished audit."""
    made = CollectorRegistry()
    violations = Gauge(
        "looks_audit_violations",
        "Violations found by the last audit. Any: run `looks audit`.",
        ["promise"],
        registry=made,
    )
    for promise in PROMISES:
        violations.labels(str(promise)).set(tally.by_promise.get(promise, 0))
    quarantined = Gauge(
        "looks_audit_quarantined",
        "Quarantined records. `open`: `looks dlq quarantine list --open`.",
        ["state"],
        registry=made,
    )
    for state, count in (
        ("open", tally.open),
        ("redriven", tally.redriven),
        ("discarded", tally.discarded),
    ):
        quarantined.labels(state).set(count)
    Gauge("looks_audit_requests", "Requests that the last audit checked.", registry=made).set(
        tally.requests
    )
    Gauge(
        "looks_audit_finished_timestamp_seconds",
        "When the last audit finished. Old: it can't check or is not run.",
        registry=made,
    ).set(finished_at.timestamp())
    return made


def write(path: Path, tally: Tally, finished_at: datetime) -> None:
    """Replace the file in one step. Raises OSError."""
    write_to_textfile(str(path), registry(tally, finished_at))
