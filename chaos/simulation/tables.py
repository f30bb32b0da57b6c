"""Postgres in memory: the tables that the decision core reads and writes, and what each transaction
does to them, whole and at once.

What the database itself promises is taken as kept: that a transaction is whole, that unique keys
are unique. Taking one of these away is one of the planted bugs (`lacks`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from zlib import crc32

from domain.audit import RequestFacts
from domain.deadline import OpenRequest
from domain.outcomes import Emit
from domain.projection import Changes, Collision, JobEventRow, StatusChange, squeeze_in
from domain.read_positions import PartitionName, ReadPosition
from runtime.records import OutRecord, outgoing
from schemas.events import CancelLook, LookRequested
from schemas.failures import FailureCode
from schemas.http import JobStatus
from schemas.layout import PartitionGrowth
from schemas.topics import LOOK_CANCEL, LOOK_REQUESTED
from storage.claims import ClaimResult
from storage.outbox import OutboxRow
from storage.projection import OffsetSpans, Superseded
from storage.refunds import Charge

SHARDS = 4
API = "/looks/api"
FINAL = frozenset({JobStatus.SUCCESS, JobStatus.FAILURE})


class Key(StrEnum):
    """What the database holds by a unique key or a condition of its own."""

    ONE_REFUND = "one refund of a request"
    ONE_CLAIM = "one claim of a request"
    FORWARD_ONLY = "a final status stays"
    OFFSETS_WITH_ROWS = "the projection's offsets move with its rows"


@dataclass(slots=True)
class SimulatedRequest:
    """Of `request_logs`, with what belongs to it alone."""

    event: LookRequested
    status: JobStatus = JobStatus.NOT_STARTED
    updated_at: datetime = field(kw_only=True)
    charges: list[int] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    events: dict[int, JobEventRow] = field(default_factory=dict)
    claim: tuple[str, int, int] | None = None
    claimed_at: datetime | None = None
    picture: tuple[str, str] | None = None  # key and SHA-256
    error: FailureCode | None = None
    cancelled: bool = False
    moved_back: bool = False


@dataclass(slots=True, eq=False)
class SimulatedConnection:
    """What holds locks for as long as it is open and its process lives."""

    alive: Callable[[], bool]
    open: bool = True
    shards: list[int] = field(default_factory=list)


class SimulatedTables:
    """All of them. Every method is one transaction."""

    def __init__(self, now: Callable[[], datetime], lacks: frozenset[Key] = frozenset()) -> None:
        """Empty. `now`: the database's clock."""
        self.now = now
        self.requests: dict[str, SimulatedRequest] = {}
        self.balances: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.outbox: dict[int, tuple[OutboxRow, datetime]] = {}
        self.offsets: dict[tuple[str, int], int] = {}
        self.growths: tuple[PartitionGrowth, ...] = ()
        self.filled: Callable[[], None] = lambda: None
        """Told when a row is added to the outbox."""
        self._lacks = lacks
        self._locks: dict[int, SimulatedConnection] = {}
        self._rows = 0

    # The API's side

    def accept(self, event: LookRequested, lasts_s: float) -> LookRequested:
        """Charge, row and outbox row of one request."""
        now = self.now()
        event = event.model_copy(
            update={"requested_at": now, "deadline_at": now + timedelta(seconds=lasts_s)}
        )
        row = self.requests[event.request_id] = SimulatedRequest(event, updated_at=now)
        row.charges.append(-event.credits_cost)
        self._pay(event.tenant_id, -event.credits_cost)
        self._send(outgoing(Emit(event, (LOOK_REQUESTED.name,), 1), API, now))
        return event

    def cancel(self, request_id: str) -> bool:
        """Ask once for an open request to be cancelled."""
        row = self.requests.get(request_id)
        if row is None or row.status in FINAL or row.cancelled:
            return False
        row.cancelled, now = True, self.now()
        event = CancelLook(
            request_id=request_id,
            tenant_id=row.event.tenant_id,
            requested_at=now,
            deadline_at=row.event.deadline_at,
        )
        self._send(outgoing(Emit(event, (LOOK_CANCEL.name,)), API, now))
        return True

    def grant(self, tenant_id: str, amount: int) -> None:
        """Credits to spend."""
        self._pay(tenant_id, amount)

    def _pay(self, tenant_id: str, amount: int) -> None:
        self.balances[tenant_id] = self.balances.get(tenant_id, 0) + amount
        self.entries[tenant_id] = self.entries.get(tenant_id, 0) + amount

    def _send(self, out: OutRecord) -> None:
        self._rows += 1
        row = OutboxRow(self._rows, out.topic, out.key or b"", out.value or b"", out.headers)
        self.outbox[row.id] = (row, self.now())
        self.filled()

    # The relay's

    def lock_and_read(
        self, shards: Sequence[int], connection: SimulatedConnection, limit: int
    ) -> list[OutboxRow]:
        """Take those of these shards that nobody holds; their rows, in order."""
        if not connection.open:
            return []
        for one in [one for one in shards if not self._held(one)]:
            self._locks[one] = connection
            connection.shards.append(one)
        mine = connection.shards
        rows = [row for row, _ in self.outbox.values() if crc32(row.key) % SHARDS in mine]
        return rows[:limit]

    def remove(self, rows: Sequence[OutboxRow], connection: SimulatedConnection) -> None:
        """These are sent, if the connection that locked them is there still."""
        if not connection.open:
            return
        for row in rows:
            self.outbox.pop(row.id, None)
        connection.open = False

    def _held(self, shard: int) -> bool:
        holder = self._locks.get(shard)
        return holder is not None and holder.open and holder.alive()

    # Dead letters' and the ledger's

    def claim(self, request_id: str, place: tuple[str, int, int]) -> ClaimResult:
        """As `ClaimStore.claim`."""
        row = self.requests.get(request_id)
        if row is None:
            return ClaimResult.UNKNOWN
        if row.claim is None and row.status is not JobStatus.SUCCESS:
            row.claim, row.claimed_at = place, self.now()
        if row.claim is None:
            return ClaimResult.SUCCEEDED
        won = row.claim == place or Key.ONE_CLAIM in self._lacks
        return ClaimResult.WON if won else ClaimResult.LOST

    def charges(self, request_ids: Sequence[str]) -> dict[str, Charge]:
        """As `RefundStore.charges`."""
        rows = {one: self.requests[one] for one in request_ids if one in self.requests}
        return {
            one: Charge(
                row.event.tenant_id,
                "live",
                row.event.credits_cost,
                row.status is JobStatus.SUCCESS,
            )
            for one, row in rows.items()
            if row.charges
        }

    def refund(self, owed: Sequence[tuple[str, int]]) -> set[str]:
        """As `RefundStore.refund`, of (request, amount)."""
        entered: set[str] = set()
        for request_id, amount in owed:
            row = self.requests[request_id]
            if row.refunds and Key.ONE_REFUND not in self._lacks:
                continue
            row.refunds.append(amount)
            self._pay(row.event.tenant_id, amount)
            entered.add(request_id)
        return entered

    # The sweeper's

    def overdue(self, before: datetime, limit: int) -> list[OpenRequest]:
        """As `OverdueStore.overdue`."""
        late = [one for one in self._open() if one.request.deadline_at < before]
        return sorted(late, key=lambda one: one.request.deadline_at)[:limit]

    def still_open(self, request_ids: Sequence[str]) -> list[OpenRequest]:
        """As `OverdueStore.still_open`."""
        return [one for one in self._open() if one.request.request_id in request_ids]

    def _open(self) -> list[OpenRequest]:
        return [
            OpenRequest(row.event, max(row.events, default=1))
            for row in self.requests.values()
            if row.status not in FINAL
        ]

    # The projection's

    def apply(self, changes: Changes, spans: OffsetSpans) -> list[Collision]:
        """As `ProjectionStore.apply`."""
        for place, (begun, _) in spans.items():
            if self.offsets.get(place, -1) > begun:
                raise Superseded(f"{place}: {self.offsets[place]} > {begun}")
        self.offsets.update({place: after for place, (_, after) in spans.items()})
        if Key.OFFSETS_WITH_ROWS in self._lacks and len(changes.events) > 1:
            return []
        collisions = self._add(changes.events)
        for change in changes.statuses.values():
            self._move(self.requests[change.request_id], change)
        return collisions

    def set_back(self, place: tuple[str, int], offset: int) -> None:
        """As `ProjectionStore.set_back`."""
        if self.offsets.get(place, -1) > offset:
            self.offsets[place] = offset

    def _add(self, events: Sequence[JobEventRow]) -> list[Collision]:
        left = []
        for event in events:
            stored = self.requests[event.request_id].events
            if event.seq not in stored:
                stored[event.seq] = event
            else:
                left.append(event)
        found: dict[tuple[str, str], Collision] = {}
        for event in left:
            stored = self.requests[event.request_id].events
            if any(one.event_id == event.event_id for one in stored.values()):
                continue
            place = squeeze_in(
                {seq: one.event_type for seq, one in stored.items()}, event.event_type
            )
            if place.moved is not None:
                stored[place.moved[1]] = stored.pop(place.moved[0])
            stored[place.seq] = event
            found[event.request_id, event.event_id] = Collision(event, place.seq)
        return [*found.values()]

    def _move(self, row: SimulatedRequest, change: StatusChange) -> None:
        if row.status == change.status:
            return
        if row.status in FINAL:
            if Key.FORWARD_ONLY not in self._lacks:
                return
            row.moved_back = True
        row.status, row.updated_at = change.status, max(row.updated_at, change.at)
        row.error = change.error.code if change.error else None
        image = change.result.image if change.result else None
        row.picture = (image.key, image.sha256) if image else None

    # The audit's

    def facts(self, request_id: str) -> RequestFacts:
        """What the rows say of a request."""
        row = self.requests[request_id]
        waiting = [
            at
            for one, at in self.outbox.values()
            if one.topic == LOOK_REQUESTED.name and one.key == request_id.encode()
        ]
        return RequestFacts(
            request_id=request_id,
            status=row.status.value,
            credits_cost=row.event.credits_cost,
            created_at=row.event.requested_at,
            updated_at=row.updated_at,
            deadline_at=row.event.deadline_at,
            charges=tuple(row.charges),
            refunds=tuple(row.refunds),
            in_outbox=bool(waiting),
            outbox_since=min(waiting, default=None),
            events=tuple((seq, row.events[seq].event_type) for seq in sorted(row.events)),
            claimed_at=row.claimed_at,
        )


def places(
    offsets: Mapping[PartitionName, int], asked: Sequence[PartitionName]
) -> dict[PartitionName, ReadPosition]:
    """Where reading goes on, of those that are asked for. No topic is made anew here."""
    return {one: ReadPosition(offsets[one]) for one in asked if one in offsets}
