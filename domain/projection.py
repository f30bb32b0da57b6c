"""What a batch of events says about requests: rows to add and states to move, forward only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.following import TERMINAL_EVENTS
from schemas.envelope import Decoded
from schemas.events import LookCompleted, LookFailed, LookProgress, LookRequested, RequestEvent
from schemas.failures import FailureReason
from schemas.http import JobStatus

RANK = {
    JobStatus.NOT_STARTED: 0,
    JobStatus.IN_PROGRESS: 1,
    JobStatus.SUCCESS: 2,
    JobStatus.FAILURE: 2,
}
"""A request's status only ever moves to a higher rank."""


@dataclass(frozen=True, slots=True)
class JobEventRow:
    """One row of `job_events`."""

    request_id: str
    seq: int
    event_id: str
    event_type: str
    stage: str | None
    message: str
    extra: dict[str, object]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an event goes whose number is another event's, and which row makes room for it: (from,
    to).
    """

    seq: int
    moved: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Collision:
    """One number was given to two events of a request: a fault of ours. Both are kept. `seq`: where
    the later one is now.
    """

    newcomer: JobEventRow
    seq: int


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Where a request moves, if it is not further on already."""

    request_id: str
    status: JobStatus
    at: datetime
    error: FailureReason | None = None
    result: LookCompleted | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that one batch changes."""

    events: list[JobEventRow] = field(default_factory=list)
    statuses: dict[str, StatusChange] = field(default_factory=dict)

    @property
    def finished(self) -> list[str]:
        """The requests whose last event is among these."""
        return [row.request_id for row in self.events if row.event_type in TERMINAL_EVENTS]


def fold(records: Iterable[Decoded]) -> Changes:
    """The changes of a batch, in reading order. For one request the furthest status wins, the first
    among equals.
    """
    changes = Changes()
    for record in records:
        row, status = _read(record)
        changes.events.append(row)
        known = changes.statuses.get(row.request_id)
        if status is not None and (known is None or RANK[status.status] > RANK[known.status]):
            changes.statuses[row.request_id] = status
    return changes


def squeeze_in(stored: Mapping[int, str], event_type: str) -> Placement:
    """A number for an event whose own is taken. `stored`: the request's events by number.

    The next one that is free, for what a reader has seen at a number stays there. Only the outcome
    gives way: a job's last event is its outcome (DESIGN 3.8), so it moves behind, where a reader
    who had it meets it once more.
    """
    free = max(stored) + 1
    outcomes = [seq for seq, kind in stored.items() if kind in TERMINAL_EVENTS]
    if event_type in TERMINAL_EVENTS or not outcomes:
        return Placement(free)
    return Placement(max(outcomes), (max(outcomes), free))


def objection(event: RequestEvent, tenant_id: str | None) -> str | None:
    """Why an event can't be true; None when it can. `tenant_id`: whose its request is; None when
    there is no such request.
    """
    if tenant_id is None:
        return "there is no such request"
    if getattr(event, "tenant_id", tenant_id) != tenant_id:
        return "the request belongs to another tenant"
    return None


def _read(record: Decoded) -> tuple[JobEventRow, StatusChange | None]:
    event = record.event
    match event:
        case LookRequested(requested_at=at):
            return _row(record, "queued", None, "", at), None
        case LookProgress(stage=stage, message=message, attempt=attempt, at=at):
            row = _row(record, "stage", stage.value, message, at, attempt=attempt)
            return row, StatusChange(event.request_id, JobStatus.IN_PROGRESS, at)
        case LookCompleted(completed_at=at, duration_ms=duration_ms, engine_version=engine_version):
            row = _row(
                record,
                "succeeded",
                None,
                "",
                at,
                duration_ms=duration_ms,
                engine_version=engine_version,
            )
            return row, StatusChange(event.request_id, JobStatus.SUCCESS, at, result=event)
        case LookFailed(error=error, failed_at=at):
            row = _row(
                record,
                "failed",
                None,
                error.message,
                at,
                code=error.code.value,
                item_index=error.item_index,
            )
            return row, StatusChange(event.request_id, JobStatus.FAILURE, at, error=error)
        case _:
            raise TypeError(f"not an event of the projection: {type(event).__name__}")


def _row(
    record: Decoded, event_type: str, stage: str | None, message: str, at: datetime, **extra: object
) -> JobEventRow:
    event: RequestEvent = record.event
    return JobEventRow(
        event.request_id,
        max(record.meta.sequence, 1),
        record.meta.id,
        event_type,
        stage,
        message,
        extra,
        at,
    )
