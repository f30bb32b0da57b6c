"""The promises of the system as checks: facts of one request in, violations out. Pure.

The facts come from different moments of a running system (`storage.audit_facts` says which), so
each check asks only what the order of those moments allows it to ask, and gives events the time
they may take to travel.
"""

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

PROMISES: dict[int, str] = {
    1: "accepted requests are durable",
    2: "charged exactly once",
    3: "one terminal outcome by the deadline",
    4: "refunded exactly once if and only if failed",
    5: "exactly one public outcome",
    6: "success means a picture",
    7: "balances are the sum of their entries",
    8: "events in causal order",
    9: "nothing unreadable is lost",
    11: "each record in the lake exactly once",
}
TERMINAL = frozenset({"SUCCESS", "FAILURE"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise, and what was seen."""

    promise: int
    subject: str
    seen: str

    def __str__(self) -> str:
        """One line."""
        return f"VIOLATION {self.promise} ({PROMISES[self.promise]}) {self.subject}: {self.seen}"


@dataclass(frozen=True, slots=True)
class AuditMoment:
    """When the facts were taken and how long things may take.

    `settle_s`: an event may travel for so long. `margin_s`: after its deadline a request may stay
    open for so long.
    `topics_since`: topics may have forgotten what is older. `retired`: table -> below which request
    id its rows are gone.
    """

    now: datetime
    settle_s: float
    margin_s: float
    topics_since: datetime
    retired: Mapping[str, str] = field(default_factory=dict)

    def gone(self, table: str, request_id: str) -> bool:
        """Whether retention has taken the table's rows of this request away."""
        return request_id < self.retired.get(table, "")

    def settled(self, at: datetime) -> bool:
        """Whether what happened then must have arrived everywhere by now."""
        return at < self.now - timedelta(seconds=self.settle_s)


@dataclass(frozen=True, slots=True)
class InTopic:
    """What a topic says of one request."""

    count: int = 0
    bodies: int = 0  # different ones
    projected: bool = True  # whether the projection had read all of it when the rows were read
    last_written: datetime | None = None


NOTHING = InTopic()


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One row of request_logs with all that other places say of it."""

    request_id: str
    status: str
    credits_cost: int
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    charges: tuple[int, ...]
    refunds: tuple[int, ...]
    in_outbox: bool
    outbox_since: datetime | None
    events: tuple[tuple[int, str], ...]
    claimed_at: datetime | None
    shared_numbers: tuple[
        int, ...
    ] = ()  # numbers that topics give to more than one event of the request
    passed_over: frozenset[int] = frozenset()  # of events that will not come, as is on record
    still_in_topics: frozenset[int] = frozenset()  # of those, the numbers that topics do have
    goodwill: tuple[int, ...] = ()
    requested: InTopic = NOTHING
    completed: InTopic = NOTHING
    failed: InTopic = NOTHING
    refund_events: InTopic = NOTHING


def _durable(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    if (
        facts.created_at >= moment.topics_since
        and not facts.in_outbox
        and facts.requested.count == 0
    ):
        yield "neither in the outbox nor in look.requested"
    if facts.requested.bodies > 1:
        yield f"{facts.requested.bodies} different bodies in look.requested"
    if facts.outbox_since is not None and facts.outbox_since < moment.now - timedelta(
        seconds=moment.settle_s
    ):
        yield f"in the outbox since {facts.outbox_since.isoformat()}"


def _charged(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    if facts.charges != (-facts.credits_cost,):
        yield f"charges {list(facts.charges)} for a cost of {facts.credits_cost}"


def _terminal(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    late = moment.now - timedelta(seconds=moment.margin_s)
    if facts.status not in TERMINAL and facts.deadline_at < late:
        yield f"{facts.status} although its deadline was {facts.deadline_at.isoformat()}"


def _refunded(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    if len(facts.refunds) > 1:
        yield f"refunded {len(facts.refunds)} times"
    if facts.refunds and facts.refunds[0] != facts.credits_cost:
        yield f"refunded {facts.refunds[0]} of {facts.credits_cost}"
    if facts.status == "FAILURE" and not facts.refunds and moment.settled(facts.updated_at):
        yield "failed and not refunded"
    if facts.refunds and facts.status == "SUCCESS":
        yield "succeeded and refunded"
    if facts.completed.count and (facts.refund_events.count or facts.refunds):
        yield "a completion and a refund were published"
    written = facts.refund_events.last_written
    if (
        facts.refund_events.count
        and not facts.refunds
        and written is not None
        and moment.settled(written)
    ):
        yield "a refund was published and not entered in the ledger"
    yield from _goodwill(facts)


def _goodwill(facts: RequestFacts) -> Iterator[str]:
    """Credits for a bad picture: once, for a look that has one, and no more than it cost."""
    if len(facts.goodwill) > 1:
        yield f"goodwill {len(facts.goodwill)} times"
    if facts.goodwill and facts.status != "SUCCESS":
        yield f"goodwill for a look that is {facts.status}"
    if facts.goodwill and facts.goodwill[0] > facts.credits_cost:
        yield f"goodwill of {facts.goodwill[0]} for a cost of {facts.credits_cost}"


def _published(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    total = facts.completed.count + facts.failed.count
    if total > 1:
        yield f"{facts.completed.count} look.completed and {facts.failed.count} look.failed"
    if facts.status in TERMINAL and total == 0 and facts.updated_at >= moment.topics_since:
        yield f"{facts.status} without a public outcome"
    if facts.completed.count == 1 and facts.completed.projected and facts.status != "SUCCESS":
        yield f"look.completed was projected but the request is {facts.status}"
    if facts.failed.count == 1 and facts.failed.projected and facts.status != "FAILURE":
        yield f"look.failed was projected but the request is {facts.status}"


def _ordered(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    for number in facts.shared_numbers:
        yield f"topics have two events with the number {number}"
    if facts.status not in TERMINAL or not moment.settled(facts.updated_at):
        return
    if moment.gone("job_events", facts.request_id):
        return
    seqs = [seq for seq, _ in facts.events]
    kinds = [kind for _, kind in facts.events]
    yield from _numbered(facts, seqs)
    last = "succeeded" if facts.status == "SUCCESS" else "failed"
    if not kinds or kinds[-1] != last:
        yield f"{facts.status} but the last event is {kinds[-1] if kinds else 'missing'}"
    if [kind for kind in kinds if kind in {"succeeded", "failed"}] not in ([last], []):
        yield f"outcomes among the events: {kinds}"
    if "queued" in kinds and kinds[0] != "queued":
        yield f"the first event is {kinds[0]}"


def _numbered(facts: RequestFacts, seqs: list[int]) -> Iterator[str]:
    """Without a hole, but for what retention or an operator took before it was read: that is on
    record, and readers pass over it. What topics still have is not gone.
    """
    if not facts.requested.count or not facts.requested.projected:
        return
    there = sorted({*seqs, *facts.passed_over})
    if len({*seqs}) != len(seqs) or there != list(range(1, len(there) + 1)):
        yield f"event numbers {seqs}"
    for number in sorted(facts.still_in_topics - {*seqs}):
        yield f"readers pass over event {number}, which a topic has"


def _claimed(facts: RequestFacts, moment: AuditMoment) -> Iterator[str]:
    if (
        facts.claimed_at is not None
        and moment.settled(facts.claimed_at)
        and facts.failed.count == 0
    ):
        if facts.claimed_at >= moment.topics_since:
            yield "a dead letter was claimed but no look.failed was published"


def may_change(facts: RequestFacts, moment: AuditMoment) -> bool:
    """Whether something of a request was open or on its way, so that a later audit must look at it
    again.
    """
    written = (facts.completed, facts.failed, facts.refund_events)
    return (
        facts.status not in TERMINAL
        or facts.in_outbox
        or not moment.settled(facts.updated_at)
        or (facts.claimed_at is not None and not moment.settled(facts.claimed_at))
        or (facts.status == "FAILURE" and not facts.refunds)
        or any(
            topic.count and (not topic.projected or not _arrived(topic, moment))
            for topic in written
        )
    )


def _arrived(topic: InTopic, moment: AuditMoment) -> bool:
    return topic.last_written is None or moment.settled(topic.last_written)


CHECKS: dict[int, Callable[[RequestFacts, AuditMoment], Iterator[str]]] = {
    1: _durable,
    2: _charged,
    3: _terminal,
    4: _refunded,
    5: _published,
    8: _ordered,
    9: _claimed,
}
"""The promises that are kept or broken request by request. 6 needs S3 and 7 the accounts:
`operations.auditing`.
"""


def violations(facts: RequestFacts, moment: AuditMoment) -> Iterator[Violation]:
    """Every promise that one request breaks."""
    for promise, check in CHECKS.items():
        for seen in check(facts, moment):
            yield Violation(promise, facts.request_id, seen)


def stray(request_id: str, topic: str, written: datetime, moment: AuditMoment) -> Violation | None:
    """A record about a request that has no row. Rows come before records, so only a fresh one is no
    violation.
    """
    if not moment.settled(written) or moment.gone("request_logs", request_id):
        return None
    promise = {"look.requested": 1, "credit.refund": 4}.get(topic, 5)
    return Violation(promise, request_id, f"{topic} speaks of a request that was never accepted")


def account(tenant: str, balance: int, entries: int) -> Iterator[Violation]:
    """One account's balance against the sum of its entries."""
    if balance < 0:
        yield Violation(7, tenant, f"the balance is {balance}")
    if balance != entries:
        yield Violation(7, tenant, f"the balance is {balance}, the entries add up to {entries}")


def quarantined(place: str, headers: dict[str, str], *, has_bytes: bool) -> Iterator[Violation]:
    """A quarantined record must say where it came from and why, and be whole."""
    missing = [
        name
        for name in ("reason", "topic", "partition", "offset", "consumer")
        if not headers.get(f"looks-quarantine-{name}")
    ]
    if missing:
        yield Violation(9, place, f"quarantined without {', '.join(missing)}")
    if not has_bytes and headers.get("looks-quarantine-reason") != "the record has no value":
        yield Violation(9, place, "quarantined without its bytes")


@dataclass(frozen=True, slots=True)
class InLake:
    """One partition of a topic against its table, below the offset at which the table goes on.

    `strangers`: rows of no record that the topic has, though it has older ones.
    """

    topic: str
    partition: int
    rows: int
    missing: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()
    strangers: tuple[int, ...] = ()


SHOWN_OFFSETS = 5


def in_lake(facts: InLake, quarantined: Set[int]) -> Iterator[Violation]:
    """`quarantined`: offsets that the lake's writer has put there, for they fit no column."""
    lacking = [offset for offset in facts.missing if offset not in quarantined]
    for what, offsets in (
        ("is committed and not in the lake", lacking),
        ("is in the lake more than once", facts.repeated),
        ("is in the lake and no committed record", facts.strangers),
    ):
        for offset in offsets[:SHOWN_OFFSETS]:
            yield Violation(11, f"{facts.topic}[{facts.partition}]@{offset}", what)
        if len(offsets) > SHOWN_OFFSETS:
            yield Violation(
                11, f"{facts.topic}[{facts.partition}]", f"{len(offsets)} in all: each {what}"
            )
