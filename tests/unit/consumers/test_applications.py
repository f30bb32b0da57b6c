"""Every consumer as a FastStream application, on FastStream's broker in memory: what is published
goes through our parser, the middlewares and what is injected, to the handler.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from faststream.kafka import TestKafkaBroker
from prometheus_client import REGISTRY

from consumers import compositor, credit_ledger, dead_letter, status_projection, webhooks
from runtime.application import Application
from runtime.batch_session import BatchSession
from runtime.consuming import Consuming, Host
from runtime.guard import Next
from runtime.received import Reading, Received
from runtime.records import Work
from runtime.sessions import HandlerFailed
from schemas.envelope import encode
from schemas.events import CreditRefund, RequestEvent
from schemas.failures import FailureCode
from schemas.topics import LOOK_QUARANTINE, TOPIC_OF
from storage.refunds import Charge
from tests.making import NOW, REQUEST_ID, TENANT, a_request, decoded

APPS: dict[str, Callable[[], Application]] = {
    "compositor": compositor.app,
    "credit_ledger": credit_ledger.app,
    "dead_letter": dead_letter.app,
    "status_projection": status_projection.app,
    "webhooks": webhooks.app,
}
REFUND = CreditRefund(
    request_id=REQUEST_ID, tenant_id=TENANT, amount=10, reason=FailureCode.TIMEOUT, refunded_at=NOW
)


@dataclass
class Producer:
    """Keeps what is sent to quarantine."""

    client: object = None
    sent: list[tuple[str, bytes | None]] = field(default_factory=list)

    async def send(self, topic: str, value: bytes | None, **_: object) -> "asyncio.Future[object]":
        self.sent.append((topic, value))
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


class Ledger:
    """Owes the refund, or has no database."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.entered: list[str] = []

    async def charges(self, request_ids: Sequence[str]) -> Mapping[str, Charge]:
        if self.error is not None:
            raise self.error
        return {
            REQUEST_ID: Charge(tenant_id=TENANT, environment="live", amount=10, succeeded=False)
        }

    async def refund(self, owed: Sequence[tuple[CreditRefund, Charge]]) -> set[str]:
        self.entered += [event.request_id for event, _ in owed]
        return {event.request_id for event, _ in owed}


class Store:
    """A projection without rows."""

    def __init__(self) -> None:
        self.spans: list[object] = []

    async def tenants(self, request_ids: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(request_ids, TENANT)

    async def apply(self, changes: object, spans: object) -> list[object]:
        self.spans.append(spans)
        return []


async def publish(application: Application, *events: RequestEvent | bytes) -> None:
    """To the handler that is declared, one batch each."""
    for event in events:
        topic, value, headers = application.declared.topics[0].name, b"", {}
        if isinstance(event, bytes):
            value = event
        else:
            topic = TOPIC_OF[type(event)].name
            encoded = encode(event, decoded(event).meta)
            value, headers = encoded.value, {name: raw.decode() for name, raw in encoded.headers}
        await application.kafka_broker.publish(value, topic=topic, key=b"key", headers=headers)


def received(name: str) -> float:
    labels = {"app_name": name, "broker": "kafka", "handler": "credit.refund"}
    return REGISTRY.get_sample_value("faststream_received_messages_total", labels) or 0.0


async def test_a_refund_is_entered_and_poison_beside_it_is_kept() -> None:
    application, producer, ledger = credit_ledger.app(), Producer(), Ledger()
    application.sessions(lambda one: BatchSession(one, producer=producer))
    application.context.set_global("store", ledger)
    application.begin()
    before = received("credit_ledger")
    async with TestKafkaBroker(application.kafka_broker):
        await publish(application, REFUND, b"\xff", REFUND.model_copy(update={"amount": 11}))
    assert ledger.entered == [REQUEST_ID]
    assert [topic for topic, _ in producer.sent] == [LOOK_QUARANTINE.name] * 2
    assert producer.sent[0] == (LOOK_QUARANTINE.name, b"\xff")
    assert received("credit_ledger") == before + 3


@pytest.mark.parametrize(
    ("error", "ends_with"),
    [(ValueError("a bug"), HandlerFailed), (ConnectionResetError("away"), ConnectionResetError)],
)
async def test_after_a_handler_raised_no_batch_is_handled(
    error: Exception, ends_with: type[Exception]
) -> None:
    application, ledger = credit_ledger.app(), Ledger(error)
    application.sessions(lambda one: BatchSession(one, producer=Producer()))
    application.context.set_global("store", ledger)
    session = application.begin()
    async with TestKafkaBroker(application.kafka_broker):
        with pytest.raises(type(error)):
            await publish(application, REFUND)
        assert application.subscriber.running is False
        ledger.error = None
        with pytest.raises(ends_with):
            await publish(application, REFUND)
    assert ledger.entered == []
    session.fail(RuntimeError("the first one counts"))
    with pytest.raises(ends_with):
        await session.receive()


async def test_the_projection_is_told_what_a_batch_spans() -> None:
    application, store = status_projection.app(), Store()
    application.sessions(lambda one: BatchSession(one, producer=Producer()))
    application.context.set_global("store", store)
    application.begin()
    async with TestKafkaBroker(application.kafka_broker):
        await publish(application, a_request())
    assert store.spans == [{("look.requested", 0): (0, 1)}]


async def test_what_the_projection_can_not_apply_is_kept_before_its_offsets_move() -> None:
    producer, kept_before = Producer(), list[int]()

    class Watching(Store):
        async def tenants(self, request_ids: Sequence[str]) -> Mapping[str, str]:
            return {}

        async def apply(self, changes: object, spans: object) -> list[object]:
            kept_before.append(len(producer.sent))
            return await super().apply(changes, spans)

    application, store = status_projection.app(), Watching()
    application.sessions(lambda one: BatchSession(one, producer=producer))
    application.context.set_global("store", store)
    application.begin()
    async with TestKafkaBroker(application.kafka_broker):
        await publish(application, b"\xff", a_request())
    assert len(store.spans) == 2
    # Poison, and the event of a request that nobody knows: each once, and each first.
    assert kept_before == [1, 2]
    assert [topic for topic, _ in producer.sent] == [LOOK_QUARANTINE.name] * 2


class Taking(Consuming):
    """Lanes that keep what they are handed."""

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.read: Sequence[Reading] = ()
        self.taken: Sequence[Reading] = ()

    def take(self, readings: Sequence[Reading]) -> None:
        self.taken = readings

    async def consume(self, call_next: Next, message: Received) -> object:
        self.read = message.readings
        return await call_next(message)


@pytest.mark.parametrize("name", ["compositor", "dead_letter"])
async def test_lanes_are_handed_every_record_poison_included(name: str) -> None:
    application = APPS[name]()
    application.sessions(Taking)
    session = application.begin()
    assert isinstance(session, Taking)
    async with TestKafkaBroker(application.kafka_broker):
        await publish(application, b"\xff")
    assert session.taken is session.read  # nothing validates a batch again, or copies it
    ((record, reading),) = session.taken
    assert record.value == b"\xff"
    assert not isinstance(reading, Work)


@pytest.mark.parametrize("name", sorted(APPS))
def test_an_application_is_made_without_a_loop_or_a_client(name: str) -> None:
    application = APPS[name]()
    assert application.declared.name == name
    assert application.consumer is None
    assert {*application.subscriber.topic_names} == {
        topic.name for topic in application.declared.topics
    }
