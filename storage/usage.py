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


@dataclass(frozen=True, slots=True)
class KeyUsageRow:
    """The same of one key; None: it was not noted."""

    sums: UsageRow
    key_id: str | None
    key_name: str
    key_last4: str | None


_SUMS = """(r.created_at AT TIME ZONE 'UTC')::date AS day, r.job_type AS operation,
  count(*) AS requests,
  count(*) FILTER (WHERE r.status = 'SUCCESS') AS succeeded,
  count(*) FILTER (WHERE r.status = 'FAILURE') AS failed,
  coalesce(sum(-c.amount), 0)::bigint AS charged,
  coalesce(sum(f.amount), 0)::bigint AS refunded"""
_OF_TENANT = """request_logs r
  LEFT JOIN ledger_entries c ON c.request_id = r.request_id AND c.kind = 'charge'
  LEFT JOIN ledger_entries f ON f.request_id = r.request_id AND f.kind = 'refund'
  WHERE r.tenant_id = $1 AND r.environment = $2 AND r.request_id >= $3
    AND r.request_id < $4 AND r.created_at >= $5 AND r.created_at < $6"""


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
        rows = await self._reads.fetch(
            f"SELECT {_SUMS} FROM {_OF_TENANT} GROUP BY 1, 2 ORDER BY 1 DESC, 2",
            tenant_id,
            environment,
            *_range(first, last),
        )
        return [UsageRow(*row.values()) for row in rows]

    async def by_day_and_key(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[KeyUsageRow]:
        """The same for each key."""
        rows = await self._reads.fetch(
            f"""WITH sums AS (SELECT {_SUMS}, r.key_id FROM {_OF_TENANT} GROUP BY 1, 2, r.key_id)
                SELECT s.*, coalesce(k.name, '') AS name, k.last4
                FROM sums s LEFT JOIN api_keys k USING (key_id)
                ORDER BY s.day DESC, s.operation, s.requests DESC, s.key_id""",
            tenant_id,
            environment,
            *_range(first, last),
        )
        return [
            KeyUsageRow(
                UsageRow(
                    row["day"],
                    row["operation"],
                    row["requests"],
                    row["succeeded"],
                    row["failed"],
                    row["charged"],
                    row["refunded"],
                ),
                row["key_id"],
                row["name"],
                row["last4"],
            )
            for row in rows
        ]


def _range(first: date, last: date) -> tuple[str, str, datetime, datetime]:
    begin = datetime.combine(first, time(), UTC)
    end = datetime.combine(last, time(), UTC) + timedelta(days=1)
    return ids_from(begin), ids_until(end), begin, end
