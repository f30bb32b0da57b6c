"""Keys made, rotated and revoked by their tenant, who gets no more rights by it than it has."""

from typing import Any

import httpx
import pytest

from storage.accounts import MAX_KEYS
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.test_sessions import signed_in, status, token_of


async def ask(
    api: Api, method: str, path: str, key: str | None = None, body: Any = None
) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key or api.key}"}
    return await api.http.request(method, path, json=body, headers=headers)


async def test_a_key_is_made_shown_once_used_rotated_and_revoked(api: Api) -> None:
    made = await ask(api, "POST", "/v1/keys", body={"capabilities": ["jobs:read"], "name": "till"})
    assert made.status_code == 201, made.text
    key, key_id = made.json()["key"], made.json()["id"]
    me = (await ask(api, "GET", "/v1/me", key)).json()
    assert (me["tenant_id"], me["capabilities"], me["key_name"]) == ("abc", ["jobs:read"], "till")
    listed = await ask(api, "GET", "/v1/keys")
    assert key not in listed.text
    shown = {one["id"]: one for one in listed.json()["items"]}
    assert (shown[key_id]["last4"], shown[key_id]["name"]) == (key[-4:], "till")
    assert not shown[key_id]["current"]
    assert [one["current"] for one in shown.values()].count(True) == 1
    rotated = await ask(api, "POST", f"/v1/keys/{key_id}/rotate", body={"overlap_s": 0})
    assert rotated.status_code == 200, rotated.text
    assert rotated.json()["name"] == "till"
    assert (await ask(api, "GET", "/v1/me", rotated.json()["key"])).status_code == 200
    renamed = await ask(api, "PATCH", f"/v1/keys/{key_id}", body={"name": "old till"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "old till")
    assert (await ask(api, "PATCH", "/v1/keys/none", body={"name": "x"})).status_code == 404
    assert (await ask(api, "DELETE", f"/v1/keys/{key_id}")).status_code == 204
    assert (await ask(api, "GET", "/v1/me", key)).status_code == 401
    late = await ask(api, "PATCH", f"/v1/keys/{key_id}", body={"name": "till"})
    assert (late.status_code, late.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert (await ask(api, "DELETE", f"/v1/keys/{key_id}")).status_code == 404


async def test_nobody_gives_or_rotates_what_he_may_not_do_himself(api: Api) -> None:
    manager = grant_key(api.accounts, "abc", "keys:manage", "jobs:read")
    refused = await ask(api, "POST", "/v1/keys", manager, {"capabilities": ["jobs:create"]})
    assert (refused.status_code, "capabilities.0" in refused.text) == (422, True)
    full_id = api.accounts.credentials[api.key].key_id
    path = f"/v1/keys/{full_id}/rotate"
    assert (await ask(api, "POST", path, manager, {})).status_code == 403
    reader = grant_key(api.accounts, "abc", "jobs:read")
    for method, where, body in (
        ("GET", "/v1/keys", None),
        ("POST", "/v1/keys", {"capabilities": ["jobs:read"]}),
        ("DELETE", f"/v1/keys/{full_id}", None),
    ):
        assert (await ask(api, method, where, reader, body)).status_code == 403


async def test_keys_of_others_are_not_there(api: Api) -> None:
    other = grant_key(api.accounts, "other")
    test = grant_key(api.accounts, "abc", environment="test")
    mine = api.accounts.credentials[api.key].key_id
    for key in (other, test):
        items = (await ask(api, "GET", "/v1/keys", key)).json()["items"]
        assert mine not in {one["id"] for one in items}
        assert (await ask(api, "DELETE", f"/v1/keys/{mine}", key)).status_code == 404
        assert (await ask(api, "POST", f"/v1/keys/{mine}/rotate", key, {})).status_code == 404
    assert (await ask(api, "GET", "/v1/me")).status_code == 200


async def test_a_tenant_makes_so_many_keys_and_no_more(api: Api) -> None:
    body = {"capabilities": ["jobs:read"]}
    seen = [(await ask(api, "POST", "/v1/keys", body=body)).status_code for _ in range(MAX_KEYS)]
    assert seen == [201] * (MAX_KEYS - 1) + [409]


async def test_a_revoked_key_signs_out_whoever_came_by_it(api: Api) -> None:
    doomed = grant_key(api.accounts, "abc")
    token = token_of(await signed_in(api, doomed))
    assert await status(api, token) == 200
    path = f"/v1/keys/{api.accounts.credentials[doomed].key_id}"
    assert (await ask(api, "DELETE", path)).status_code == 204
    assert await status(api, token) == 401


@pytest.mark.parametrize(
    "body",
    [
        {"capabilities": []},
        {"capabilities": ["everything"]},
        {"capabilities": ["jobs:read"], "expires_in_s": 1},
        {"capabilities": ["jobs:read"], "tenant_id": "other"},
    ],
)
async def test_a_new_key_is_asked_for_in_known_words(api: Api, body: dict[str, Any]) -> None:
    assert (await ask(api, "POST", "/v1/keys", body=body)).status_code == 422
