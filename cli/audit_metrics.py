"""What an audit counted, in Prometheus' textfile format, for a node exporter to pick up."""

from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from domain.audit import PROMISES
from operations.auditing.tally import Tally


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
