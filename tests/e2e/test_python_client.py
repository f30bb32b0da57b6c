"""`looks_client` against the running system: every method that a tenant has use for."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from devstack.stack import Stack
from looks_client import (
    AsyncLooks,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    Looks,
    NotFound,
    WaitTimeout,
    look_request,
    webhooks,
)
from looks_client.models import Notice
from tests.e2e.calls import Calls
from tests.e2e.client import small

SMALL = {"width": 256, "format": "jpeg"}


@pytest.fixture
def looks(stack: Stack) -> Iterator[Looks]:
    with Looks(stack.env["LOOKS_API_KEY"], stack.env["LOOKS_API_URL"]) as made:
        yield made


def test_a_photo_becomes_a_picture_charged_once(looks: Looks) -> None:
    photo = looks.upload(small("tee"))
    before = looks.balance()
    checked = looks.validate_look([(photo, "top")])
    assert (checked.credits_cost, checked.sufficient) == (10, True)
    key, reference = str(uuid4()), f"order-{uuid4()}"
    first, again = (
        looks.create_look(
            [(photo, "top")],
            user_category="MALE",
            runtime_config=SMALL,
            reference=reference,
            idempotency_key=key,
        )
        for _ in range(2)
    )
    assert first == again
    told: list[int] = []
    job = looks.wait(first.request_id, timeout_s=120, on_event=lambda event: told.append(event.seq))
    assert (job.status, job.reference, job.billing.charged) == ("SUCCESS", reference, 10)
    assert before - looks.balance() == 10
    assert told == list(range(1, len(told) + 1))
    assert [event.seq for event in looks.events(first.request_id, since=2)] == told[2:]
    assert list(looks.events(first.request_id, since=told[-1])) == []
    assert looks.download_picture(first.request_id)[:2] == b"\xff\xd8"
    assert looks.get_render(first.request_id).picture.meta.width == 256
    assert next(iter(looks.renders())).request_id >= first.request_id
    (found,) = looks.jobs(reference=reference)
    assert found.request_id == first.request_id
    charge = next(entry for entry in looks.ledger() if entry.request_id == first.request_id)
    assert (charge.kind, charge.amount) == ("charge", -10)
    assert looks.get_photo(first.request_id, 0).image_url.startswith("http")
    assert looks.usage().items[0].requests > 0
    assert looks.operations()[0].credits_cost == 10
    assert "top" in [one.key for one in looks.garment_categories()]
    assert looks.me().tenant_id == "demo"


async def test_a_batch_is_made_side_by_side_and_what_is_refused_says_where(stack: Stack) -> None:
    async with AsyncLooks(stack.env["LOOKS_API_KEY"], stack.env["LOOKS_API_URL"]) as looks:
        photo = await looks.upload(small("tee"))
        good = look_request([(photo, "top")], runtime_config=SMALL)
        bad = look_request([("users/other/x.jpg", "top")])
        result = await looks.create_looks([good, bad, good])
        assert (result.accepted, result.refused) == (2, 1)
        problem = result.items[1].problem
        assert problem is not None
        assert (problem.status, problem.detail[0].loc[:3]) == (422, ("body", "looks", 1))
        ids = [one.accepted.request_id for one in result.items if one.accepted is not None]
        jobs = await asyncio.gather(*(looks.wait(one, timeout_s=120) for one in ids))
        assert [job.status for job in jobs] == ["SUCCESS", "SUCCESS"]
        listed = [job.request_id async for job in looks.jobs(status="SUCCESS")]
        assert set(ids) <= set(listed)


def test_a_failed_look_says_why_and_is_refunded_and_a_late_cancel_is_a_conflict(
    looks: Looks,
) -> None:
    look = looks.create_look([("users/abc/tests/not-there.jpg", "top")])
    job = looks.wait(look.request_id, timeout_s=120)
    assert job.error is not None
    assert (job.status, job.error.code, job.error.item_index) == ("FAILURE", "object_not_found", 0)
    assert (job.refunded, job.billing.refunded) == (True, 10)
    with pytest.raises(Conflict, match="OUTCOME_CAME_FIRST"):
        looks.cancel(look.request_id)


def test_an_endpoint_is_made_tested_rotated_and_removed(
    looks: Looks, receiver: tuple[str, Calls]
) -> None:
    url, calls = receiver
    made = looks.create_webhook(url, description="of a test")
    try:
        assert made.id in [one.id for one in looks.webhooks()]
        looks.test_webhook(made.id)
        headers, body = calls.get(timeout=60)
        event = webhooks.verify(body, headers, made.secret)
        assert (event.type, type(event.data)) == ("webhook.test", Notice)
        rotated = looks.rotate_webhook_secret(made.id)
        delivery = looks.test_webhook(made.id)
        headers, body = calls.get(timeout=60)
        for secret in (made.secret, rotated.secret, [rotated.secret, made.secret]):
            assert webhooks.verify(body, headers, secret).type == "webhook.test"
        assert webhooks.event_id(headers) == delivery.event_id
        assert delivery.id in [one.id for one in looks.webhook_deliveries(made.id)]
        changed = looks.update_webhook(made.id, enabled=False)
        assert (changed.enabled, changed.disabled_reason) == (False, "owner")
    finally:
        looks.delete_webhook(made.id)
    with pytest.raises(NotFound):
        looks.get_webhook(made.id)


def test_refusals_are_typed_and_name_the_field(stack: Stack, looks: Looks) -> None:
    url = stack.env["LOOKS_API_URL"]
    with pytest.raises(InvalidRequest) as invalid:
        looks.create_look([("users/abc/x.jpg", "spacesuit")])
    assert (invalid.value.status, invalid.value.code) == (422, "VALIDATION_ERROR")
    assert invalid.value.field == "body.items.0.trial_item_category"
    assert len(invalid.value.request_id) == 26
    with pytest.raises(NotFound, match="JOB_NOT_FOUND"):
        looks.get_job("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    with pytest.raises(AuthenticationError), Looks("sk_live_wrong", url) as stranger:
        stranger.me()
    with Looks(stack.env["LOOKS_OTHER_API_KEY"], url) as poor:
        key = str(uuid4())
        assert poor.balance() < 20
        poor_looks = [look_request([("users/other/x.jpg", "top")])] * 2
        batch = poor.create_looks(poor_looks, idempotency_key=key)
        assert batch.items[-1].problem is not None
        assert batch.items[-1].problem.code == "INSUFFICIENT_BALANCE"
        for one in batch.items:
            if one.accepted is not None:
                poor.wait(one.accepted.request_id, timeout_s=120)


def test_who_waits_too_briefly_is_told_so_and_the_look_goes_on(looks: Looks) -> None:
    look = looks.create_look([(looks.upload(small("tee")), "top")], runtime_config=SMALL)
    with pytest.raises(WaitTimeout, match=look.request_id):
        looks.wait(look.request_id, timeout_s=0)
    assert looks.wait(look.request_id, timeout_s=120).status == "SUCCESS"
