"""The rules against every order of events that a fault can make: state machines that Hypothesis
drives.

The world of each machine is a few lines of what Kafka and Postgres promise; the rules under test
are the real ones.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
)

from domain.composing import ATTEMPT_HEADER, Attempt, begun, decide, note
from domain.deadline import OpenRequest, expirations, overdue_before
from domain.history import PartitionHistory
from domain.money import payable, spent
from domain.outcomes import Done, Emit, Later, Outcome, Reject
from domain.projection import RANK, fold
from schemas.events import (
    LookCompleted,
    LookDeadLettered,
    LookFailed,
    LookProgress,
    LookRequested,
    Stage,
    StoredImage,
)
from schemas.failures import FailureCode, FailureReason
from schemas.http import JobStatus
from schemas.topics import RETRY_TOPICS
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

DEADLINE_S = 60.0
TRANSACTION_S = 5.0
MARGIN_S = 2.0
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)
AWAY = FailureReason(code=FailureCode.INTERNAL, message="S3 is away")
BAD = FailureReason(code=FailureCode.IMAGE_UNREADABLE, message="not a picture", item_index=0)


def completion() -> Done:
    event = LookCompleted(
        request_id=REQUEST_ID,
        tenant_id=TENANT,
        image=IMAGE,
        items=(),
        engine_version="1",
        duration_ms=1,
        completed_at=NOW,
    )
    return Done((Emit(event, ("look.completed",)),))


OUTCOMES: dict[str, Outcome] = {"done": completion(), "later": Later(AWAY), "reject": Reject(BAD)}


ENDS = st.sampled_from(["later", "later", "later", "done", "reject"])


@dataclass
class Owner:
    """One instance that owns, or once owned, the partition. `read`: cancels that it has read."""

    history: PartitionHistory = field(default_factory=PartitionHistory)
    fenced: bool = False
    read: int = 0


@dataclass(frozen=True)
class Work:
    """An attempt that an owner has begun."""

    owner: Owner
    attempt: Attempt


class OneLook(RuleBasedStateMachine):
    """One request through crashes, takeovers, duplicates, cancels, retries and time: one outcome,
    and the right one.

    Promised by Kafka: a fenced producer's transaction does not commit, a takeover fences, and the
    new owner restores its history from what was committed. Everything else may happen at any
    moment.
    """

    running = Bundle("running")

    @initialize()
    def accepted(self) -> None:
        self.request: LookRequested = a_request(deadline_s=DEADLINE_S)
        self.now = NOW
        self.log: list[Emit] = []
        self.cancels = 0
        self.owner = Owner()
        self.deliverable = [Attempt(self.request)]
        self.cancel_read_at: list[int] = []

    # what happens

    @rule(seconds=st.sampled_from([0.1, 0.5, 3.0, 12.0, 70.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def owner_dies_and_another_takes_over(self) -> None:
        self.owner.fenced = True
        self.owner = Owner()
        for emit in self.log:
            note(self.owner.history, emit, self.request.deadline_at)

    @rule()
    def a_cancel_is_sent(self) -> None:
        self.cancels += 1

    @precondition(lambda self: self.cancels > self.owner.read)
    @rule()
    def the_owner_reads_a_cancel(self) -> None:
        self.owner.read += 1
        self.owner.history.note_cancelled(REQUEST_ID, self.request.deadline_at)

    @rule(
        data=st.data(),
        name=ENDS,
        chance=st.floats(0, 0.99),
        seconds=st.sampled_from([0.1, 0.1, 70.0]),
        cancelled=st.sampled_from([False, False, True]),
    )
    def an_attempt_is_made_whole(
        self, data: st.DataObject, name: str, chance: float, seconds: float, *, cancelled: bool
    ) -> None:
        """Begun and ended, with time and perhaps a cancel in between: the crossings that matter
        most.
        """
        work = self._deliver(data)
        if cancelled:
            self.cancels += 1
            self.the_owner_reads_a_cancel()
        self.time_passes(seconds)
        self._end(work, name, chance)

    @rule(target=running, data=st.data())
    def an_attempt_is_delivered_again_or_for_the_first_time(self, data: st.DataObject) -> Work:
        return self._deliver(data)

    @rule(work=consumes(running), name=ENDS, chance=st.floats(0, 0.99))
    def an_attempt_ends(self, work: Work, name: str, chance: float) -> None:
        self._end(work, name, chance)

    def _deliver(self, data: st.DataObject) -> Work:
        attempt = data.draw(st.sampled_from(self.deliverable))
        progress = begun(attempt, self.owner.history, self.now, self.now)
        if progress is not None:
            self._commit(self.owner, (progress,))
        return Work(self.owner, attempt)

    def _end(self, work: Work, name: str, chance: float) -> None:
        _, emits = decide(work.attempt, OUTCOMES[name], work.owner.history, self.now, chance=chance)
        if emits and any(isinstance(emit.event, LookCompleted) for emit in emits):
            assert self.now < self.request.deadline_at
            assert work.owner.read == 0
        self._commit(work.owner, emits)

    @precondition(lambda self: not self._decided())
    @rule()
    def the_sweeper_looks(self) -> None:
        before = overdue_before(
            self.now, transaction_timeout_s=TRANSACTION_S, clock_margin_s=MARGIN_S
        )
        if self.request.deadline_at < before:
            last = max((emit.sequence for emit in self.log), default=1)
            for emit in expirations([OpenRequest(self.request, last)], self.now):
                self.log.append(emit)
                note(self.owner.history, emit, self.request.deadline_at)

    # what is promised

    @invariant()
    def one_outcome_at_most(self) -> None:
        assert len(self._outcomes()) <= 1

    @invariant()
    def nothing_follows_the_outcome_but_what_was_under_way(self) -> None:
        for index, emit in enumerate(self.log):
            if isinstance(emit.event, LookCompleted | LookDeadLettered):
                assert not any(
                    isinstance(later.event, LookRequested) for later in self.log[index + 1 :]
                )

    @invariant()
    def events_are_numbered_in_causal_order(self) -> None:
        public = [emit.sequence for emit in self.log if not isinstance(emit.event, LookRequested)]
        assert public == sorted(public)
        assert len(set(public)) == len(public)
        assert public == list(range(2, 2 + len(public)))

    @invariant()
    def each_attempt_is_announced_once(self) -> None:
        told = [
            (emit.event.stage, emit.event.attempt)
            for emit in self.log
            if isinstance(emit.event, LookProgress)
        ]
        assert len(set(told)) == len(told)

    def _commit(self, owner: Owner, emits: tuple[Emit, ...]) -> None:
        if owner.fenced:
            return  # the transaction of a fenced producer is refused
        for emit in emits:
            self.log.append(emit)
            note(owner.history, emit, self.request.deadline_at)
            if isinstance(emit.event, LookRequested):
                assert emit.target in RETRY_TOPICS
                self.deliverable.append(Attempt(emit.event, int(emit.extra[ATTEMPT_HEADER])))

    def _outcomes(self) -> list[Emit]:
        return [
            emit for emit in self.log if isinstance(emit.event, LookCompleted | LookDeadLettered)
        ]

    def _decided(self) -> bool:
        return bool(self._outcomes())


class Ledger(RuleBasedStateMachine):
    """Accounts through batches of charges, refunds given again and again: balances are their
    entries' sums, never negative.
    """

    @initialize(balance=st.integers(0, 100))
    def opened(self, balance: int) -> None:
        self.balances = {("a", "live"): balance, ("b", "live"): 30}
        self.granted = dict(self.balances)
        self.charges: list[tuple[tuple[str, str], int]] = []
        self.refunds: dict[int, int] = {}

    @rule(
        costs=st.lists(
            st.tuples(st.sampled_from(["a", "b", "nobody"]), st.integers(0, 40)), max_size=8
        )
    )
    def a_batch_is_charged(self, costs: list[tuple[str, int]]) -> None:
        batch = [((tenant, "live"), cost) for tenant, cost in costs]
        verdicts = payable(self.balances, batch)
        for account, total in spent(batch, verdicts).items():
            self.balances[account] -= total
        self.charges += [one for one, paid in zip(batch, verdicts, strict=True) if paid]
        assert all(
            paid or cost > self.balances.get(account, -1)
            for (account, cost), paid in zip(batch, verdicts, strict=True)
        )

    @precondition(lambda self: self.charges)
    @rule(data=st.data())
    def a_charge_is_refunded_perhaps_again(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.charges) - 1))
        if index in self.refunds:  # the unique index
            return
        account, amount = self.charges[index]
        self.refunds[index] = amount
        self.balances[account] += amount

    @invariant()
    def balances_are_sums_and_never_negative(self) -> None:
        for account, balance in self.balances.items():
            entries = self.granted[account]
            entries -= sum(cost for charged, cost in self.charges if charged == account)
            entries += sum(
                amount
                for index, amount in self.refunds.items()
                if self.charges[index][0] == account
            )
            assert balance == entries
            assert balance >= 0


TestOneLook = OneLook.TestCase
TestOneLook.settings = settings(max_examples=500, stateful_step_count=25, deadline=None)
TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)


def history_of(outcome: str) -> list[LookRequested | LookProgress | LookCompleted | LookFailed]:
    """All events of one request, in causal order."""
    failed = LookFailed(request_id=REQUEST_ID, tenant_id=TENANT, error=BAD, failed_at=NOW)
    completed = completion().emits[0].event
    assert isinstance(completed, LookCompleted)
    stages = [
        LookProgress(request_id=REQUEST_ID, tenant_id=TENANT, stage=stage, attempt=number, at=NOW)
        for number, stage in ((1, Stage.COMPOSING), (2, Stage.RETRYING), (2, Stage.COMPOSING))
    ]
    return [a_request(), *stages, completed if outcome == "done" else failed]


@pytest.mark.hostile(row=26)
@settings(max_examples=200, deadline=None)
@given(
    outcome=st.sampled_from(["done", "failed"]),
    order=st.lists(st.integers(0, 4), min_size=5, max_size=20),
    cuts=st.sets(st.integers(1, 19)),
)
def test_the_projection_ends_the_same_in_any_order_and_batches(
    outcome: str, order: list[int], cuts: set[int]
) -> None:
    """Topics are read side by side and again after a crash: states only move forward, and end where
    they must.
    """
    events = history_of(outcome)
    told = [decoded(events[index], sequence=index + 1) for index in order] + [
        decoded(event, sequence=index + 1) for index, event in enumerate(events)
    ]
    status = JobStatus.NOT_STARTED
    seen: dict[int, str] = {}
    edges = [0, *sorted(cut for cut in cuts if cut < len(told)), len(told)]
    for first, last in pairwise(edges):
        changes = fold(told[first:last])
        for row in changes.events:
            assert seen.setdefault(row.seq, row.event_type) == row.event_type
        for change in changes.statuses.values():
            if RANK[change.status] > RANK[status]:
                status = change.status
    assert status is (JobStatus.SUCCESS if outcome == "done" else JobStatus.FAILURE)
    assert sorted(seen) == [1, 2, 3, 4, 5]
