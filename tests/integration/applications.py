"""Sessions of our consumers' FastStream applications, with what a test gives them to depend on."""

from collections.abc import Callable
from datetime import UTC, datetime

import asyncpg

from consumers import credit_ledger, dead_letter, status_projection
from consumers.compositor.application import consuming
from consumers.compositor.handler import Compositor
from consumers.dead_letter import DeadLetters
from consumers.webhooks.application import application as webhooks_application
from runtime.application import Application
from runtime.consuming import Consuming
from runtime.lane_session import LaneSession
from runtime.process import Process
from runtime.settings import KafkaSettings
from storage.claims import ClaimStore
from storage.projection import ProjectionStore
from storage.refunds import RefundStore
from storage.webhook_outbox import WebhookOutbox

HISTORY_WINDOW_S = 120.0
Begin = Callable[[Process], Consuming]


def now() -> datetime:
    return datetime.now(UTC)


def injected(
    app: Callable[[Process, KafkaSettings], Application], kafka: KafkaSettings, **stores: object
) -> Begin:
    """Sessions of this application with these in place of its lifespan's."""

    def begin(process: Process) -> Consuming:
        application = app(process, kafka)
        for name, store in stores.items():
            application.context.set_global(name, store)
        return application.begin()

    return begin


def ledger(kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    """Refunds, entered."""
    return injected(credit_ledger.app, kafka, store=RefundStore(pool))


def projection(kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    """Events, projected."""
    return injected(status_projection.app, kafka, store=ProjectionStore(pool))


def deliveries(kafka: KafkaSettings, pool: asyncpg.Pool) -> Begin:
    """Outcomes, made into deliveries; nobody sends them."""
    return injected(webhooks_application, kafka, outbox=WebhookOutbox(pool))


def dead_letters(
    kafka: KafkaSettings, claims: ClaimStore, clock: Callable[[], datetime] = now
) -> Begin:
    """Failures, claimed and published."""

    def begin(process: Process) -> Consuming:
        application = dead_letter.app(process, kafka)
        application.sessions(lambda one: LaneSession(one, DeadLetters(claims), clock))
        return application.begin()

    return begin


def compositor_session(
    process: Process, kafka: KafkaSettings, handler: Compositor, clock: Callable[[], datetime] = now
) -> LaneSession:
    """Looks, made by this handler."""
    application = consuming(HISTORY_WINDOW_S, process=process, kafka=kafka)
    session = LaneSession(application, handler, clock)
    application.sessions(lambda _: session)
    application.begin()
    return session
