"""POST /v1/look: what is accepted, what is refused with which code, and that a refusal charges
nothing.
"""

import json
from dataclasses import replace
from typing import Any

import asyncpg
import pytest
from ulid import ULID

from schemas.errors import STATUS, ErrorCode
from schemas.ids import new_request_id
from storage.acceptance import Overloaded
from storage.submissions import AcceptanceResult, KeyInProgress, Submission
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job

ITEM = {"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}
GOOD: dict[str, Any] = {"user_category": "MALE", "items": [ITEM], "runtime_config": None}


def item(**changes: Any) -> dict[str, Any]:
    return {**GOOD, "items": [{**ITEM, **changes}]}


async def test_a_good_request_is_accepted_with_a_ulid_and_its_price(api: Api) -> None:
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"request_id", "job_id", "status", "credits_cost"}
    assert len(body["request_id"]) == 26
    assert ULID.from_str(body["request_id"])
    assert (body["status"], body["credits_cost"]) == ("NOT_STARTED", 10)
    assert answer.headers["location"] == f"/v1/jobs/{body['request_id']}"
    assert "retry-after" in answer.headers
    assert "ratelimit" in answer.headers
    assert api.accounts.balances["abc", "live"] == 90


@pytest.mark.parametrize("user_category", ["MALE", "FEMALE", None])
async def test_every_mannequin_can_be_asked_for(api: Api, user_category: str | None) -> None:
    answer = await api.http.post(
        "/v1/look", json={**GOOD, "user_category": user_category}, headers=api.headers()
    )
    assert answer.status_code == 202


@pytest.mark.parametrize("left_out", ["user_category", "runtime_config"])
async def test_optional_fields_may_be_left_out(api: Api, left_out: str) -> None:
    body = {name: value for name, value in GOOD.items() if name != left_out}
    assert (await api.http.post("/v1/look", json=body, headers=api.headers())).status_code == 202


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ["body", "items"]),
        ({"items": []}, ["body", "items"]),
        ({"items": [ITEM] * 51}, ["body", "items"]),
        ({"items": None}, ["body", "items"]),
        ({"items": {"0": ITEM}}, ["body", "items"]),
        ({**GOOD, "user_category": "ROBOT"}, ["body", "user_category"]),
        ({**GOOD, "runtime_config": []}, ["body", "runtime_config"]),
        ({**GOOD, "runtime_config": {"width": 10**9}}, ["body", "runtime_config", "width"]),
        ({**GOOD, "runtime_config": {"format": "gif"}}, ["body", "runtime_config", "format"]),
        ({**GOOD, "runtime_config": {"x": "y" * 20_000}}, ["body", "runtime_config"]),
        (item(trial_image=7), ["body", "items", 0, "trial_image"]),
        (item(trial_image=""), ["body", "items", 0, "trial_image"]),
        (item(trial_image=None), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users/other/trial/shirt-1.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users/abc-2/shirt.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users/abc/../other/shirt.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="/users/abc/shirt.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users/abc//shirt.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users\\abc\\shirt.jpg"), ["body", "items", 0, "trial_image"]),
        (item(trial_image="users/abc/" + "x" * 2000), ["body", "items", 0, "trial_image"]),
        (
            item(trial_image="http://169.254.169.254/latest/meta-data/"),
            ["body", "items", 0, "trial_image"],
        ),
        (item(trial_image="results/abc/x.png"), ["body", "items", 0, "trial_image"]),
        (item(trial_item_category="spacesuit"), ["body", "items", 0, "trial_item_category"]),
        (item(trial_item_category=3), ["body", "items", 0, "trial_item_category"]),
    ],
)
async def test_bad_bodies_name_the_place_and_charge_nothing(
    api: Api, body: Any, place: list[str | int]
) -> None:
    answer = await api.http.post("/v1/look", json=body, headers=api.headers())
    assert answer.status_code == 422, answer.text
    shown = answer.json()
    assert shown["error"]["code"] == "VALIDATION_ERROR"
    assert shown["detail"][0]["loc"] == place
    assert {"loc", "msg", "type"} == set(shown["detail"][0])
    assert api.acceptance.accepted == []


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"not json", b"{", b"[1, 2", b'{"items": NaN}', b'{"items": 1e999}', b'{"items": [], '
                                                                                  b'"items": []}',
        b'{"x": "\\ud800"}', b'{"x": "a\\u0000b"}', b"[" * 50_000, b'{"a":' * 40 + b"1" + b"}" * 40,
        "{'é".encode("utf-16"),
        b'{"n": 123456789012345678901234567890}', b"\xff\xfe", b"null",
    ],
)  # fmt: skip
async def test_what_is_not_plain_json_is_refused(api: Api, raw: bytes) -> None:
    answer = await api.http.post(
        "/v1/look", content=raw, headers=api.headers(**{"Content-Type": "application/json"})
    )
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    assert api.acceptance.accepted == []


async def test_the_refusal_does_not_echo_what_was_sent(api: Api) -> None:
    secret = "hunter2-do-not-echo"
    answer = await api.http.post(
        "/v1/look", json=item(trial_image=f"users/other/{secret}"), headers=api.headers()
    )
    assert secret not in answer.text
    answer = await api.http.post(
        "/v1/look", json={**GOOD, "user_category": secret}, headers=api.headers()
    )
    assert secret not in answer.text


