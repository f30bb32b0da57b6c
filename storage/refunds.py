"""The ledger's side of a refund: one entry per request, ever, and the balance with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from schemas.events import CreditRefund
from storage.wakeups import announce


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request paid, and whether it succeeded."""

    tenant_id: str
    environment: str
    amount: int  # credits, positive
    succeeded: bool


class RefundStore:
    """Writes refunds."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def charges(self, request_ids: Sequence[str]) -> dict[str, Charge]:
        """What these requests were charged; requests without a charge are missing."""
        rows = await self._pool.fetch(
            """SELECT l.request_id, l.tenant_id, l.environment, -l.amount AS amount,
                      coalesce(r.status = 'SUCCESS', false) AS succeeded
               FROM ledger_entries l LEFT JOIN request_logs r USING (request_id)
               WHERE l.kind = 'charge' AND l.request_id = ANY($1::text[])""",
            list(request_ids),
        )
        return {
            row["request_id"]: Charge(
                row["tenant_id"], row["environment"], row["amount"], row["succeeded"]
            )
            for row in rows
        }

    async def refund(self, refunds: Sequence[tuple[CreditRefund, Charge]]) -> set[str]:
        """Enter the refunds that are not entered yet and raise the balances, in one transaction;
        returns the new ones.

        Exactly once by the unique index `ledger_one_refund`, however often and by however many it
        is called.
        """
        ordered = sorted(
            refunds, key=lambda pair: (pair[1].tenant_id, pair[1].environment, pair[0].request_id)
        )
        async with self._pool.acquire() as connection, connection.transaction():
            # Accounts before entries, in the order that acceptance locks them too: no deadlock.
            await connection.execute(
                """SELECT 1 FROM credit_accounts WHERE (tenant_id, environment) IN
                   (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY tenant_id, environment
                     FOR NO KEY UPDATE""",
                [charge.tenant_id for _, charge in ordered],
                [charge.environment for _, charge in ordered],
            )
            rows = await connection.fetch(
                """WITH entered AS (
                     INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
                     SELECT tenant_id, environment, 'refund', amount, request_id
                     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[])
                          AS n(tenant_id, environment, amount, request_id)
                     ON CONFLICT (request_id) WHERE kind = 'refund' DO NOTHING
                     RETURNING tenant_id, environment, amount, request_id),
                   raised AS (
                     UPDATE credit_accounts a SET balance = a.balance + s.total
                     FROM (SELECT tenant_id, environment, sum(amount) AS total FROM entered
                       GROUP BY 1, 2) s
                     WHERE (a.tenant_id, a.environment) = (s.tenant_id, s.environment))
                   SELECT request_id FROM entered""",
                [charge.tenant_id for _, charge in ordered],
                [charge.environment for _, charge in ordered],
                [event.amount for event, _ in ordered],
                [event.request_id for event, _ in ordered],
            )
            entered = {row["request_id"] for row in rows}
            await announce(connection, sorted(entered))
        return entered
