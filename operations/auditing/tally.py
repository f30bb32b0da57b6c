"""What an audit counted."""

from dataclasses import asdict, dataclass, field
from datetime import datetime

from domain.audit import Violation


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

    def count(self, violation: Violation) -> None:
        """One more."""
        self.violations += 1
        self.by_promise[violation.promise] = self.by_promise.get(violation.promise, 0) + 1

    def counted(self) -> dict[str, object]:
        """By name; without the moments."""
        at = {"looked_at", "everything_before"}
        return {name: value for name, value in asdict(self).items() if name not in at}

    def __str__(self) -> str:
        """One line for people."""
        verdict = "clean" if not self.violations else f"{self.violations} violations"
        return (
            f"{verdict}: {self.requests} requests, {self.records} records, {self.pictures} "
            f"pictures, {self.accounts} accounts, {self.quarantined} quarantined "
            f"({self.redriven} redriven, {self.discarded} discarded)"
            + (f", {self.events_gone} events gone, on record" if self.events_gone else "")
            + (f", {self.lake_rows} rows in the lake" if self.lake_rows is not None else "")
        )
