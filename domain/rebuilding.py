"""What the history of one partition number says of its requests, whole: the projection's own fold,
read from the beginning.

The four topics of the projection may be read in any order of topics, each of them in offset order.
Where the live projection may have read two topics in either order, what it can have come to is
kept, and the comparison accepts it: `started_at` is kept beside an outcome. Two events of one
request with the same number are both kept. Memory: a few hundred bytes for each request of the
partition.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.projection import JobEventRow, StatusChange, fold, objection
from schemas.envelope import Decoded
from schemas.events import LookRequested, Stage
from schemas.http import JobStatus

OUTCOMES = frozenset({JobStatus.SUCCESS, JobStatus.FAILURE})
PLAIN_NUMBERS = 100
"""Events numbered up to this are remembered as bits."""


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request of the history. `whole`: every record ever written about it was read, so what is
    not said did not happen.
    """

    request_id: str
    whole: bool
    started_at: datetime | None
    two_outcomes: bool


@dataclass(slots=True)
class RebuiltRows:
    """Rows that some records add. Each event stands beside the broker's time of its record, in
    ms.
    """

    events: list[tuple[JobEventRow, int]] = field(default_factory=list)
    outcomes: list[StatusChange] = field(default_factory=list)
    refused: int = 0


@dataclass(slots=True)
class _Known:
    tenant_id: str
    seen: int = 0  # a bit for each (number of the event, topic, stage)
    began: datetime | None = None
    started_at: datetime | None = None
    outcome: JobStatus | None = None
    two_outcomes: bool = False


class Rebuilding:
    """Takes the records of one partition number and gives each row once."""

    def __init__(self, topics: Sequence[str]) -> None:
        """Nothing read. `topics`: those of the projection."""
        self._place = {topic: place for place, topic in enumerate(topics)}
        self._known: dict[str, _Known] = {}
        # Events whose numbers no request of ours reaches
        self._far: set[tuple[str, int, int]] = set()

    def unknown(self, records: Sequence[tuple[int, Decoded]]) -> set[str]:
        """The requests of these records that were not met before."""
        return {record.event.request_id for _, record in records} - self._known.keys()

    def take(
        self, topic: str, records: Sequence[tuple[int, Decoded]], tenants: Mapping[str, str]
    ) -> RebuiltRows:
        """Rows from the next records of a topic, each (broker's time in ms, record).

        `tenants`: whose the requests are that were not met before. What can't be true gives no row,
        as in the projection.
        """
        told = RebuiltRows()
        accepted = []
        for written_ms, record in records:
            if self._objects(record, tenants):
                told.refused += 1
            else:
                accepted.append((written_ms, record))
        changes = fold(record for _, record in accepted)
        for row, (written_ms, record) in zip(changes.events, accepted, strict=True):
            if self._is_new(topic, row):
                told.events.append((row, written_ms))
            if isinstance(record.event, LookRequested):
                self._known[row.request_id].began = record.event.requested_at
        for change in changes.statuses.values():
            if self._decides(change):
                told.outcomes.append(change)
        return told

    def requests(self, complete_since: datetime | None) -> Iterator[RequestRow]:
        """Every request met. `complete_since`: nothing written at or after it is missing; None:
        nothing is missing.
        """
        for request_id, known in self._known.items():
            whole = known.began is not None and (
                complete_since is None or known.began >= complete_since
            )
            yield RequestRow(
                request_id, whole and not known.two_outcomes, known.started_at, known.two_outcomes
            )

    def _objects(self, record: Decoded, tenants: Mapping[str, str]) -> bool:
        request_id = record.event.request_id
        known = self._known.get(request_id)
        tenant_id = tenants.get(request_id) if known is None else known.tenant_id
        if tenant_id is None or objection(record.event, tenant_id) is not None:
            return True
        if known is None:
            self._known[request_id] = _Known(tenant_id)
        return False

    def _is_new(self, topic: str, row: JobEventRow) -> bool:
        """Whether an event is not a repeat: one of its topic, stage and number was not met
        before.
        """
        kind = 2 * self._place[topic] + (row.stage == Stage.RETRYING)
        if row.seq > PLAIN_NUMBERS:
            far = (row.request_id, row.seq, kind)
            new = far not in self._far
            self._far.add(far)
            return new
        known = self._known[row.request_id]
        bit = 1 << (row.seq * 2 * len(self._place) + kind)
        new = not known.seen & bit
        known.seen |= bit
        return new

    def _decides(self, change: StatusChange) -> bool:
        """Whether it is the request's first outcome."""
        known = self._known[change.request_id]
        if change.status not in OUTCOMES:
            known.started_at = known.started_at or change.at
            return False
        if known.outcome is not None:
            known.two_outcomes = known.two_outcomes or known.outcome != change.status
            return False
        known.outcome = change.status
        return True
