"""`python -m chaos.sabotage BUG MODULE`: runs one of our processes with one of its safeguards taken
out.

The bugs that a campaign must find. Nothing in the processes themselves knows of this: the safeguard
is replaced in memory before the process begins.
"""

import runpy
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from domain.history import Admission, PartitionHistory
from runtime.deciding import Decision
from runtime.kafka import new_producer
from runtime.records import OutRecord
from runtime.settings import KafkaSettings
from runtime.transactions import Transactions
from schemas.events import CreditRefund
from storage.growths import growths
from storage.outbox import OutboxStore, Publish, row_of
from storage.refunds import Charge, RefundStore


class Bug(StrEnum):
    """A safeguard that is missing."""

    DEADLINE = "deadline"  # the compositor publishes completions after the deadline too
    TRANSACTION = "transaction"  # results leave without a transaction: nobody fences a zombie
    REFUND_KEY = "refund-key"  # a refund is entered as often as it is read
    OUTBOX_MARK = "outbox-mark"  # a row is removed before Kafka has it


NEVER = datetime.max.replace(tzinfo=UTC)
_admission = PartitionHistory.admission


def without_deadline(
    self: PartitionHistory, request_id: str, attempt: int, deadline_at: datetime, now: datetime
) -> Admission:
    """In place of `PartitionHistory.admission`: no deadline is ever over."""
    return _admission(self, request_id, attempt, NEVER, now)


async def _without_transaction(
    self: Transactions, announced: list[OutRecord], decisions: list[Decision]
) -> bool:
    producer = new_producer(KafkaSettings(), "careless")
    await producer.start()
    try:
        for out in (*announced, *(record for decision in decisions for record in decision.records)):
            await producer.send_and_wait(
                out.topic, out.value, key=out.key, headers=list(out.headers)
            )
    finally:
        await producer.stop()
    self._offsets_after(decisions)
    return True


async def _without_refund_key(
    self: RefundStore, refunds: Sequence[tuple[CreditRefund, Charge]]
) -> set[str]:
    async with self._pool.acquire() as connection, connection.transaction():
        await connection.execute("DROP INDEX IF EXISTS ledger_one_refund")
        for event, charge in refunds:
            await connection.execute(
                """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
                   VALUES ($1, $2, 'refund', $3, $4)""",
                charge.tenant_id,
                charge.environment,
                event.amount,
                event.request_id,
            )
            await connection.execute(
                "UPDATE credit_accounts SET balance = balance + $3 WHERE tenant_id = $1 AND "
                "environment = $2",
                charge.tenant_id,
                charge.environment,
                event.amount,
            )
    return {event.request_id for event, _ in refunds}


async def _without_outbox_mark(self: OutboxStore, publish: Publish, limit: int) -> int:
    rows = await self._pool.fetch(
        """DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT $1)
           RETURNING id, topic, key, value, headers::text AS headers""",
        limit,
    )
    if rows:
        await publish([row_of(row) for row in rows], await growths(self._pool))
    return len(rows)


SAFEGUARDS: dict[Bug, tuple[type, str, object]] = {
    Bug.DEADLINE: (PartitionHistory, "admission", without_deadline),
    Bug.TRANSACTION: (Transactions, "_transact", _without_transaction),
    Bug.REFUND_KEY: (RefundStore, "refund", _without_refund_key),
    Bug.OUTBOX_MARK: (OutboxStore, "relay", _without_outbox_mark),
}
"""Where each safeguard stands, and what stands there without it."""


def main() -> None:
    """Take the safeguard out, become the process."""
    owner, name, replacement = SAFEGUARDS[Bug(sys.argv[1])]
    getattr(owner, name)  # an AttributeError here: the safeguard has moved
    setattr(owner, name, replacement)
    runpy.run_module(sys.argv[2], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
