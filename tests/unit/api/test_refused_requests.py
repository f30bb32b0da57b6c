"""What was refused is found again by the id that its answer says to quote."""

from typing import Any

import asyncpg
import pytest

from api import refusal_log
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.test_reads import app_of

BROKEN: dict[str, Any] = {"items": []}


async def ask(api: Api, method: str, path: str, key: str | None = None, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key or api.key}"}
    return await api.http.request(method, path, json=body, headers=headers)


async def test_a_refusal_is_found_by_the_id_that_it_said_to_quote(api: Api) -> None:
    """Of the fast route, of a framework's route, of the gates, and of no route at all."""
    reader = grant_key(api.accounts, "abc", "jobs:read")
    told = [
        await ask(api, "POST", "/v1/look", body=BROKEN),
        await ask(api, "GET", "/v1/jobs/nothing?limit=secret"),
        await ask(api, "POST", "/v1/look", reader, BROKEN),
        await ask(api, "POST", "/v1/look/validate", body=BROKEN),
    ]
    listed = (await ask(api, "GET", "/v1/requests?limit=3")).json()
    more = (await ask(api, "GET", f"/v1/requests?cursor={listed['next_cursor']}")).json()
    found = listed["items"] + more["items"]
    assert {one["request_id"] for one in found} == {
        answer.json()["error"]["request_id"] for answer in told
    }
    for answer in told:
        error = answer.json()["error"]
        one = (await ask(api, "GET", f"/v1/requests/{error['request_id']}")).json()
        assert (one["status"], one["code"], one["message"]) == (
            answer.status_code,
            error["code"],
            error["message"],
        )
        assert (one["method"], one["path"]) == (answer.request.method, answer.request.url.path)
        assert "secret" not in str(one)


async def test_another_tenants_refusal_and_one_of_no_key_are_not_there(api: Api) -> None:
    other = grant_key(api.accounts, "other")
    theirs = (await ask(api, "GET", "/v1/jobs/nothing", other)).json()["error"]["request_id"]
    nobodys = (await ask(api, "GET", "/v1/me", "sk_live_none")).json()["error"]["request_id"]
    for request_id in (theirs, nobodys, "%00", "x"):
        answer = await ask(api, "GET", f"/v1/requests/{request_id}")
        assert (request_id, answer.status_code) == (request_id, 404)
    assert (await ask(api, "GET", f"/v1/requests/{theirs}", other)).status_code == 200


async def test_of_too_many_in_a_minute_the_rest_is_answered_and_not_noted(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal_log, "MAX_A_MINUTE", 2)
    monkeypatch.setattr(refusal_log.RefusalLog, "minute_of", staticmethod(lambda row: 7))
    answers = [await ask(api, "GET", "/v1/jobs/nothing") for _ in range(4)]
    assert [one.status_code for one in answers] == [404] * 4
    assert len((await ask(api, "GET", "/v1/requests")).json()["items"]) == 2


async def test_a_database_that_is_away_costs_the_note_alone(api: Api) -> None:
    store = app_of(api).state.ports.refused
    store.failure = asyncpg.PostgresConnectionError("away")
    told = (await ask(api, "GET", "/v1/jobs/nothing")).json()["error"]["request_id"]
    assert (await ask(api, "GET", f"/v1/requests/{told}")).status_code == 404
    store.failure = None
    told = (await ask(api, "GET", "/v1/jobs/nothing")).json()["error"]["request_id"]
    assert (await ask(api, "GET", f"/v1/requests/{told}")).status_code == 200
