"""What `/metrics` of a process said, and what came of two answers in a row. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

FAILED = frozenset({"rejected", "quarantined"})
"""Outcomes of a record that are failures."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment: each metric's values by its labels, in the order of their
    names.
    """

    at_s: float
    values: Mapping[str, Mapping[tuple[tuple[str, str], ...], float]]

    def total(self, name: str, **chosen: str) -> float:
        """The sum over all labels, or over those chosen."""
        return sum(
            value
            for labels, value in self.values.get(name, {}).items()
            if chosen.items() <= dict(labels).items()
        )

    def kinds(self, name: str, label: str) -> set[str]:
        """The values that a label has."""
        return {dict(labels).get(label, "") for labels in self.values.get(name, {})}

    def largest(self, name: str) -> float:
        """The largest over all labels; 0 where there is none."""
        return max(self.values.get(name, {}).values(), default=0.0)

    @property
    def process(self) -> str:
        """What it calls itself."""
        return next(iter(self.kinds("looks_process_ready", "process")), "?")


def parsed(text: str, at_s: float) -> Sample:
    """Raises ValueError when that is no metrics' text."""
    values: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            values.setdefault(one.name, {})[tuple(sorted(one.labels.items()))] = float(one.value)
    return Sample(at_s, values)


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One process in the view. Rates are by the second, of the time between two answers."""

    process: str
    address: str
    ready: bool | None = None  # None: it does not answer
    cpu: float = 0.0  # cores
    memory_bytes: float = 0.0
    done: float = 0.0
    failed: float = 0.0
    in_hand: float = 0.0
    lag: float = 0.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Overall:
    """All processes together."""

    requests: float = 0.0
    errors: float = 0.0  # answers 5xx, a second
    finished: Mapping[str, float] = field(default_factory=dict)  # by outcome, a second
    outbox_s: float = 0.0
    deferred: float = 0.0
    dead_letters: Mapping[str, float] = field(default_factory=dict)  # by reason, a second


def row(name: str, address: str, before: Sample | None, now: Sample | None) -> ProcessRow:
    """Of a process that answered, or did not; `name`: what it is called if it never did."""
    if now is None:
        return ProcessRow(before.process if before else name, address, note="does not answer")
    ready = bool(now.total("looks_process_ready"))
    rate = _rates(before, now)
    failed = sum(rate("looks_records_total", outcome=one) for one in FAILED)
    done = rate("looks_records_total") - failed
    if now.process == "api":
        failed = _errors(before, now)
        done = rate("looks_http_requests_total") - failed
    if now.process == "outbox_relay":
        done = rate("looks_outbox_published_total")
    return ProcessRow(
        now.process,
        address,
        ready,
        rate("process_cpu_seconds_total"),
        now.total("process_resident_memory_bytes"),
        done,
        failed,
        now.total("looks_in_flight"),
        now.total("looks_consumer_lag_records"),
        _note(now),
    )


def summary(pairs: Sequence[tuple[Sample | None, Sample | None]]) -> Overall:
    """Over all processes that answered, now and before."""
    finished: defaultdict[str, float] = defaultdict(float)
    letters: defaultdict[str, float] = defaultdict(float)
    requests = errors = outbox_s = deferred = 0.0
    for before, now in pairs:
        if now is None:
            continue
        rate = _rates(before, now)
        requests += rate("looks_http_requests_total")
        errors += _errors(before, now)
        outbox_s = max(outbox_s, now.largest("looks_outbox_oldest_seconds"))
        deferred += now.total("looks_deferred")
        for outcome in now.kinds("looks_finish_seconds_count", "outcome"):
            finished[outcome] += rate("looks_finish_seconds_count", outcome=outcome)
        for reason in now.kinds("looks_dead_letters_total", "reason"):
            letters[reason] += rate("looks_dead_letters_total", reason=reason)
    return Overall(requests, errors, dict(finished), outbox_s, deferred, dict(letters))


class _Rates:
    """Of counters between two answers; a process that began anew in between counts from nothing."""

    def __init__(self, before: Sample | None, now: Sample) -> None:
        self._before, self._now = before, now

    def __call__(self, name: str, **chosen: str) -> float:
        if self._before is None or self._now.at_s <= self._before.at_s:
            return 0.0
        past, present = self._before.total(name, **chosen), self._now.total(name, **chosen)
        rose = present - past if present >= past else present
        return rose / (self._now.at_s - self._before.at_s)


def _rates(before: Sample | None, now: Sample) -> _Rates:
    return _Rates(before, now)


def _errors(before: Sample | None, now: Sample) -> float:
    rate = _rates(before, now)
    statuses = [one for one in now.kinds("looks_http_requests_total", "status") if one[:1] == "5"]
    return sum(rate("looks_http_requests_total", status=one) for one in statuses)


def _note(now: Sample) -> str:
    """What an operator should see at once."""
    said = {
        "the database can't be written": now.total("looks_database_not_writable"),
        "lanes are not open": now.total("looks_lanes_not_open"),
        "partitions differ": now.total("looks_partitions_differ"),
        "a transaction is left open": now.largest("looks_open_transaction_seconds") > 60,
        "the breaker opened": now.total("looks_breaker_trips_total"),
    }
    return ", ".join(words for words, value in said.items() if value)
