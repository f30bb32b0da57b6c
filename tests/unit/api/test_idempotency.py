"""Idempotency-Key: what is one request, what is replayed, what is refused, and that a refusal uses
up no key.
"""

import json
from typing import Any

import pytest

from tests.unit.api.conftest import Api, grant_key, grant_older_key
from tests.unit.api.fakes import a_job
from tests.unit.api.test_looks import GOOD

CONFIG: dict[str, Any] = {**GOOD, "runtime_config": {"mood": 90, "format": "png"}}


async def post(api: Api, body: Any, key: str = "order-7", **headers: str) -> tuple[int, str, bool]:
    """Status, request id or error code, and whether the answer was replayed."""
    sent = {
        **api.headers(**{"Idempotency-Key": key, "Content-Type": "application/json"}),
        **headers,
    }
    answer = await api.http.post(
        "/v1/look", content=body if isinstance(body, str) else json.dumps(body), headers=sent
    )
    shown = answer.json()
    name = shown["request_id"] if answer.status_code == 202 else shown["error"]["code"]
    return answer.status_code, name, answer.headers.get("idempotency-replayed") == "true"


async def test_a_replay_is_the_same_bytes_with_an_exchange_id_of_its_own(api: Api) -> None:
    headers = api.headers(**{"Idempotency-Key": "order-7"})
    first, again = [await api.http.post("/v1/look", json=GOOD, headers=headers) for _ in range(2)]
    assert (again.status_code, again.content) == (202, first.content)
    assert (
        again.headers["location"]
        == first.headers["location"]
        == f"/v1/jobs/{first.json()['request_id']}"
    )
    assert again.headers["x-request-id"] != first.headers["x-request-id"]


@pytest.mark.hostile(row=19)
@pytest.mark.parametrize(
    "same",
    [
        json.dumps(dict(reversed(CONFIG.items()))),
        json.dumps(CONFIG, indent=3),
        json.dumps(CONFIG).replace("90", "90.0"),
        json.dumps(CONFIG).replace("shirt-1", "\\u0073hirt-1"),
    ],
)
async def test_the_spelling_of_a_body_does_not_count(api: Api, same: str) -> None:
    key = f"Bearer {grant_older_key(api)}"  # which may send options that are not known
    _, first, _ = await post(api, CONFIG, Authorization=key)
    status, request_id, replayed = await post(api, same, Authorization=key)
    assert (status, request_id, replayed) == (202, first, True)


@pytest.mark.hostile(row=19)
@pytest.mark.parametrize(
    "other",
    [
        {**GOOD, "user_category": "FEMALE"},
        {**GOOD, "items": GOOD["items"] * 2},
        # Before defaults: spelt out is not left out
        {name: value for name, value in GOOD.items() if name != "runtime_config"},
        {**GOOD, "runtime_config": {}},
    ],
)
async def test_another_body_under_the_same_key_is_refused_and_tells_nothing_of_the_first(
    api: Api, other: Any
) -> None:
    _, first, _ = await post(api, GOOD)
    status, code, _ = await post(api, other)
    assert (status, code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(api.acceptance.accepted) == 1
    answer = await api.http.post(
        "/v1/look", json=other, headers=api.headers(**{"Idempotency-Key": "order-7"})
    )
    assert first not in answer.text
    assert [one["loc"] for one in answer.json()["detail"]] == [["header", "Idempotency-Key"]]


async def test_a_quoted_key_is_the_bare_key(api: Api) -> None:
    _, first, _ = await post(api, GOOD, "order-7")
    assert await post(api, GOOD, '"order-7"') == (202, first, True)


@pytest.mark.hostile(row=21)
@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a b", "a\tb", "\x7f", '"' + "x" * 256 + '"'])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    sent = [
        (name.encode(), text.encode())
        for name, text in api.headers(**{"Idempotency-Key": key}).items()
    ]
    answer = await api.http.post("/v1/look", json=GOOD, headers=sent)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (
        422,
        ["header", "Idempotency-Key"],
    )
    assert api.acceptance.accepted == []


@pytest.mark.hostile(row=21)
async def test_two_keys_are_refused(api: Api) -> None:
    sent = [*api.headers().items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert (await api.http.post("/v1/look", json=GOOD, headers=sent)).status_code == 422


@pytest.mark.parametrize(
    "key", ["x" * 255, "'; DROP TABLE idempotency_keys; --".replace(" ", "_"), "!", '"a"b']
)
async def test_any_visible_characters_are_a_key(api: Api, key: str) -> None:
    assert (await post(api, GOOD, key))[0] == 202
    assert (await post(api, GOOD, key))[2] is True


@pytest.mark.hostile(row=17)
async def test_another_tenant_environment_or_key_of_the_tenant(api: Api) -> None:
    _, first, _ = await post(api, GOOD)
    rotated = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc')}"}
    # A key that is rotated in mid-retry is still the tenant's
    assert await post(api, GOOD, **rotated) == (
        202,
        first,
        True,
    )
    test = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', environment='test')}"}
    apart = {
        **GOOD,
        "items": [{"trial_image": "test/users/abc/x.jpg", "trial_item_category": "shirt"}],
    }
    status, name, replayed = await post(api, apart, **test)
    assert (status, replayed) == (202, False)
    assert name != first
    other = grant_key(api.accounts, "other")
    theirs = {
        **GOOD,
        "items": [{"trial_image": "users/other/x.jpg", "trial_item_category": "shirt"}],
    }
    status, name, replayed = await post(api, theirs, Authorization=f"Bearer {other}")
    assert (status, replayed) == (202, False)


@pytest.mark.hostile(row=20)
async def test_a_refusal_uses_up_no_key(api: Api) -> None:
    api.accounts.balances["abc", "live"] = 9
    assert await post(api, GOOD) == (402, "INSUFFICIENT_BALANCE", False)
    assert (await post(api, {}))[0] == 422
    api.accounts.balances["abc", "live"] = 20
    for failure in (RuntimeError("a bug"), OSError("refused")):
        api.acceptance.failure = failure
        assert (await post(api, GOOD))[0] in {500, 503}
    api.acceptance.failure = None
    status, _, replayed = await post(api, {**GOOD, "user_category": "FEMALE"})
    assert (status, replayed) == (202, False)
    assert api.accounts.balances["abc", "live"] == 10


async def test_a_job_whose_answer_was_lost_is_found_by_its_key(api: Api) -> None:
    _, request_id, _ = await post(api, GOOD)
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    api.jobs.made_with["order-7"] = request_id
    for key in ("order-7", '"order-7"'):
        page = (
            await api.http.get("/v1/jobs", params={"idempotency_key": key}, headers=api.headers())
        ).json()
        assert [job["request_id"] for job in page["items"]] == [request_id]
    assert (await api.http.get("/v1/jobs?idempotency_key=order-8", headers=api.headers())).json()[
        "items"
    ] == []
    for bad in (
        "idempotency_key=",
        f"idempotency_key={'x' * 300}",
        "idempotency_key=a&idempotency_key=b",
        "idempotency_key=%00",
    ):
        assert (await api.http.get(f"/v1/jobs?{bad}", headers=api.headers())).status_code == 422, (
            bad
        )
