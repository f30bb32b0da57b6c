"""Reports of bad pictures and the credits that they bring, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.goodwill import COUNTED_LOOKS, ReportedLook, Withheld, decide, month_of
from storage.id_times import ids_from


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report, and what came of it."""

    request_id: str
    reason: str
    note: str
    credited: int
    withheld: Withheld | None
    created_at: datetime


_ROW = "request_id, reason, note, credited, withheld, created_at"


class GoodwillStore:
    """Writes reports and their ledger entries."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def report(
        self, tenant_id: str, environment: str, request_id: str, reason: str, note: str
    ) -> tuple[ReportRow, bool] | None:
        """Report a look of this tenant that has its picture: the first report, and whether it is
        this one. None where there is no such picture.

        Exactly once: reports of an account are one at a time, by the lock on its balance, and the
        unique index `ledger_one_goodwill` holds in any case.
        """
        looks = await self._looks_this_month(tenant_id, environment)
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """SELECT 1 FROM credit_accounts WHERE tenant_id = $1 AND environment = $2
                   FOR NO KEY UPDATE""",
                tenant_id,
                environment,
            )
            known = await connection.fetchrow(
                f"""SELECT {_ROW} FROM look_reports WHERE request_id = $1 AND tenant_id = $2
                    AND environment = $3""",
                request_id,
                tenant_id,
                environment,
            )
            if known is not None:
                return _row(known), False
            look = await connection.fetchrow(
                """SELECT -c.amount AS charged, r.created_at, now() AS now,
                     (SELECT count(*) FROM ledger_entries g WHERE g.tenant_id = $2
                        AND g.environment = $3 AND g.kind = 'goodwill'
                        AND g.created_at >= date_trunc('month', now(), 'UTC')) AS given
                   FROM request_logs r
                   JOIN ledger_entries c ON c.request_id = r.request_id AND c.kind = 'charge'
                   WHERE r.request_id = $1 AND r.tenant_id = $2 AND r.environment = $3
                     AND r.status = 'SUCCESS'""",
                request_id,
                tenant_id,
                environment,
            )
            if look is None:
                return None
            told = ReportedLook(look["charged"], look["created_at"], looks, look["given"])
            credited, withheld = decide(told, look["now"])
            if credited:
                await _give(connection, tenant_id, environment, request_id, credited)
            row = await connection.fetchrow(
                f"""INSERT INTO look_reports (request_id, tenant_id, environment, reason, note,
                      credited, withheld)
                    VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_ROW}""",
                request_id,
                tenant_id,
                environment,
                reason,
                note,
                credited,
                withheld,
            )
        assert row is not None  # what was inserted is returned
        return _row(row), True

    async def _looks_this_month(self, tenant_id: str, environment: str) -> int:
        """Before the account is locked, for it may take long; it only grows meanwhile."""
        now = await self._pool.fetchval("SELECT now()")
        return int(
            await self._pool.fetchval(
                """SELECT count(*) FROM (SELECT 1 FROM request_logs WHERE tenant_id = $1
                     AND environment = $2 AND request_id >= $3 AND created_at >= $4
                     LIMIT $5) counted""",
                tenant_id,
                environment,
                ids_from(month_of(now)),
                month_of(now),
                COUNTED_LOOKS,
            )
        )


async def _give(
    connection: asyncpg.pool.PoolConnectionProxy,
    tenant_id: str,
    environment: str,
    request_id: str,
    amount: int,
) -> None:
    await connection.execute(
        """INSERT INTO ledger_entries (tenant_id, environment, kind, amount, request_id)
           VALUES ($1, $2, 'goodwill', $3, $4)""",
        tenant_id,
        environment,
        amount,
        request_id,
    )
    await connection.execute(
        """UPDATE credit_accounts SET balance = balance + $3
           WHERE tenant_id = $1 AND environment = $2""",
        tenant_id,
        environment,
        amount,
    )


def _row(row: asyncpg.Record) -> ReportRow:
    withheld = row["withheld"]
    return ReportRow(
        row["request_id"],
        row["reason"],
        row["note"],
        row["credited"],
        None if withheld is None else Withheld(withheld),
        row["created_at"],
    )