async def test_extra_fields_are_ignored_with_a_key_of_before_they_were_refused(api: Api) -> None:
    known = api.accounts.credentials[api.key]
    api.accounts.credentials[api.key] = replace(known, strict_fields=False)
    body = {**GOOD, "credits_cost": 0, "status": "SUCCESS", "tenant_id": "other"}
    assert (await api.http.post("/v1/look", json=body, headers=api.headers())).status_code == 202
    assert api.acceptance.accepted[0].credits_cost == 10
    assert api.acceptance.accepted[0].tenant_id == "abc"


async def test_a_repeated_idempotency_key_is_charged_once_and_answered_alike(api: Api) -> None:
    headers = api.headers(**{"Idempotency-Key": "order-7"})
    first = await api.http.post("/v1/look", json=GOOD, headers=headers)
    again = await api.http.post(
        "/v1/look",
        content=json.dumps(dict(reversed(GOOD.items()))),
        headers={**headers, "Content-Type": "application/json"},
    )
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(api.acceptance.accepted) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ümlaut"])
async def test_malformed_idempotency_keys_are_refused(api: Api, key: str) -> None:
    headers = [
        (name.encode(), text.encode())
        for name, text in api.headers(**{"Idempotency-Key": key}).items()
    ]
    answer = await api.http.post("/v1/look", json=GOOD, headers=headers)
    assert answer.status_code == 422
    assert api.acceptance.accepted == []


async def code_of(api: Api, **request: Any) -> tuple[int, str]:
    answer = await api.http.request(
        **{"method": "POST", "url": "/v1/look", "json": GOOD, "headers": api.headers(), **request}
    )
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "exchange_id", "request_id"}
    assert answer.headers["x-request-id"] == error["request_id"]
    return answer.status_code, error["code"]


class _InProgress:
    async def accept(self, submission: Submission) -> AcceptanceResult:
        return KeyInProgress()


async def test_every_error_code_can_be_met(api: Api) -> None:
    seen = {
        await code_of(api, headers={}),
        await code_of(api, json={}),
        await code_of(api, url="/v1/nothing"),
        await code_of(api, url="/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV", method="GET", json=None),
        await code_of(api, method="PUT"),
        await code_of(api, headers=api.headers(Accept="text/html")),
        await code_of(
            api,
            json=None,
            content=b"x" * 70_000,
            headers=api.headers(**{"Content-Type": "application/json"}),
        ),
        await code_of(
            api, json=None, content=b"a=1", headers=api.headers(**{"Content-Type": "text/plain"})
        ),
    }
    done = new_request_id()
    api.jobs.rows["abc", "live", done] = replace(a_job(done), status="SUCCESS")
    seen.add(await code_of(api, url=f"/v1/jobs/{done}/cancel", json=None))
    reader = grant_key(api.accounts, "abc", "jobs:read")
    seen.add(await code_of(api, headers={"Authorization": f"Bearer {reader}"}))
    keyed = api.headers(**{"Idempotency-Key": "k"})
    assert (await api.http.post("/v1/look", json=GOOD, headers=keyed)).status_code == 202
    seen.add(await code_of(api, json={**GOOD, "user_category": "FEMALE"}, headers=keyed))
    api.accounts.balances["abc", "live"] = 9
    seen.add(await code_of(api))
    torn = asyncpg.InternalClientError(
        "cannot switch to state 12; another operation (2) is in progress"
    )
    for failure in (
        Overloaded(),
        OSError("refused"),
        asyncpg.TooManyConnectionsError("full"),
        TimeoutError(),
        torn,
    ):
        api.acceptance.failure = failure
        seen.add(await code_of(api))
    api.acceptance.failure = RuntimeError("a bug")
    seen.add(await code_of(api))
    assert {code for _, code in seen} == set(ErrorCode) - {
        ErrorCode.RATE_LIMITED,  # test_gates
        ErrorCode.REQUEST_TIMEOUT,  # test_gates
        ErrorCode.IDEMPOTENCY_IN_PROGRESS,  # below
        ErrorCode.WEBHOOK_NOT_FOUND,  # test_webhooks, as the next three
        ErrorCode.DELIVERY_NOT_FOUND,
        ErrorCode.LIMIT_REACHED,
        ErrorCode.WEBHOOK_DISABLED,
        ErrorCode.ORIGIN_REFUSED,  # test_sessions
        ErrorCode.MALFORMED_REQUEST,  # these three: integration/test_hostile_http
        ErrorCode.URI_TOO_LONG,
        ErrorCode.HEADERS_TOO_LARGE,
    }
    assert all(STATUS[ErrorCode(code)] == status for status, code in seen)


async def test_a_key_that_is_being_decided_elsewhere_is_told_to_come_back(api: Api) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test
    from dataclasses import replace  # noqa: PLC0415 (used here only)

    app.state.ports = replace(app.state.ports, acceptance=_InProgress())
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert answer.headers["retry-after"] == "1"


async def test_503_says_when_to_come_back(api: Api) -> None:
    api.acceptance.failure = OSError("refused")
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
