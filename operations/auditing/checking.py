"""What an audit looks at, and every promise that it finds broken."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from domain import audit
from domain.audit import AuditMoment, InTopic, RequestFacts, Violation
from domain.redriving import Verb
from operations.auditing.lake_side import LakeSide
from operations.auditing.reading import read_into
from operations.auditing.tally import Tally
from runtime.kafka import ConsumerRecord, read
from runtime.reading import read_all
from runtime.records import Work
from runtime.settings import KafkaSettings, LookSettings
from runtime.topic_facts import AUDITED, TopicFacts, get
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
)
from storage.audit_facts import Snapshot, snapshot
from storage.object_store import ObjectMissing, ObjectStore

S3_AT_ONCE = 8
BATCH = 1000
CLOCKS_DIFFER = timedelta(seconds=60)
"""Of brokers and the database."""
MAX_PICTURE_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Scope:
    """What an audit is given."""

    database_url: str
    kafka: KafkaSettings
    look: LookSettings
    store: ObjectStore
    settle_s: float
    sample: int
    lake: LakeSide | None = None
    since: datetime | None = None  # what was created before is not looked at again


async def findings(scope: Scope, tally: Tally) -> AsyncIterator[Violation]:
    """Every violation; `tally` grows on the way. Memory is flat: rows stream, topics go to a
    temporary file.
    """
    with tempfile.TemporaryDirectory(prefix="looks-audit-") as folder:
        facts = TopicFacts(Path(folder))
        try:
            if scope.lake is not None:
                await asyncio.to_thread(scope.lake.look)
            async with snapshot(scope.database_url) as view:
                moment = replace(_moment(scope, view), retired=await view.retired())
                if scope.lake is not None:
                    scope.lake.erased = await view.erased()
                tally.looked_at = tally.everything_before = view.now
                tally.records = await _read(scope, facts)
                async for violation in _requests(view, facts, moment, scope, tally):
                    yield violation
                async for violation in _money(view, tally):
                    yield violation
                dealt_with = await view.dealt_with(LOOK_QUARANTINE.name)
            for violation in await _quarantine(scope, dealt_with, tally):
                yield violation
            if scope.lake is not None:
                tally.lake_rows = scope.lake.rows
                for violation in scope.lake.violations():
                    yield violation
        finally:
            facts.close()


async def _read(scope: Scope, facts: TopicFacts) -> int:
    """Every committed record; where there is a lake, against what it held before."""
    lake = scope.lake
    if lake is None:
        since = None if scope.since is None else scope.since - CLOCKS_DIFFER
        return await read_into(facts, scope.kafka, AUDITED, since)

    def take(record: ConsumerRecord) -> None:
        ours = record.topic in {topic.name for topic in AUDITED}
        if facts.add(record) if ours else isinstance(read(record), Work):
            lake.saw(record)

    return await read_all(scope.kafka, (*AUDITED, *lake.beside(AUDITED)), take)


def _moment(scope: Scope, view: Snapshot) -> AuditMoment:
    kafka = scope.kafka
    margin_s = (
        kafka.transaction_timeout_s
        + kafka.transaction_abort_interval_s
        + scope.look.clock_margin_s
        + scope.settle_s
    )
    kept = timedelta(milliseconds=LOOK_REQUESTED.retention_ms) - timedelta(hours=1)
    topics_since = max(view.now - kept, scope.since or view.now - kept)
    return AuditMoment(view.now, scope.settle_s, margin_s, topics_since)


async def _requests(
    view: Snapshot, facts: TopicFacts, moment: AuditMoment, scope: Scope, tally: Tally
) -> AsyncIterator[Violation]:
    whole = _Whole(facts, await view.projected())
    spoken_of = _SpokenOf(facts.requests())
    pictures: list[tuple[str, dict[str, object]]] = []
    async for row, image in view.requests(scope.since):
        tally.requests += 1
        tally.events_gone += len(row.passed_over - {seq for seq, _ in row.events})
        judged = whole.of(row)
        if audit.may_change(judged, moment):
            tally.everything_before = min(tally.everything_before or view.now, row.created_at)
        spoken_of.before(row.request_id)
        found = [*audit.violations(judged, moment)]
        if image is not None and (scope.sample == 0 or tally.pictures < scope.sample):
            tally.pictures += 1
            pictures.append((row.request_id, image))
        if len(pictures) >= S3_AT_ONCE:
            found += await _pictures(scope, pictures)
            pictures.clear()
        for violation in found:
            yield violation
    spoken_of.before(None)
    for violation in await _pictures(scope, pictures):
        yield violation
    for first in range(0, len(spoken_of.others), BATCH):
        others = spoken_of.others[first : first + BATCH]
        for violation in await _others(view, whole, others, moment):
            yield violation


class _Whole:
    """Rows with what topics say of their requests."""

    def __init__(self, facts: TopicFacts, projected: Mapping[tuple[str, int], int]) -> None:
        self._facts = facts
        self._projected = projected
        self._shared = facts.shared_numbers()

    def of(self, row: RequestFacts) -> RequestFacts:
        said = self._facts.of(row.request_id, self._projected)
        return replace(
            row,
            shared_numbers=self._shared.get(row.request_id, ()),
            still_in_topics=self._still_there(row, said),
            requested=get(said, LOOK_REQUESTED),
            completed=get(said, LOOK_COMPLETED),
            failed=get(said, LOOK_FAILED),
            refund_events=get(said, CREDIT_REFUND),
        )

    def _still_there(self, row: RequestFacts, said: Mapping[str, InTopic]) -> frozenset[int]:
        """Of the numbers that readers pass over, those of events that the projection has read."""
        if not row.passed_over or not all(topic.projected for topic in said.values()):
            return frozenset()
        return row.passed_over & self._facts.numbers(row.request_id)


class _SpokenOf:
    """Requests that topics speak of and that are not among the rows, met while both sides are
    walked in order.
    """

    def __init__(self, spoken_of: Iterator[tuple[str, str, datetime]]) -> None:
        self._spoken_of = spoken_of
        self._next = next(spoken_of, None)
        self.others: list[tuple[str, str, datetime]] = []

    def before(self, request_id: str | None) -> None:
        """Walk on to the next row's; to the end when there is none."""
        while self._next is not None and (request_id is None or self._next[0] <= request_id):
            if self._next[0] != request_id:
                self.others.append(self._next)
            self._next = next(self._spoken_of, None)


