"""Senders of webhooks sleep until something is due: they are told, and know when."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from consumers.webhooks.sender import Sender
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from runtime.egress import Egress, Resolver
from runtime.process import Process
from runtime.sessions import run_sessions
from runtime.settings import DatabaseSettings, ProcessSettings
from storage import advisory
from storage.advisory import Lock
from storage.wakeups import DELIVERIES_CHANNEL, listen
from storage.webhook_deliveries import DeliveryStore
from storage.webhook_outbox import WebhookOutbox
from tests.integration.conftest import until
from tests.integration.test_webhooks import LIVE, QUICK, a_hook, happened
from tests.receiver import answering, receiving

NEVER_S = 3600.0


@asynccontextmanager
async def told(services: Stack, outbox: WebhookOutbox) -> AsyncIterator[None]:
    """Its sender hears."""
    settings = settings_of(DatabaseSettings, services.env)
    task = asyncio.create_task(listen(settings, outbox.signal, DELIVERIES_CHANNEL))

    async def listening() -> bool:
        return outbox.signal.listening

    await until(listening)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_a_sender_that_sleeps_is_told_of_an_event_a_test_and_a_redelivery(
    services: Stack, pool: asyncpg.Pool
) -> None:
    process = Process("webhooks", ProcessSettings(instance="test"))
    outbox, deliveries = WebhookOutbox(pool), DeliveryStore(pool)
    pace = replace(QUICK, look_again_s=NEVER_S)
    async with receiving() as receiver, told(services, outbox):
        hook = await a_hook(pool, receiver.url)
        sender = Sender(process, outbox, Egress(Resolver(4), insecure=True), pace)
        task = asyncio.create_task(run_sessions(process, "webhook_sender", lambda: sender))
        (event,) = await hook.tell()  # by another's outbox
        await until(lambda: hook.stand_at("delivered", 1))
        await deliveries.send(hook.tenant, LIVE, hook.webhook_id, happened())
        await until(lambda: hook.stand_at("delivered", 2))
        again = event.delivery_id(hook.webhook_id)
        await deliveries.redeliver(hook.tenant, LIVE, hook.webhook_id, again)

        async def sent_again() -> bool:
            return len(receiver.received) == 3

        await until(sent_again)
        process.stopping.set()
        await asyncio.wait_for(task, 30)


async def test_a_sender_that_sleeps_wakes_when_a_retry_is_due(
    services: Stack, pool: asyncpg.Pool
) -> None:
    process, outbox = Process("webhooks", ProcessSettings(instance="test")), WebhookOutbox(pool)
    pace = replace(QUICK, look_again_s=NEVER_S)
    async with receiving() as receiver, told(services, outbox):
        receiver.then = [answering(500), answering(500)]
        hook = await a_hook(pool, receiver.url)
        sender = Sender(process, outbox, Egress(Resolver(4), insecure=True), pace)
        task = asyncio.create_task(run_sessions(process, "webhook_sender", lambda: sender))
        await hook.tell()
        await until(lambda: hook.stand_at("delivered", 1))
        process.stopping.set()
        await asyncio.wait_for(task, 30)
    assert len(receiver.received) == 3


async def test_what_is_due_is_known_without_a_lock(pool: asyncpg.Pool) -> None:
    outbox = WebhookOutbox(pool)
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    await hook.tell()
    async with pool.acquire() as other, other.transaction():
        await advisory.hold(other, Lock.WEBHOOK_CLAIM)
        assert await outbox.due_in_s() <= 0
    await hook.change(enabled=False)
