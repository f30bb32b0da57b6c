"""Which requests this process refused, on their way to Postgres: answering one never waits for it.

Only requests of a key that works are noted, and of a tenant only so many a minute: a client that
does all wrong fills neither memory nor tables.
"""

import asyncio
from collections import deque

from runtime import logs
from storage.database import TRANSIENT
from storage.refused_requests import RefusedRequestStore, RefusedRow

log = logs.get(__name__)

EVERY_S = 1.0
MAX_WAITING = 5_000
MAX_A_MINUTE = 120
"""Of a tenant, in one process; more are answered as ever and not noted."""
BATCH = 500


class RefusalLog:
    """Rows that wait to be written."""

    def __init__(self, store: RefusedRequestStore) -> None:
        """Nothing waits."""
        self._store = store
        self._waiting: deque[RefusedRow] = deque(maxlen=MAX_WAITING)
        self._minute = 0
        self._counts: dict[str, int] = {}

    def note(self, row: RefusedRow) -> None:
        """Keep this one, if its tenant has not had too many in this minute."""
        minute = self.minute_of(row)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        count = self._counts.get(row.tenant_id, 0)
        if count < MAX_A_MINUTE:
            self._counts[row.tenant_id] = count + 1
            self._waiting.append(row)

    @staticmethod
    def minute_of(row: RefusedRow) -> int:
        """Within which it counts."""
        return int(row.created_at.timestamp()) // 60

    async def flush(self) -> None:
        """Write what waits. What can't be written now is given up: it is a convenience."""
        while self._waiting:
            rows = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await self._store.add(rows)
            except TRANSIENT as error:
                log.warning("refusals not noted", rows=len(rows), error=type(error).__name__)

    async def run(self) -> None:
        """Write every now and then until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.flush()
