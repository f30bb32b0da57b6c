"""Metrics of the newest audit: whoever made it, wherever, Prometheus hears of it here."""

import asyncio
from datetime import datetime
from typing import Protocol

import asyncpg

from runtime import logs, metrics
from storage.database import DATABASE_AWAY

log = logs.get(__name__)

EVERY_S = 30.0


class Audits(Protocol):
    """Where audits are kept."""

    async def last(self) -> tuple[datetime, int] | None:
        """As AuditStore."""


async def tell(audits: Audits, every_s: float = EVERY_S) -> None:
    """Tell of it again and again, until cancelled. Without the right to read audits, of none."""
    while True:
        try:
            newest = await audits.last()
        except asyncpg.InsufficientPrivilegeError:
            log.warning("audits may not be read, so their metrics stay 0: `looks db roles`")
            return
        except DATABASE_AWAY:
            pass  # what needs the database says so
        else:
            if newest is not None:
                finished_at, violations = newest
                metrics.AUDITED_AT_SECONDS.set(finished_at.timestamp())
                metrics.AUDIT_FOUND.set(violations)
        await asyncio.sleep(every_s)
