"""What a tenant used, by day and operation, from `request_logs` and the ledger."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from storage.id_times import ids_from, ids_until
from storage.reads import ReadPool


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

    def __init__(self, reads: ReadPool) -> None:
        """Use these connections: sums may be behind."""
        self._reads = reads

    async def by_day(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[UsageRow]:
        """Days `first` to `last`, both included, newest first; days without requests are left out.

        A request and all that came of it belong to the day on which it was accepted.
        """
        begin = datetime.combine(first, time(), UTC)
        end = datetime.combine(last, time(), UTC) + timedelta(days=1)
        rows = await self._reads.fetch(
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
            ids_from(begin),
            ids_until(end),
            begin,
            end,
        )
        return [UsageRow(*row.values()) for row in rows]
