"""Gives credits back: `credit.refund` becomes one ledger entry and its balance.

Key: request id. Order does not matter. A replay is safe: the ledger has a unique index on the
refund of a request. A refund without a charge, of another amount, or for a look that succeeded is
not applied: it goes to quarantine.
"""

from collections.abc import Sequence
from typing import Annotated

from domain.erasure import ERASED, is_pseudonym
from domain.outcomes import Done, Outcome, Skip, Unhandled
from runtime import metrics
from runtime.application import Application, start
from runtime.batch_session import BatchSession
from runtime.declaration import Declaration
from runtime.injected import Injected
from runtime.process import Process
from runtime.records import Work
from runtime.settings import KafkaSettings
from schemas.events import CreditRefund
from schemas.topics import CREDIT_REFUND
from storage.database import TRANSIENT
from storage.injected import injecting
from storage.refunds import Charge, RefundStore

DECLARATION = Declaration(
    name="credit_ledger",
    topics=(CREDIT_REFUND,),
    about="enters refunds in the ledger, once",
)


async def refund(works: list[Work], store: Annotated[RefundStore, Injected()]) -> Sequence[Outcome]:
    """Enter the refunds that are owed and not entered yet."""
    charges = await store.charges([work.request_id for work in works])
    outcomes = [refund_outcome(work.decoded.event, charges.get(work.request_id)) for work in works]
    owed = {
        work.request_id: (work.decoded.event, charges[work.request_id])
        for work, outcome in zip(works, outcomes, strict=True)
        if isinstance(outcome, Done) and isinstance(work.decoded.event, CreditRefund)
    }
    entered = await store.refund(list(owed.values())) if owed else set()
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


def app(process: Process | None = None, kafka: KafkaSettings | None = None) -> Application:
    """The FastStream application."""
    application = Application(
        DECLARATION,
        process=process,
        kafka=kafka,
        lifespan=injecting(store=RefundStore),
        heals=TRANSIENT,
    )
    application.sessions(BatchSession)
    application.subscriber(refund)
    return application


def refund_outcome(event: object, charge: Charge | None) -> Outcome:
    """Whether this refund is owed."""
    if not isinstance(event, CreditRefund):
        return Unhandled("not a refund")
    if charge is None:
        return Unhandled("nothing was charged for this request")
    if is_pseudonym(charge.tenant_id):
        return Skip(ERASED)
    if (charge.tenant_id, charge.amount) != (event.tenant_id, event.amount):
        return Unhandled("the refund differs from the charge in tenant or amount")
    if charge.succeeded:
        return Unhandled("the look succeeded: its charge is not owed back")
    return Done()


if __name__ == "__main__":
    start(app)