async def _others(
    view: Snapshot, whole: _Whole, others: list[tuple[str, str, datetime]], moment: AuditMoment
) -> list[Violation]:
    """Of those that are not among the rows: older ones than are looked at again are judged by what
    there is; those without a row are strangers.
    """
    rows = await view.requests_of([request_id for request_id, _, _ in others])
    found = [one for row in rows.values() for one in audit.violations(whole.of(row), moment)]
    strange = (audit.stray(*other, moment) for other in others if other[0] not in rows)
    return [*found, *(one for one in strange if one is not None)]


async def _pictures(scope: Scope, pictures: list[tuple[str, dict[str, object]]]) -> list[Violation]:
    """Of an erasure that goes on beside the audit the rows change before the pictures go."""
    found = await asyncio.gather(
        *(asyncio.to_thread(_picture, scope.store, *one) for one in pictures)
    )
    broken = [violation for violation in found if violation is not None]
    if not broken:
        return []
    async with snapshot(scope.database_url) as now:
        erased = await now.erased_among([one.subject for one in broken])
    return [one for one in broken if one.subject not in erased]


def _picture(store: ObjectStore, request_id: str, image: dict[str, object]) -> Violation | None:
    try:
        data = store.get(str(image["key"]), MAX_PICTURE_BYTES)
    except ObjectMissing:
        return Violation(6, request_id, "its picture is not in S3")
    if len(data) != image["bytes"]:
        return Violation(
            6, request_id, f"its picture has {len(data)} bytes, stated are {image['bytes']}"
        )
    if hashlib.sha256(data).hexdigest() != image["sha256"]:
        return Violation(6, request_id, "its picture has another SHA-256")
    return None


async def _money(view: Snapshot, tally: Tally) -> AsyncIterator[Violation]:
    for name, balance, entries in await view.accounts():
        tally.accounts += 1
        for violation in audit.account(name, balance, entries):
            yield violation
    for request_id in await view.charges_without_request():
        yield Violation(2, request_id, "charged without a request")
    for name in await view.closings_not_carried():
        yield Violation(7, name, "its entries were taken away and no entry carries their sum")
    if not await view.ledger_is_append_only():
        yield Violation(
            7, "ledger_entries", "the triggers that forbid changes are missing or disabled"
        )


async def _quarantine(
    scope: Scope, dealt_with: Mapping[tuple[int, int], str], tally: Tally
) -> list[Violation]:
    found: list[Violation] = []

    def take(record: ConsumerRecord) -> None:
        tally.quarantined += 1
        if scope.lake is not None:
            scope.lake.quarantined(record)
        verb = dealt_with.get((record.partition, record.offset))
        tally.redriven += verb == Verb.SEND
        tally.discarded += verb == Verb.DISCARD
        headers = {
            name: (raw or b"").decode(errors="replace") for name, raw in record.headers or ()
        }
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        found.extend(audit.quarantined(place, headers, has_bytes=record.value is not None))

    await read_all(scope.kafka, (LOOK_QUARANTINE,), take)
    return found
