"""Makes deliveries: `look.completed` and `look.failed` become one row per endpoint of their tenant
that wants them.

Key: request id. Order does not matter: deliveries carry the event's `seq` and promise no order. A
replay is safe: a row is unique by endpoint and event. Events older than deliveries are kept, or
than their endpoint, are not sent.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.erasure import ERASED, is_pseudonym
from domain.outcomes import Done, Outcome, Skip, Unhandled
from domain.webhook_events import WebhookMessage, happening
from domain.webhooks import KEEP
from runtime.declaration import Declaration
from runtime.records import Work
from schemas.events import LookCompleted, LookFailed
from schemas.topics import LOOK_COMPLETED, LOOK_FAILED
from storage.webhook_outbox import RequestOwner, WebhookOutbox

DECLARATION = Declaration(
    name="webhooks",
    topics=(LOOK_COMPLETED, LOOK_FAILED),
    about="tells tenants' endpoints of outcomes",
)


async def deliver(works: Sequence[Work], outbox: WebhookOutbox, now: datetime) -> list[Outcome]:
    """Make the deliveries of a batch, all or none."""
    facts = await outbox.facts([work.request_id for work in works])
    judged = [message_or_outcome(work, facts.get(work.request_id), now) for work in works]
    told = [
        (facts[work.request_id].account, one)
        for work, one in zip(works, judged, strict=True)
        if isinstance(one, WebhookMessage)
    ]
    if told:
        await outbox.add(told)
    return [Done() if isinstance(one, WebhookMessage) else one for one in judged]


def message_or_outcome(
    work: Work, known: RequestOwner | None, now: datetime
) -> WebhookMessage | Outcome:
    """What endpoints are told of a record, or why they are told nothing."""
    event = work.decoded.event
    if not isinstance(event, LookCompleted | LookFailed):
        return Unhandled("not an outcome")
    if known is None:
        return Unhandled("there is no such request")
    if is_pseudonym(known.account[0]):
        return Skip(ERASED)
    if event.tenant_id != known.account[0]:
        return Unhandled("the request belongs to another tenant")
    if work.written_at < now - KEEP:
        return Skip("older than deliveries are kept")
    return happening(work.decoded, known.credits_cost, work.written_at) or Unhandled(
        "nobody is told of this"
    )
