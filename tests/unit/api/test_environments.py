"""Live and test data are apart: every route, crossed with the other environment's key."""

from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient

from api.app import create_app
from schemas.ids import new_request_id
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job, make_ports
from tests.unit.compositing.pictures import save, tee

BODIES: dict[str, dict[str, Any]] = {"rename_key": {"name": "mine"}}
"""Of operations that take no empty one."""


def other(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', environment='test')}"}


@pytest.mark.hostile(row=5)
async def test_row_5_every_route_that_names_something_of_the_other_environment_finds_nothing(
    api: Api,
) -> None:
    headers = other(api)
    request_id, nothing = new_request_id(), new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    made = await api.http.post(
        "/v1/webhooks", json={"url": "https://hooks.example.com/x"}, headers=api.headers()
    )
    assert made.status_code == 201, made.text
    planted = {"request_id": request_id, "webhook_id": made.json()["id"], "delivery_id": nothing}
    session = await api.http.post("/v1/session", json={"key": api.key})
    planted["session_id"] = session.json()["session_id"]
    api.http.cookies.clear()
    planted["index"] = "0"
    planted["key_id"] = session.json()["key_id"]
    ports, *_ = make_ports()
    paths: dict[str, dict[str, Any]] = create_app(ports).openapi()["paths"]
    crossed = 0
    for path, operations in paths.items():
        if "{" not in path:
            continue
        for method, operation in operations.items():
            seen = []
            fitting = BODIES.get(operation["operationId"], {})
            body = fitting if "requestBody" in operation else None
            for named in (planted, dict.fromkeys(planted, nothing) | {"index": "0"}):
                answer = await api.http.request(
                    method, path.format(**named), json=body, headers=headers
                )
                error = answer.json()["error"]
                seen.append((answer.status_code, error["code"], error["message"]))
            assert seen[0][0] == 404, (method, path)
            assert seen[0] == seen[1]
            crossed += 1
    assert crossed >= 3
    assert api.cancellations.asked == []


@pytest.mark.hostile(row=5)
async def test_row_5_lists_and_balances_show_nothing_of_the_other_environment(api: Api) -> None:
    headers = other(api)
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    api.accounts.balances["abc", "live"] = 77
    assert (await api.http.get("/v1/jobs", headers=headers)).json()["items"] == []
    assert (await api.http.get("/v1/credits", headers=headers)).json()["balance"] == 100


@pytest.mark.hostile(row=5)
async def test_row_5_uploads_lie_apart_and_can_not_be_named_across(api: Api) -> None:
    photo = save(tee(), "PNG")
    keys = {}
    for name, headers in (("live", api.headers()), ("test", other(api))):
        answer = await api.http.post("/v1/uploads", files={"file": photo}, headers=headers)
        form = await api.http.post(
            "/v1/uploads/presigned", json={"content_type": "image/png", "bytes": 1}, headers=headers
        )
        keys[name] = [answer.json()["upload_key"], form.json()["upload_key"]]
    assert all(key.startswith("users/abc/uploads/") for key in keys["live"])
    assert all(key.startswith("test/users/abc/uploads/") for key in keys["test"])
    for headers, mine, theirs in ((api.headers(), "live", "test"), (other(api), "test", "live")):
        for environment, status in ((mine, 202), (theirs, 422)):
            for key in keys[environment]:
                look = {"items": [{"trial_image": key, "trial_item_category": "top"}]}
                assert (
                    await api.http.post("/v1/look", json=look, headers=headers)
                ).status_code == status


@pytest.mark.hostile(row=5)
async def test_row_5_a_look_of_a_test_key_is_paid_with_test_credits(api: Api) -> None:
    headers = other(api)
    look = {"items": [{"trial_image": "test/users/abc/x.png", "trial_item_category": "top"}]}
    assert (await api.http.post("/v1/look", json=look, headers=headers)).status_code == 202
    assert api.accounts.balances == {("abc", "live"): 100, ("abc", "test"): 90}


@pytest.mark.hostile(row=16)
async def test_row_16_many_keys_of_a_tenant_share_its_quota() -> None:
    ports, accounts, _, _ = make_ports(
        read_rate_per_s=0.001, read_rate_burst=5, tenant_rate_factor=2
    )
    keys = [grant_key(accounts, "abc") for _ in range(10)]
    async with AsyncClient(
        transport=ASGITransport(app=create_app(ports)), base_url="http://api.test"
    ) as http:
        answers = [
            await http.get("/v1/credits", headers={"Authorization": f"Bearer {key}"})
            for _ in range(5)
            for key in keys
        ]
        stranger = {"Authorization": f"Bearer {grant_key(accounts, 'other')}"}
        assert (await http.get("/v1/credits", headers=stranger)).status_code == 200
    assert [answer.status_code for answer in answers].count(200) == 10
    refused = answers[-1]
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert refused.headers["ratelimit"] == f'"tenant-reads";r=0;t={refused.headers["retry-after"]}'
