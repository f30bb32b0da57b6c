"""The FastStream application: its subscriber makes deliveries, and beside it they are sent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from faststream import Context, ContextRepo

from consumers.webhooks.handler import DECLARATION, deliver
from consumers.webhooks.sender import Pace, Sender
from domain.outcomes import Outcome
from runtime import faults
from runtime.application import Application
from runtime.batch_session import BatchSession
from runtime.egress import Egress, Resolver
from runtime.injected import Injected
from runtime.process import Process
from runtime.records import Work
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings, ObjectStoreSettings, WebhookSettings
from storage.database import TRANSIENT, open_pool
from storage.presigned import Presigner
from storage.wakeups import DELIVERIES_CHANNEL, listen
from storage.webhook_outbox import WebhookOutbox


async def make_deliveries(
    works: list[Work], outbox: Annotated[WebhookOutbox, Injected()]
) -> Sequence[Outcome]:
    """One row per endpoint that wants to be told."""
    return await deliver(works, outbox, faults.clock(DECLARATION.name))


def application(process: Process | None = None, kafka: KafkaSettings | None = None) -> Application:
    """Connects to nothing before it runs."""
    made = Application(
        DECLARATION, process=process, kafka=kafka, lifespan=resources, heals=TRANSIENT
    )
    made.sessions(BatchSession)
    made.subscriber(make_deliveries)
    return made


@asynccontextmanager
async def resources(
    context: ContextRepo, process: Annotated[Process, Context()]
) -> AsyncIterator[None]:
    """What the handler depends on; and what is due is sent, until the process is asked to stop."""
    settings, database = WebhookSettings(), DatabaseSettings()
    egress = Egress(Resolver(settings.concurrency), insecure=settings.allow_insecure_targets)
    async with open_pool(database, process) as pool, asyncio.TaskGroup() as parts:
        outbox = WebhookOutbox(pool, links=Presigner(ObjectStoreSettings()))
        listening = parts.create_task(listen(database, outbox.signal, DELIVERIES_CHANNEL))
        context.set_global("outbox", outbox)
        parts.create_task(
            run_sessions(
                process,
                "webhook_sender",
                lambda: Sender(process, outbox, egress, Pace(settings.concurrency)),
            )
        )
        try:
            yield
        finally:
            listening.cancel()
