"""What an API process tidies up beside answering: idempotency keys and sign-ins past their
time, in small batches. Whatever the database says of that (a right that a new release needs and
`looks db roles` has not given yet, say), answering goes on.
"""

import asyncio
from typing import Protocol

from runtime import logs, metrics
from storage.database import TRANSIENT
from storage.idempotency import IdempotencyStore

log = logs.get(__name__)

EVERY_S = 600.0
BATCH = 1000


async def purge_idempotency_keys(store: IdempotencyStore, kept_s: float) -> None:
    """Remove old keys every now and then until cancelled. Several processes may do so side by
    side.
    """
    while True:
        try:
            await purge_once(store, kept_s)
        except TRANSIENT as error:
            log.warning("not purged", error=f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(EVERY_S)


class Purged(Protocol):
    """A store whose rows are kept for a time."""

    async def purge(self, limit: int) -> int:
        """Remove at most `limit` that are too old; returns how many."""


async def purge_lists(*stores: Purged) -> None:
    """Remove sign-ins, uploads' rows and the like past their time every now and then until
    cancelled.
    """
    while True:
        for store in stores:
            try:
                while await store.purge(BATCH) == BATCH:
                    pass
            except TRANSIENT as error:
                log.warning("not purged", error=f"{type(error).__name__}: {error}"[:200])
        await asyncio.sleep(EVERY_S)


async def purge_once(store: IdempotencyStore, kept_s: float, batch: int = BATCH) -> int:
    """Remove what is too old, `batch` rows a statement; returns how many."""
    purged = 0
    while True:
        removed = await store.purge(kept_s, batch)
        purged += removed
        metrics.IDEMPOTENCY_PURGED.inc(removed)
        if removed < batch:
            return purged
