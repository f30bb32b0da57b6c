"""Audits that were made, and where the next one may begin."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One audit. `since`: what was created earlier was not looked at; None: everything was.

    `everything_before`: of what was created before it, nothing was open or on its way.
    """

    looked_at: datetime
    since: datetime | None
    everything_before: datetime
    requests: int
    records: int
    violations: int


class AuditStore:
    """Rows of `audits`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        """Use the pool's connections."""
        self._pool = pool

    async def go_on_from(self) -> datetime | None:
        """Before this moment a clean audit left nothing to look at again. None: there was no
        clean one, or an audit after it found something.
        """
        row = await self._pool.fetchrow(
            "SELECT everything_before, violations FROM audits ORDER BY id DESC LIMIT 1"
        )
        return None if row is None or row["violations"] else row["everything_before"]

    async def last(self) -> tuple[datetime, int] | None:
        """When the newest audit ended, and how many violations it found. None: there was none."""
        row = await self._pool.fetchrow(
            "SELECT finished_at, violations FROM audits ORDER BY id DESC LIMIT 1"
        )
        return None if row is None else (row["finished_at"], row["violations"])

    async def keep(self, one: AuditRecord) -> None:
        """Add an audit that came to its end."""
        await self._pool.execute(
            """INSERT INTO audits (looked_at, since, everything_before, requests, records,
                 violations) VALUES ($1, $2, $3, $4, $5, $6)""",
            one.looked_at,
            one.since,
            one.everything_before,
            one.requests,
            one.records,
            one.violations,
        )
