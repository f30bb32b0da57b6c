"""Managing endpoints: secrets shown once, targets judged, tenants apart."""

import base64
from typing import Any

import pytest

from domain.webhook_events import trial
from schemas.ids import new_request_id
from storage.webhooks import MAX_PER_TENANT
from tests.making import NOW
from tests.unit.api.conftest import Api, grant_key

URL = "https://hooks.example/looks"


async def created(api: Api, **more: Any) -> dict[str, Any]:
    answer = await api.http.post("/v1/webhooks", json={"url": URL, **more}, headers=api.headers())
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/webhooks/{answer.json()['id']}"
    webhook: dict[str, Any] = answer.json()
    return webhook


async def call(api: Api, method: str, path: str, **more: Any) -> tuple[int, dict[str, Any]]:
    answer = await api.http.request(
        method, f"/v1/webhooks{path}", **{"headers": api.headers(), **more}
    )
    return answer.status_code, answer.json() if answer.content else {}


async def test_a_secret_has_32_random_bytes_and_is_shown_once(api: Api) -> None:
    webhook, another = await created(api), await created(api)
    assert webhook["secret"] != another["secret"]
    assert webhook["secret"].startswith("whsec_")
    assert len(base64.b64decode(webhook["secret"].removeprefix("whsec_"))) == 32
    for path in ("", f"/{webhook['id']}"):
        assert "secret" not in str(await call(api, "GET", path))


async def test_a_new_endpoint_is_enabled_and_told_of_everything(api: Api) -> None:
    webhook = await created(api)
    assert webhook["event_types"] == ["look.completed", "look.failed"]
    assert (webhook["enabled"], webhook["disabled_reason"]) == (True, None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "https://private.example"},
        {"url": URL, "event_types": []},
        {"url": URL, "event_types": ["look.requested"]},
        {"url": URL, "description": "x" * 201},
        {"url": URL, "tenant_id": "other"},
        {"url": URL, "secret": "whsec_mine"},
        {"url": URL, "include_image_url": "yes"},
        {"url": 7},
    ],
)
async def test_what_can_not_be_an_endpoint_is_422_and_not_kept(
    api: Api, body: dict[str, Any]
) -> None:
    assert (await call(api, "POST", "", json=body))[0] == 422
    assert api.webhooks.rows == {}


async def test_the_endpoints_of_a_tenant_are_limited(api: Api) -> None:
    for _ in range(MAX_PER_TENANT):
        await created(api)
    status, body = await call(api, "POST", "", json={"url": URL})
    assert (status, body["error"]["code"]) == (409, "LIMIT_REACHED")


async def test_endpoints_are_listed_newest_first_in_pages(api: Api) -> None:
    made = [(await created(api))["id"] for _ in range(3)]
    _, first = await call(api, "GET", "?limit=2")
    _, second = await call(api, "GET", f"?limit=2&cursor={first['next_cursor']}")
    assert [one["id"] for one in first["items"] + second["items"]] == sorted(made, reverse=True)
    assert second["next_cursor"] is None


async def test_a_change_changes_what_it_names_and_judges_a_new_target(api: Api) -> None:
    webhook = await created(api, description="mine")
    status, changed = await call(api, "PATCH", f"/{webhook['id']}", json={"enabled": False})
    assert (status, changed["enabled"], changed["disabled_reason"]) == (200, False, "owner")
    assert (changed["url"], changed["description"]) == (URL, "mine")
    assert (webhook["include_image_url"], changed["include_image_url"]) == (False, False)
    for told, shown in ((True, True), (None, True), (False, False)):
        _, changed = await call(api, "PATCH", f"/{webhook['id']}", json={"include_image_url": told})
        assert changed["include_image_url"] is shown
    assert (await created(api, include_image_url=True))["include_image_url"] is True
    assert (await call(api, "PATCH", f"/{webhook['id']}", json={"url": "https://private.example"}))[
        0
    ] == 422
    assert (await call(api, "PATCH", f"/{webhook['id']}", json={"enabled": True}))[1][
        "enabled"
    ] is True


async def test_a_deleted_endpoint_is_gone(api: Api) -> None:
    webhook = await created(api)
    assert (await call(api, "DELETE", f"/{webhook['id']}"))[0] == 204
    status, body = await call(api, "GET", f"/{webhook['id']}")
    assert (status, body["error"]["code"]) == (404, "WEBHOOK_NOT_FOUND")


