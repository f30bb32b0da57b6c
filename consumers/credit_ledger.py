"""Gives credits back: `credit.refund` becomes one ledger entry and its balance.

Key: request id. Order does not matter. A replay is safe: the ledger has a unique index on the
refund of a request. A refund without a charge, of another amount, or for a look that succeeded is
not applied: it goes to quarantine.
"""

from collections.abc import Mapping, Sequence

from domain.outcomes import Done, Outcome, Skip, Unhandled
from runtime import metrics
from runtime.batch_session import BatchSession
from runtime.declaration import Declaration
from runtime.process import Process, run
from runtime.records import Work
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings
from schemas.events import CreditRefund
from schemas.topics import CREDIT_REFUND
from storage.database import open_pool
from storage.refunds import Charge, RefundStore

DECLARATION = Declaration(
    name="credit_ledger",
    topics=(CREDIT_REFUND,),
    about="enters refunds in the ledger, once",
    max_in_flight=500,
)


class CreditLedger:
    """Applies batches of refunds to the ledger."""

    declaration = DECLARATION

    def __init__(self, store: RefundStore) -> None:
        """Write to this ledger."""
        self._store = store

    async def start_offsets(
        self, partitions: Sequence[tuple[str, int]]
    ) -> Mapping[tuple[str, int], int]:
        """Where the group committed."""
        return {}

    async def apply(
        self, works: Sequence[Work], positions: Mapping[tuple[str, int], tuple[int, int]]
    ) -> Sequence[Outcome]:
        """Enter the refunds that are owed and not entered yet."""
        if not works:
            return []
        charges = await self._store.charges([work.request_id for work in works])
        outcomes: list[Outcome] = [
            judge(work.decoded.event, charges.get(work.request_id)) for work in works
        ]
        owed = {
            work.request_id: (work.decoded.event, charges[work.request_id])
            for work, outcome in zip(works, outcomes, strict=True)
            if isinstance(outcome, Done) and isinstance(work.decoded.event, CreditRefund)
        }
        entered = await self._store.refund(list(owed.values())) if owed else set()
        metrics.REFUNDS.labels("applied").inc(len(entered))
        metrics.REFUNDS.labels("repeated").inc(
            sum(isinstance(outcome, Done) for outcome in outcomes) - len(entered)
        )
        return [
            Skip("refunded before")
            if isinstance(outcome, Done) and work.request_id not in entered
            else outcome
            for work, outcome in zip(works, outcomes, strict=True)
        ]


def judge(event: object, charge: Charge | None) -> Outcome:
    """Whether this refund is owed."""
    if not isinstance(event, CreditRefund):
        return Unhandled("not a refund")
    if charge is None:
        return Unhandled("nothing was charged for this request")
    if (charge.tenant_id, charge.amount) != (event.tenant_id, event.amount):
        return Unhandled("the refund differs from the charge in tenant or amount")
    if charge.succeeded:
        return Unhandled("the look succeeded: its charge is not owed back")
    return Done()


async def main(process: Process) -> None:
    """Run until asked to stop."""
    kafka = KafkaSettings()
    async with open_pool(DatabaseSettings(), process) as pool:
        handler = CreditLedger(RefundStore(pool))
        await run_sessions(process, DECLARATION.name, lambda: BatchSession(process, kafka, handler))


if __name__ == "__main__":
    run(DECLARATION.name, main)
