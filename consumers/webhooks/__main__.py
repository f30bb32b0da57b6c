"""`python -m consumers.webhooks`."""

import asyncio

from consumers.webhooks.handler import DECLARATION, Webhooks
from consumers.webhooks.sender import Pace, Sender
from runtime.batch_session import BatchSession
from runtime.egress import Egress, Resolver
from runtime.process import Process, run
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, KafkaSettings, WebhookSettings
from storage.database import open_pool
from storage.webhook_outbox import WebhookOutbox


async def main(process: Process) -> None:
    """Make and send deliveries until asked to stop."""
    kafka, settings = KafkaSettings(), WebhookSettings()
    egress = Egress(Resolver(settings.concurrency), insecure=settings.allow_insecure_targets)
    async with open_pool(DatabaseSettings(), process) as pool:
        outbox = WebhookOutbox(pool)
        handler = Webhooks(outbox)
        async with asyncio.TaskGroup() as parts:
            parts.create_task(
                run_sessions(
                    process, DECLARATION.name, lambda: BatchSession(process, kafka, handler)
                )
            )
            parts.create_task(
                run_sessions(
                    process,
                    "webhook_sender",
                    lambda: Sender(process, outbox, egress, Pace(settings.concurrency)),
                )
            )


if __name__ == "__main__":
    run(DECLARATION.name, main)
