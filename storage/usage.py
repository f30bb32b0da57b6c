"""What a tenant used, by day and operation, from `request_logs` and the ledger."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import asyncpg
from ulid import ULID

CLOCKS_DIFFER = timedelta(hours=1)
"""A request's id begins with the time of the process that made it, `created_at` is the database's:
never further apart.
"""


@dataclass(frozen=True, slots=True)
class UsageRow:
    """One day (UTC, of acceptance) and operation. Credits are positive."""

    day: date
    operation: str
    requests: int
    succeeded: int
    failed: int
    charged: int
    refunded: int


class UsageStore:
    """Sums."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def by_day(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[UsageRow]:
        """Days `first` to `last`, both included, newest first; days without requests are left out.

        A request and all that came of it belong to the day on which it was accepted.
        """
        begin = datetime.combine(first, time(), UTC)
        end = datetime.combine(last, time(), UTC) + timedelta(days=1)
        rows = await self._pool.fetch(
            """SELECT (r.created_at AT TIME ZONE 'UTC')::date AS day, r.job_type AS operation,
                      count(*) AS requests,
                      count(*) FILTER (WHERE r.status = 'SUCCESS') AS succeeded,
                      count(*) FILTER (WHERE r.status = 'FAILURE') AS failed,
                      coalesce(sum(-c.amount), 0)::bigint AS charged,
                      coalesce(sum(f.amount), 0)::bigint AS refunded
               FROM request_logs r
               LEFT JOIN ledger_entries c ON c.request_id = r.request_id AND c.kind = 'charge'
               LEFT JOIN ledger_entries f ON f.request_id = r.request_id AND f.kind = 'refund'
               WHERE r.tenant_id = $1 AND r.environment = $2 AND r.request_id >= $3
                 AND r.request_id < $4 AND r.created_at >= $5 AND r.created_at < $6
               GROUP BY 1, 2 ORDER BY 1 DESC, 2""",
            tenant_id,
            environment,
            _first_id(begin - CLOCKS_DIFFER),
            _first_id(end + CLOCKS_DIFFER),
            begin,
            end,
        )
        return [UsageRow(*row.values()) for row in rows]


def _first_id(at: datetime) -> str:
    """The smallest request id of a moment: ids sort by time, so the rows of some days are a range
    of the tenant's index.
    """
    return str(ULID.from_bytes(max(0, int(at.timestamp() * 1000)).to_bytes(6) + bytes(10)))
