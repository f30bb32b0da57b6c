"""One audit from its beginning to its record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from domain.audit import Violation
from domain.moments import moment
from operations.auditing.checking import Scope, findings
from operations.auditing.lake_side import looking
from operations.auditing.tally import Tally
from runtime.settings import (
    DatabaseSettings,
    KafkaSettings,
    LakeSettings,
    LookSettings,
    ObjectStoreSettings,
)
from storage.audits import AuditRecord, AuditStore
from storage.database import open_pool
from storage.object_store import ObjectStore

LAST = "last"
SETTLE_S = 30.0


@dataclass(frozen=True, slots=True)
class AuditOrder:
    """What to look at. `since`: what was created since a moment, an age, or LAST; empty:
    everything. `sample`: so many pictures byte by byte; 0: all. `settle_s`: how long an event may
    travel before its absence counts.
    """

    since: str = ""
    sample: int = 0
    settle_s: float = SETTLE_S


class BadSince(ValueError):
    """Neither a moment nor an age; the message says so."""


class NotKept(Exception):
    """The audit came to its end, and the login may not keep it: `looks db roles` grants it."""


async def audited(
    database: DatabaseSettings,
    tally: Tally,
    found: Callable[[Violation], None],
    order: AuditOrder,
) -> None:
    """Check what is asked for. The audit is kept, so that the next one may begin where it ended.

    Raises BadSince, NotKept, and what Kafka, the store and the lake raise.
    """
    async with open_pool(database.direct) as pool:
        kept = AuditStore(pool)
        scope = Scope(
            database.dsn,
            KafkaSettings(),
            LookSettings(),
            ObjectStore(ObjectStoreSettings()),
            order.settle_s,
            order.sample,
            None if order.since else looking(LakeSettings(), ObjectStoreSettings()),
            await _begin_at(order.since, kept),
        )
        async for violation in findings(scope, tally):
            tally.count(violation)
            found(violation)
        await _keep(kept, scope, tally)


async def _begin_at(since: str, kept: AuditStore) -> datetime | None:
    if since == LAST:
        return await kept.go_on_from()
    try:
        return moment(since, datetime.now(UTC)) if since else None
    except ValueError as error:
        raise BadSince(str(error)) from None


async def _keep(kept: AuditStore, scope: Scope, tally: Tally) -> None:
    if tally.looked_at is None or tally.everything_before is None:
        return
    one = AuditRecord(
        tally.looked_at,
        scope.since,
        tally.everything_before,
        tally.requests,
        tally.records,
        tally.violations,
    )
    try:
        await kept.keep(one)
    except asyncpg.InsufficientPrivilegeError:
        raise NotKept from None
