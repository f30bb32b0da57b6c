"""Webhooks on real Postgres and Kafka, to a real receiver: told once per event, whatever answers,
fails or crashes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import boto3
import httpx
import pytest
from botocore.exceptions import NoCredentialsError
from standardwebhooks import Webhook, WebhookVerificationError

from consumers.webhooks.sender import Pace, Sender
from devstack.bootstrap import settings_of
from devstack.stack import Stack
from domain.outcomes import Emit
from domain.webhook_events import OF_THE_PICTURE, WebhookMessage
from domain.webhooks import GIVE_UP_AFTER, GIVE_UP_FAILURES, KEEP, PER_ENDPOINT, make_secret
from runtime import faults
from runtime.egress import Egress, Resolver
from runtime.kafka import new_producer
from runtime.process import Process
from runtime.records import outgoing
from runtime.sessions import run_sessions
from runtime.settings import KafkaSettings, ObjectStoreSettings, ProcessSettings
from schemas.events import LookCompleted, LookFailed, StoredImage
from schemas.failures import FailureCode, FailureReason
from schemas.ids import derived_id, new_request_id
from storage import roles
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.object_store import ObjectStore
from storage.presigned import Presigner
from storage.submissions import Accepted
from storage.webhook_deliveries import DeliveryPage, DeliveryRow, DeliveryStore, EndpointDisabled
from storage.webhook_outbox import WebhookOutbox
from storage.webhooks import MAX_PER_TENANT, NewSecret, NewWebhook, WebhookChange, WebhookStore
from tests.integration.accepting import submission
from tests.integration.applications import deliveries
from tests.integration.conftest import running, until
from tests.receiver import Received, Receiver, answering, pouring, receiving, saying, silence

LIVE = "live"
BOTH = ("look.completed", "look.failed")
QUICK = Pace(concurrency=16, delays_s=(0.05,) * 7, time_limit_s=5)
IMAGE = StoredImage(
    bucket="b", key="k", content_type="image/png", width=1, height=1, bytes=1, sha256="0" * 64
)


@dataclass
class Hook:
    """One endpoint of one tenant."""

    pool: asyncpg.Pool
    tenant: str
    webhook_id: str
    secret: str

    async def deliveries(self, status: str | None = None) -> list[DeliveryRow]:
        return await DeliveryStore(self.pool).deliveries(
            self.tenant, LIVE, self.webhook_id, DeliveryPage(100, status)
        )

    async def stand_at(self, status: str, count: int = 1) -> bool:
        return len(await self.deliveries(status)) == count

    async def tell(self, count: int = 1) -> list[WebhookMessage]:
        """Events of the tenant, as if they had been read."""
        events = [happened() for _ in range(count)]
        await WebhookOutbox(self.pool).add([((self.tenant, LIVE), event) for event in events])
        return events

    async def tell_of(self, image: StoredImage) -> WebhookMessage:
        """One event, of a picture."""
        request_id = new_request_id()
        body = b'{"type":"look.completed","data":{"request_id":"%b"}}' % request_id.encode()
        event = replace(happened(), payload=body, image=image)
        await WebhookOutbox(self.pool).add([((self.tenant, LIVE), event)])
        return event

    async def change(self, **change: Any) -> None:
        await WebhookStore(self.pool).update(
            self.tenant, LIVE, self.webhook_id, WebhookChange(**change)
        )

    async def disabled(self) -> str | None:
        row = await WebhookStore(self.pool).webhook(self.tenant, LIVE, self.webhook_id)
        assert row is not None
        return row.disabled_reason


def happened() -> WebhookMessage:
    request_id = new_request_id()
    return WebhookMessage(
        derived_id(request_id, "x"),
        "look.completed",
        request_id,
        b'{"type":"look.completed"}',
        datetime.now(UTC),
    )


async def a_tenant(pool: asyncpg.Pool) -> str:
    tenant = f"hooks-{new_request_id().lower()}"
    await AccountStore(pool).create_tenant(tenant, [f"users/{tenant}/"])
    await AccountStore(pool).grant(tenant, LIVE, 1000, "test")
    return tenant


async def a_hook(
    pool: asyncpg.Pool,
    url: str,
    tenant: str | None = None,
    environment: str = LIVE,
    *,
    include_image_url: bool = False,
) -> Hook:
    owner = tenant or await a_tenant(pool)
    secret = make_secret(new_request_id().encode())
    new = NewWebhook(new_request_id(), url, BOTH, "", secret, include_image_url)
    assert await WebhookStore(pool).create(owner, environment, new) is not None
    return Hook(pool, owner, new.webhook_id, new.secret)


@asynccontextmanager
async def sending(
    pool: asyncpg.Pool,
    pace: Pace = QUICK,
    *,
    lease_s: float = 60,
    links: Presigner | None = None,
    **more: Any,
) -> AsyncIterator[None]:
    """The sending half of the process, until the block ends; then it drains."""
    process = Process("webhooks", ProcessSettings(instance="test"))
    egress, outbox = Egress(Resolver(4), insecure=True), WebhookOutbox(pool, lease_s, links)
    begin = lambda: Sender(process, outbox, egress, pace, **more)  # noqa: E731 (as main does it)
    task = asyncio.create_task(run_sessions(process, "webhook_sender", begin))
    try:
        yield
    finally:
        process.stopping.set()
        await asyncio.wait_for(task, 30)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


def verified(received: Received, secret: str) -> Any:
    return Webhook(secret).verify(received.body, received.headers)


async def test_an_outcome_on_kafka_becomes_one_signed_call_with_the_events_own_id(
    kafka: KafkaSettings, pool: asyncpg.Pool, receiver: Receiver
) -> None:
    hook = await a_hook(pool, receiver.url)
    async with receiving() as elsewhere:
        await a_hook(pool, elsewhere.url, hook.tenant, "test")  # another environment
        await a_hook(pool, elsewhere.url)  # another tenant
        acceptance = Acceptance(pool, batch_max=8, queue_max=8)
        made, lost = submission(tenant=hook.tenant), submission(tenant=hook.tenant)
        for one in (made, lost):
            assert isinstance(await acceptance.accept(one), Accepted)
        reason = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)
        now = datetime.now(UTC)
        completed = LookCompleted(
            request_id=made.request_id, tenant_id=hook.tenant, image=IMAGE, items=(),
            engine_version="t", duration_ms=1,
            completed_at=now,
        )  # fmt: skip
        failed = LookFailed(
            request_id=lost.request_id, tenant_id=hook.tenant, error=reason, failed_at=now
        )
        records = [
            outgoing(Emit(event, ("outcome",), 3), "/test", now) for event in (completed, failed)
        ]
        producer = new_producer(kafka, "test")
        await producer.start()
        for out in records * 2:  # everything twice
            await producer.send_and_wait(
                out.topic, out.value, key=out.key, headers=list(out.headers)
            )
        await producer.stop()
        async with (
            running("webhooks", deliveries(kafka, pool)),
            sending(pool),
        ):
            await until(lambda: hook.stand_at("delivered", 2), seen=hook.deliveries)
        assert elsewhere.received == []
    ids = {dict(out.headers)["ce_id"].decode() for out in records}
    assert {received.headers["webhook-id"] for received in receiver.received} == ids
    assert len(receiver.received) == 2
    told = {
        body["type"]: body["data"]
        for body in (verified(received, hook.secret) for received in receiver.received)
    }
    assert (told["look.completed"]["request_id"], told["look.completed"]["seq"]) == (
        made.request_id,
        3,
    )
    assert (told["look.failed"]["credits_refunded"], told["look.failed"]["error"]["code"]) == (
        10,
        "object_not_found",
    )


async def test_what_failed_is_sent_again_with_the_same_id_and_body_and_a_time_of_its_own(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    receiver.then = [
        answering(500, b"not now"),
        answering(302, location="http://127.0.0.1:1/"),
        answering(200, b"thanks"),
    ]
    hook = await a_hook(pool, receiver.url)
    clock = datetime.now(UTC)

    def ticking() -> datetime:
        nonlocal clock
        clock += timedelta(milliseconds=400)
        return clock

    async with sending(pool, clock=ticking):
        (event,) = await hook.tell()
        await until(lambda: hook.stand_at("delivered"))
    assert [received.headers["webhook-id"] for received in receiver.received] == [
        event.event_id
    ] * 3
    assert [received.body for received in receiver.received] == [event.payload] * 3
    assert len({received.headers["webhook-timestamp"] for received in receiver.received}) > 1
    assert all(verified(received, hook.secret) for received in receiver.received)
    (delivery,) = await hook.deliveries()
    assert delivery.attempts == 3
    assert delivery.last is not None
    assert (delivery.last.status_code, delivery.last.answer) == (200, "thanks")


async def test_an_endpoint_that_asks_for_it_gets_a_link_to_the_picture_made_at_each_try(
    services: Stack, pool: asyncpg.Pool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, services.env[name])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    s3 = settings_of(ObjectStoreSettings, services.env)
    key = f"results/test/{new_request_id()}.png"
    await asyncio.to_thread(ObjectStore(s3).put, key, b"a picture", "image/png")
    image = IMAGE.model_copy(update={"bucket": s3.bucket, "key": key})
    hook = await a_hook(pool, receiver.url, include_image_url=True)
    receiver.then = [answering(500, b"not now"), answering(200, b"thanks")]
    async with sending(pool, links=Presigner(s3)):
        event = await hook.tell_of(image)
        await until(lambda: hook.stand_at("delivered"))
        first, second = (verified(one, hook.secret)["data"] for one in receiver.received)
        before = datetime.now(UTC)
        for data in (first, second):
            expires_at = datetime.fromisoformat(data["image_url_expires_at"])
            assert 0 < (expires_at - before).total_seconds() <= s3.presigned_ttl_s
        async with httpx.AsyncClient() as anybody:
            assert (await anybody.get(second["image_url"])).content == b"a picture"
        kept = {name: second[name] for name in second if name not in OF_THE_PICTURE}
        assert kept == json.loads(event.payload)["data"]
        (delivery,) = await hook.deliveries()
        shown = await DeliveryStore(pool).delivery(
            hook.tenant, LIVE, hook.webhook_id, delivery.delivery_id
        )
        assert shown is not None
        assert shown.payload == event.payload  # no link is kept
        await hook.change(include_image_url=False)
        receiver.then = []
        await hook.tell_of(image)
        await until(lambda: hook.stand_at("delivered", 2))
        assert set(OF_THE_PICTURE) & set(verified(receiver.received[-1], hook.secret)["data"]) == (
            set()
        )
        await hook.change(include_image_url=True)
        await hook.tell()  # no picture is behind it
        await until(lambda: hook.stand_at("delivered", 3))
        assert "image_url" not in json.dumps(verified(receiver.received[-1], hook.secret))
    async with sending(pool, links=NothingToSignWith(s3)):
        await hook.tell_of(image)
        await until(lambda: hook.stand_at("delivered", 4))
    data = verified(receiver.received[-1], hook.secret)["data"]
    assert (data["image_url"], data["image_url_expires_at"]) == (None, None)


class NothingToSignWith(Presigner):
    """Where the machine has no credentials for S3."""

    def get(self, bucket: str, key: str, *, attachment: bool = False) -> str:
        raise NoCredentialsError


async def test_the_schedule_ends_with_its_last_try_and_a_redelivery_begins_it_anew(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    receiver.always = answering(500)
    hook = await a_hook(pool, receiver.url)
    async with sending(pool):
        (event,) = await hook.tell()
        await until(lambda: hook.stand_at("failed"))
        assert len(receiver.received) == 8
        receiver.always = answering(200)
        (delivery,) = await hook.deliveries()
        await DeliveryStore(pool).redeliver(
            hook.tenant, LIVE, hook.webhook_id, delivery.delivery_id
        )
        await until(lambda: hook.stand_at("delivered"))
    assert receiver.received[-1].headers["webhook-id"] == event.event_id
    assert (await hook.deliveries())[0].attempts == 9


@pytest.mark.hostile(row=38)
@pytest.mark.parametrize(
    ("behaviour", "status", "seen"),
    [
        pytest.param(
            pouring(b"x", 0.05),
            "failed",
            "no complete answer within 0.5 s",
            id="a body that never ends",
        ),
        pytest.param(silence, "failed", "no complete answer within 0.5 s", id="no answer"),
        pytest.param(answering(301, location="/"), "failed", 301, id="a redirect"),
        pytest.param(pouring(b"x" * 65536, 0), "delivered", 200, id="a gigabyte"),
        pytest.param(answering(500, b"\0\xff\xed\xa0\x80" * 9), "failed", 500, id="no text"),
        pytest.param(
            answering(200, b"\x1f\x8b\x08\0", content_encoding="gzip"),
            "delivered",
            200,
            id="gzip that is none",
        ),
        pytest.param(
            saying(b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
            "delivered",
            204,
            id="early hints",
        ),
        pytest.param(
            answering(503, retry_after="9" * 400, x_long="x" * 300_000),
            "failed",
            None,
            id="a header beyond all measure",
        ),
        pytest.param(
            answering(429, retry_after="Fri, 31 Dec 9999 23:59:59 GMT"),
            "failed",
            429,
            id="come back in another age",
        ),
    ],
)
async def test_odd_answers_harm_nobody(
    pool: asyncpg.Pool, receiver: Receiver, behaviour: Any, status: str, seen: object
) -> None:
    receiver.always = behaviour
    hook = await a_hook(pool, receiver.url)
    async with sending(pool, Pace(4, delays_s=(), time_limit_s=0.5)):
        await hook.tell()
        await until(lambda: hook.stand_at(status))
    last = (await hook.deliveries())[0].last
    assert last is not None
    assert seen in (last.status_code, last.error)
    assert len(last.answer) <= 4096


async def test_410_disables_at_once_and_what_comes_then_is_skipped_until_it_is_redelivered(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    receiver.then = [answering(410)]
    hook = await a_hook(pool, receiver.url)
    async with sending(pool):
        await hook.tell()
        await until(lambda: hook.stand_at("failed"))
        assert await hook.disabled() == "gone"
        (event,) = await hook.tell()
        (skipped,) = await hook.deliveries("skipped")
        deliveries = DeliveryStore(pool)
        words = (hook.tenant, LIVE, hook.webhook_id, skipped.delivery_id)
        assert await deliveries.redeliver(*words) == EndpointDisabled()
        await hook.change(enabled=True)
        await deliveries.redeliver(*words)
        await until(lambda: hook.stand_at("delivered"))
    assert [received.headers["webhook-id"] for received in receiver.received][1:] == [
        event.event_id
    ]


async def test_an_endpoint_that_failed_for_days_is_disabled_with_what_waits_for_it(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    receiver.always = answering(500)
    hook = await a_hook(pool, receiver.url)
    await pool.execute(
        "UPDATE webhooks SET failing_since = clock_timestamp() - $2::interval, failures = $3 WHERE "
        "webhook_id = $1",
        hook.webhook_id,
        GIVE_UP_AFTER,
        GIVE_UP_FAILURES,
    )
    await hook.tell()
    await pool.execute(
        "UPDATE webhook_deliveries SET due_at = now() + interval '1 h' WHERE webhook_id = $1",
        hook.webhook_id,
    )
    await hook.tell()
    async with sending(pool):
        await until(lambda: hook.stand_at("skipped", 2))
    assert await hook.disabled() == "failing"
    assert len(receiver.received) == 1


async def test_one_success_forgets_the_failures_before_it(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    receiver.then = [answering(500)]
    hook = await a_hook(pool, receiver.url)
    async with sending(pool):
        await hook.tell()
        await until(lambda: hook.stand_at("delivered"))
    row = await WebhookStore(pool).webhook(hook.tenant, LIVE, hook.webhook_id)
    assert row is not None
    assert row.failing_since is None


async def test_during_an_overlap_both_secrets_verify_and_without_one_only_the_new(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    hook = await a_hook(pool, receiver.url)
    second, third = make_secret(b"2" * 32), make_secret(b"3" * 32)
    store = WebhookStore(pool)
    async with sending(pool):
        await store.rotate(hook.tenant, LIVE, hook.webhook_id, NewSecret(second, 3600))
        await hook.tell()
        await until(lambda: hook.stand_at("delivered", 1))
        await store.rotate(hook.tenant, LIVE, hook.webhook_id, NewSecret(third, 0))
        await hook.tell()
        await until(lambda: hook.stand_at("delivered", 2))
    overlap, after = receiver.received
    assert overlap.headers["webhook-signature"].count("v1,") == 2
    for secret in (hook.secret, second):
        assert verified(overlap, secret)
    assert verified(after, third)
    with pytest.raises(WebhookVerificationError):
        verified(after, second)


async def test_a_crash_between_call_and_note_sends_the_same_id_again(
    pool: asyncpg.Pool, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOKS_FAULTS_DIR", str(tmp_path))
    faults._folder.cache_clear()
    (tmp_path / "webhooks.after-send").write_text("raise")
    try:
        hook = await a_hook(pool, receiver.url)
        async with sending(pool, lease_s=1):
            (event,) = await hook.tell()
            await until(lambda: hook.stand_at("delivered"))
    finally:
        faults._folder.cache_clear()
    assert [received.headers["webhook-id"] for received in receiver.received] == [
        event.event_id
    ] * 2


async def test_a_dead_endpoint_holds_its_own_places_and_delays_nobody(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    async with receiving() as dead:
        dead.always = silence
        stuck, well = await a_hook(pool, dead.url), await a_hook(pool, receiver.url)
        async with sending(pool, Pace(32, delays_s=(), time_limit_s=2)):
            await stuck.tell(3 * PER_ENDPOINT)
            await asyncio.wait_for(dead.arrived.wait(), 20)
            await well.tell(20)
            await until(lambda: well.stand_at("delivered", 20))
            # They are not even all tried
            assert len(await stuck.deliveries("pending")) >= PER_ENDPOINT
            assert len(dead.received) <= 2 * PER_ENDPOINT
            await until(lambda: stuck.stand_at("failed", 3 * PER_ENDPOINT))


async def test_several_instances_share_the_work_and_send_nothing_twice(
    pool: asyncpg.Pool, receiver: Receiver
) -> None:
    hook = await a_hook(pool, receiver.url)
    events = await hook.tell(60)
    async with sending(pool), sending(pool):
        await until(lambda: hook.stand_at("delivered", 60))
    assert sorted(received.headers["webhook-id"] for received in receiver.received) == sorted(
        event.event_id for event in events
    )


async def test_no_more_than_an_endpoints_share_is_claimed_and_an_ended_lease_is_claimed_again(
    pool: asyncpg.Pool,
) -> None:
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    await hook.tell(PER_ENDPOINT + 5)
    outbox = WebhookOutbox(pool, lease_s=0.5)
    first = [claim for claim in await outbox.claim(1000) if claim.webhook_id == hook.webhook_id]
    assert len(first) == PER_ENDPOINT
    assert [
        claim for claim in await outbox.claim(1000) if claim.webhook_id == hook.webhook_id
    ] == []
    again: list[str] = []

    async def claimed_again() -> bool:
        again.extend(
            claim.delivery_id
            for claim in await outbox.claim(1000)
            if claim.webhook_id == hook.webhook_id
        )
        return bool(again)

    await until(claimed_again)
    assert set(again) <= {claim.delivery_id for claim in first}
    await hook.change(enabled=False)


async def test_an_event_makes_one_delivery_however_often_it_is_read_and_none_from_before(
    pool: asyncpg.Pool,
) -> None:
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    account, event = (hook.tenant, LIVE), happened()
    outbox = WebhookOutbox(pool)
    assert await outbox.add([(account, event)] * 2) == 1
    assert await outbox.add([(account, event)]) == 0
    old = replace(
        event, event_id=new_request_id(), written_at=datetime.now(UTC) - timedelta(hours=1)
    )
    assert await outbox.add([(account, old)]) == 0
    await hook.change(enabled=False)
    assert [row.status for row in await hook.deliveries()] == ["skipped"]


async def test_finished_deliveries_go_after_their_time_and_waiting_ones_stay(
    pool: asyncpg.Pool,
) -> None:
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    await hook.tell(2)
    await hook.change(enabled=False)
    await hook.change(enabled=True)
    await hook.tell()
    aged = "UPDATE webhook_deliveries SET created_at = now() - $2::interval WHERE webhook_id = $1"
    await pool.execute(aged, hook.webhook_id, KEEP + timedelta(seconds=1))
    await WebhookOutbox(pool).purge()
    assert [row.status for row in await hook.deliveries()] == ["pending"]
    await hook.change(enabled=False)


@pytest.mark.hostile(row=40)
async def test_nothing_of_another_tenant_is_read_changed_or_sent(pool: asyncpg.Pool) -> None:
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    await hook.change(enabled=False)
    await hook.tell()
    await hook.change(enabled=True)
    (delivery,) = await hook.deliveries()
    webhooks, deliveries = WebhookStore(pool), DeliveryStore(pool)
    mine = await webhooks.webhook(hook.tenant, LIVE, hook.webhook_id)
    neighbour = await a_hook(pool, "http://127.0.0.1:1/")
    for tenant, environment in ((neighbour.tenant, LIVE), (hook.tenant, "test")):
        who = (tenant, environment, hook.webhook_id)
        assert await webhooks.webhook(*who) is None
        assert (
            await webhooks.update(*who, WebhookChange(url="http://127.0.0.1:2/", enabled=False))
            is None
        )
        assert await webhooks.rotate(*who, NewSecret(make_secret(b"x" * 32), 0)) is None
        assert await webhooks.delete(*who) is False
        assert hook.webhook_id not in {
            row.webhook_id for row in await webhooks.webhooks(tenant, environment, 100)
        }
        assert await deliveries.deliveries(*who, DeliveryPage(100)) == []
        assert await deliveries.delivery(*who, delivery.delivery_id) is None
        assert await deliveries.redeliver(*who, delivery.delivery_id) is None
        assert await deliveries.send(*who, happened()) is None
    own = (neighbour.tenant, LIVE, neighbour.webhook_id)
    # Another's delivery under one's own endpoint
    assert await deliveries.delivery(*own, delivery.delivery_id) is None
    assert await deliveries.redeliver(*own, delivery.delivery_id) is None
    assert await webhooks.webhook(hook.tenant, LIVE, hook.webhook_id) == mine
    assert await hook.deliveries() == [delivery]


async def test_a_tenants_endpoints_are_limited_also_when_many_are_made_at_once(
    pool: asyncpg.Pool,
) -> None:
    tenant = await a_tenant(pool)
    store = WebhookStore(pool)
    news = [
        NewWebhook(new_request_id(), "https://hooks.example/", BOTH, "", "whsec_x")
        for _ in range(MAX_PER_TENANT + 10)
    ]
    made = await asyncio.gather(*(store.create(tenant, LIVE, new) for new in news))
    assert sum(row is not None for row in made) == MAX_PER_TENANT
    assert await store.delete(tenant, LIVE, next(row.webhook_id for row in made if row))
    assert (
        await store.create(tenant, LIVE, replace(news[0], webhook_id=new_request_id())) is not None
    )


async def test_the_apis_role_writes_secrets_and_can_not_read_them(
    services: Stack, pool: asyncpg.Pool
) -> None:
    hook = await a_hook(pool, "http://127.0.0.1:1/")
    url = services.env["LOOKS_DATABASE_URL"]
    await roles.apply(url)
    role = roles.BY_PROCESS["api"].name
    async with asyncpg.create_pool(
        url, min_size=1, max_size=1, server_settings={"role": role}
    ) as limited:
        store = WebhookStore(limited)
        new = NewWebhook(
            new_request_id(), "https://hooks.example/", BOTH, "", make_secret(b"x" * 32)
        )
        assert await store.create(hook.tenant, LIVE, new) is not None
        assert (
            await store.rotate(
                hook.tenant, LIVE, new.webhook_id, NewSecret(make_secret(b"y" * 32), 60)
            )
            is not None
        )
        for statement in ("SELECT secret FROM webhook_secrets", "SELECT * FROM webhook_secrets"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await limited.fetch(statement)
        assert await store.delete(hook.tenant, LIVE, new.webhook_id)
