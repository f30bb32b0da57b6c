"""`POST /v1/looks/batch`: each look on its own, in order, once for one key."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.batch import AT_ONCE, BATCHES_MAX
from schemas.batches import MAX_LOOKS
from storage.acceptance import Overloaded
from storage.submissions import AcceptanceResult, Submission
from tests.unit.api.conftest import Api, grant_key, grant_older_key
from tests.unit.api.fakes import FakeAcceptance
from tests.unit.api.test_looks import GOOD, item

BATCH = "/v1/looks/batch"
THEIRS = item(trial_image="users/other/x.jpg")


def named(count: int) -> list[dict[str, Any]]:
    return [{**GOOD, "reference": f"order-{number}"} for number in range(count)]


async def post(api: Api, looks: Any, **headers: str) -> httpx.Response:
    return await api.http.post(BATCH, json={"looks": looks}, headers=api.headers(**headers))


async def test_each_look_is_accepted_with_a_charge_of_its_own_in_order(api: Api) -> None:
    answer = await post(api, named(3))
    assert answer.status_code == 200
    told = answer.json()
    assert (told["accepted"], told["refused"], told["credits_cost"]) == (3, 0, 30)
    accepted = api.acceptance.accepted
    assert [one.reference for one in accepted] == ["order-0", "order-1", "order-2"]
    assert [one["accepted"]["request_id"] for one in told["items"]] == [
        one.request_id for one in accepted
    ]
    assert all(set(one) == {"accepted"} for one in told["items"])
    assert api.accounts.balances["abc", "live"] == 70


async def test_what_is_wrong_with_one_is_told_at_its_place_and_costs_nothing(api: Api) -> None:
    looks: list[Any] = [
        GOOD,
        THEIRS,
        {**GOOD, "user_categry": "MALE"},
        7,
        {"items": []},
        item(trial_image="data:image/png;base64,AAAA"),
        GOOD,
    ]
    told = (await post(api, looks)).json()
    assert (told["accepted"], told["refused"], told["credits_cost"]) == (2, 5, 20)
    problems = [one.get("problem") for one in told["items"]]
    assert [problem is None for problem in problems] == [True, *[False] * 5, True]
    places = [problem["detail"][0]["loc"] for problem in problems if problem]
    assert places == [
        ["body", "looks", 1, "items", 0, "trial_image"],
        ["body", "looks", 2, "user_categry"],
        ["body", "looks", 3],
        ["body", "looks", 4, "items"],
        ["body", "looks", 5, "items", 0, "trial_image"],
    ]
    for place, problem in enumerate(problems):
        assert problem is None or (problem["status"], problem["code"]) == (422, "VALIDATION_ERROR")
        assert problem is None or problem["message"].startswith(f"body.looks.{place}")
    assert len(api.acceptance.accepted) == 2


async def test_where_the_credits_end_the_first_ones_get_them(api: Api) -> None:
    api.accounts.balances["abc", "live"] = 25
    told = (await post(api, named(4))).json()
    assert [next(iter(one)) for one in told["items"]] == ["accepted"] * 2 + ["problem"] * 2
    assert told["items"][2]["problem"] == {
        "status": 402,
        "code": "INSUFFICIENT_BALANCE",
        "message": "A look costs 10 credits; 5 are left.",
        "detail": [],
    }


async def test_the_same_key_gives_the_same_bytes_and_charges_once(api: Api) -> None:
    looks = [*named(30), THEIRS]
    api.accounts.balances["abc", "live"] = 1000
    first = await post(api, looks, **{"Idempotency-Key": "k"})
    again = await post(api, looks, **{"Idempotency-Key": "k"})
    assert (first.status_code, first.json()["accepted"]) == (200, 30)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(api.acceptance.accepted) == 30
    assert api.accounts.balances["abc", "live"] == 700


async def test_after_a_top_up_the_same_batch_charges_the_rest_alone(api: Api) -> None:
    api.accounts.balances["abc", "live"] = 20
    first = (await post(api, named(4), **{"Idempotency-Key": "k"})).json()
    api.accounts.balances["abc", "live"] += 100
    again = (await post(api, named(4), **{"Idempotency-Key": "k"})).json()
    assert (first["accepted"], again["accepted"]) == (2, 4)
    assert again["items"][:2] == first["items"][:2]
    assert api.accounts.balances["abc", "live"] == 80


async def test_a_key_that_came_with_another_batch_is_refused_and_nothing_charged(api: Api) -> None:
    await post(api, named(2), **{"Idempotency-Key": "k"})
    other = await post(api, named(3), **{"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["error"]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert len(api.acceptance.accepted) == 2


async def test_keys_of_batches_and_of_looks_are_apart(api: Api) -> None:
    headers = api.headers(**{"Idempotency-Key": "k#0"})
    await api.http.post("/v1/look", json=GOOD, headers=headers)
    assert (await post(api, named(1), **{"Idempotency-Key": "k"})).json()["accepted"] == 1
    assert len(api.acceptance.accepted) == 2


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"looks": []}, ["body", "looks"]),
        ({"looks": [GOOD] * (MAX_LOOKS + 1)}, ["body", "looks"]),
        ({"looks": {"0": GOOD}}, ["body", "looks"]),
        ({}, ["body", "looks"]),
        ({"looks": [GOOD], "look": GOOD}, ["body", "look"]),
        ([GOOD], ["body"]),
    ],
)
async def test_what_is_no_batch_is_refused_whole(
    api: Api, body: Any, place: list[str | int]
) -> None:
    answer = await api.http.post(BATCH, json=body, headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == place
    assert api.acceptance.accepted == []


async def test_the_most_looks_that_there_may_be(api: Api) -> None:
    api.accounts.balances["abc", "live"] = 10 * MAX_LOOKS
    told = (await post(api, named(MAX_LOOKS))).json()
    assert (told["accepted"], api.accounts.balances["abc", "live"]) == (MAX_LOOKS, 0)
    references = [one.reference for one in api.acceptance.accepted]
    assert references == [f"order-{number}" for number in range(MAX_LOOKS)]


async def test_gates_come_first(api: Api) -> None:
    body = {"looks": [GOOD]}
    reader = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', 'jobs:read')}"}
    assert (await api.http.post(BATCH, json=body)).status_code == 401
    assert (await api.http.post(BATCH, json=body, headers=reader)).status_code == 403
    twice = '{"looks": [], "looks": []}'
    headers = api.headers(**{"Content-Type": "application/json"})
    assert (await api.http.post(BATCH, content=twice, headers=headers)).status_code == 422
    assert api.acceptance.accepted == []


async def test_an_older_keys_unknown_fields_are_warned_of(api: Api) -> None:
    older = {"Authorization": f"Bearer {grant_older_key(api)}"}
    body = {"looks": [{**GOOD, "user_categry": "MALE"}]}
    told = (await api.http.post(BATCH, json=body, headers=older)).json()
    (warning,) = told["items"][0]["accepted"]["warnings"]
    assert "user_categry" in warning


class Sometimes(FakeAcceptance):
    """Refuses some for a reason that passes, and says how many wait at once."""

    def __init__(self, inner: FakeAcceptance) -> None:
        self.inner = inner
        self.waiting = self.most = self.seen = 0
        self.full: set[int] = set()

    async def accept(self, submission: Submission) -> AcceptanceResult:
        self.seen += 1
        if self.seen in self.full:
            raise Overloaded
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0)
        self.waiting -= 1
        return await self.inner.accept(submission)


async def test_one_that_is_not_accepted_now_is_accepted_when_the_batch_is_sent_again(
    api: Api,
) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test
    acceptance = Sometimes(api.acceptance)
    acceptance.full = {2}
    app.state.ports = replace(app.state.ports, acceptance=acceptance)
    api.accounts.balances["abc", "live"] = 1000
    first = (await post(api, named(60), **{"Idempotency-Key": "k"})).json()
    assert (first["accepted"], first["items"][1]["problem"]["status"]) == (59, 503)
    assert acceptance.most == AT_ONCE
    again = (await post(api, named(60), **{"Idempotency-Key": "k"})).json()
    assert (again["accepted"], len(api.acceptance.accepted)) == (60, 60)


async def test_a_process_works_on_so_many_batches_at_a_time(api: Api) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test
    for _ in range(BATCHES_MAX):
        await app.state.batch_places.acquire()
    answer = await post(api, named(1))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    app.state.batch_places.release()
    assert (await post(api, named(1))).status_code == 200