async def test_a_rotated_secret_is_new_with_and_without_a_body(api: Api) -> None:
    webhook = await created(api)
    status, with_default = await call(api, "POST", f"/{webhook['id']}/rotate-secret")
    assert status == 200
    assert with_default["previous_valid_until"] == "2026-01-03T03:04:05Z"  # a day after NOW
    _, at_once = await call(api, "POST", f"/{webhook['id']}/rotate-secret", json={"overlap_s": 0})
    assert at_once["previous_valid_until"] == "2026-01-02T03:04:05Z"
    assert api.webhooks.secrets[webhook["id"]] == [
        webhook["secret"],
        with_default["secret"],
        at_once["secret"],
    ]
    assert (await call(api, "POST", f"/{webhook['id']}/rotate-secret", json={"overlap_s": 10**9}))[
        0
    ] == 422


async def test_a_test_is_a_delivery_to_be_read(api: Api) -> None:
    webhook = await created(api)
    status, delivery = await call(api, "POST", f"/{webhook['id']}/test")
    assert (status, delivery["event_type"], delivery["status"]) == (202, "webhook.test", "pending")
    status, read = await call(api, "GET", f"/{webhook['id']}/deliveries/{delivery['id']}")
    payload = read.pop("payload")
    assert (status, read) == (200, delivery)
    assert (payload["type"], set(payload)) == ("webhook.test", {"type", "timestamp", "data"})


async def test_deliveries_are_listed_by_state_and_redelivered_unless_disabled(api: Api) -> None:
    webhook = await created(api)
    rows = [
        api.deliveries.plant(webhook["id"], trial(new_request_id(), NOW), status)
        for status in ("failed", "delivered")
    ]
    _, page = await call(api, "GET", f"/{webhook['id']}/deliveries?status=failed")
    assert [one["id"] for one in page["items"]] == [rows[0].delivery_id]
    assert (await call(api, "GET", f"/{webhook['id']}/deliveries?status=lost"))[0] == 422
    path = f"/{webhook['id']}/deliveries/{rows[0].delivery_id}/redeliver"
    status, again = await call(api, "POST", path)
    assert (status, again["status"], again["event_id"]) == (202, "pending", rows[0].event_id)
    await call(api, "PATCH", f"/{webhook['id']}", json={"enabled": False})
    for refused in (path, f"/{webhook['id']}/test"):
        status, body = await call(api, "POST", refused)
        assert (status, body["error"]["code"]) == (409, "WEBHOOK_DISABLED")


async def test_an_unknown_delivery_is_404(api: Api) -> None:
    webhook = await created(api)
    for method, tail in (("GET", ""), ("POST", "/redeliver")):
        for name in (new_request_id(), "%00"):
            status, body = await call(api, method, f"/{webhook['id']}/deliveries/{name}{tail}")
            assert (status, body["error"]["code"]) == (404, "DELIVERY_NOT_FOUND")


@pytest.mark.hostile(row=40)
@pytest.mark.parametrize(
    ("method", "tail"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/rotate-secret"),
        ("POST", "/test"),
        ("GET", "/deliveries"),
        ("GET", "/deliveries/{delivery}"),
        ("POST", "/deliveries/{delivery}/redeliver"),
    ],
)
async def test_another_tenants_endpoint_looks_like_none(api: Api, method: str, tail: str) -> None:
    webhook = await created(api)
    delivery = api.deliveries.plant(webhook["id"], trial(new_request_id(), NOW), "failed")
    tail = tail.format(delivery=delivery.delivery_id)
    strangers = [
        grant_key(api.accounts, "other"),
        grant_key(api.accounts, "abc", environment="test"),
    ]
    body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
    bodies = []
    for key, name in [(key, webhook["id"]) for key in strangers] + [
        (api.key, new_request_id()),
        (api.key, "%00"),
    ]:
        headers = {"Authorization": f"Bearer {key}"}
        status, answer = await call(api, method, f"/{name}{tail}", headers=headers, **body)
        assert status == 404
        assert answer["error"].pop("exchange_id") == answer["error"].pop("request_id")
        bodies.append(answer)
    assert (
        bodies
        == [{"error": {"code": "WEBHOOK_NOT_FOUND", "message": "There is no such webhook."}}] * 4
    )
    assert api.deliveries.rows[webhook["id"], delivery.delivery_id].status == "failed"


@pytest.mark.hostile(row=14)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", ""), ("POST", "/x/test"), ("PATCH", "/x"), ("DELETE", "/x")],
)
async def test_managing_needs_its_capability(api: Api, method: str, path: str) -> None:
    key = grant_key(api.accounts, "abc", "jobs:create", "jobs:read")
    status, body = await call(api, method, path, headers={"Authorization": f"Bearer {key}"})
    assert (status, body["error"]["code"]) == (403, "CAPABILITY_MISSING")
    assert "webhooks:manage" in body["error"]["message"]


async def test_the_capability_to_manage_is_none_to_create_looks(api: Api) -> None:
    key = grant_key(api.accounts, "abc", "webhooks:manage")
    answer = await api.http.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 403
