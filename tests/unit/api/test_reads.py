"""Jobs, credits, prices and categories."""

import pytest

from schemas.categories import CATEGORIES
from schemas.ids import new_request_id
from storage.accounts import LedgerEntry
from tests.making import NOW
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job


async def test_another_tenants_job_looks_like_no_job(api: Api) -> None:
    mine, theirs = new_request_id(), new_request_id()
    api.jobs.rows["abc", "live", mine] = a_job(mine)
    api.jobs.rows["other", "live", theirs] = a_job(theirs)
    api.jobs.rows["abc", "test", theirs] = a_job(theirs)
    assert (await api.http.get(f"/v1/jobs/{mine}", headers=api.headers())).status_code == 200
    for path in (
        f"/v1/jobs/{theirs}",
        f"/v1/jobs/{theirs}/events",
        f"/v1/jobs/{new_request_id()}",
        "/v1/jobs/%00",
        "/v1/jobs/..%2f",
    ):
        answer = await api.http.get(path, headers=api.headers())
        assert (answer.status_code, answer.json()["error"]["code"]) in {(404, "JOB_NOT_FOUND"), (404, "NOT_FOUND")}, path


async def test_a_job_has_the_documented_shape(api: Api) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    job = (await api.http.get(f"/v1/jobs/{request_id}", headers=api.headers())).json()
    assert set(job) == {
        "request_id", "job_id", "job_type", "status", "credits_cost", "refunded", "billing", "created_at", "updated_at",
        "deadline_at", "error", "latest_event", "artifacts",
    }  # fmt: skip
    assert job["artifacts"] == []


async def test_pages_follow_one_another_without_loss(api: Api) -> None:
    ids = [new_request_id() for _ in range(7)]
    for request_id in ids:
        api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    seen: list[str] = []
    cursor = None
    while True:
        page = (
            await api.http.get("/v1/jobs", params={"limit": 3, **({"cursor": cursor} if cursor else {})}, headers=api.headers())
        ).json()
        seen += [job["request_id"] for job in page["items"]]
        assert page["count"] == len(page["items"])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)


async def test_a_cursor_is_good_only_for_its_own_list(api: Api) -> None:
    for request_id in (new_request_id(), new_request_id()):
        api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    cursor = (await api.http.get("/v1/jobs?limit=1", headers=api.headers())).json()["next_cursor"]
    stranger = {"Authorization": f"Bearer {grant_key(api.accounts, 'other')}"}
    for query, headers in (
        (f"cursor={cursor}", stranger),
        (f"cursor={cursor}&status=FAILURE", api.headers()),
        (f"cursor={cursor[:-2]}AA", api.headers()),
        ("cursor=%27%20OR%201=1--", api.headers()),
    ):
        assert (await api.http.get(f"/v1/jobs?limit=1&{query}", headers=headers)).status_code == 422


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "status=DONE", "created_after=yesterday"])
async def test_bad_queries_name_the_parameter(api: Api, query: str) -> None:
    answer = await api.http.get(f"/v1/jobs?{query}", headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["query", query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize("since", ["-1", "x", str(2**63)])
async def test_bad_since_is_refused(api: Api, since: str) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    assert (await api.http.get(f"/v1/jobs/{request_id}/events?since={since}", headers=api.headers())).status_code == 422


async def test_credits_show_the_balance_and_the_entries(api: Api) -> None:
    api.accounts.entries = [LedgerEntry(1, None, "grant", 100, NOW), LedgerEntry(2, new_request_id(), "charge", -10, NOW)]
    first = (await api.http.get("/v1/credits?limit=1", headers=api.headers())).json()
    assert first["balance"] == 100
    assert [entry["amount"] for entry in first["entries"]] == [-10]
    second = (await api.http.get(f"/v1/credits?limit=1&cursor={first['next_cursor']}", headers=api.headers())).json()
    assert [entry["kind"] for entry in second["entries"]] == ["grant"]
    assert second["next_cursor"] is None


async def test_the_price_list_says_what_a_look_costs(api: Api) -> None:
    items = (await api.http.get("/v1/operations", headers=api.headers())).json()["items"]
    assert items == [{"name": "look", "op_class": "composite", "credits_cost": 10, "enabled": True}]


async def test_every_category_is_listed(api: Api) -> None:
    items = (await api.http.get("/v1/garment-categories", headers=api.headers())).json()["items"]
    assert {one["key"] for one in items} == {category.value for category in CATEGORIES}


async def test_reading_needs_the_capability_to_read(api: Api) -> None:
    writer = grant_key(api.accounts, "abc", "jobs:create")
    answer = await api.http.get("/v1/credits", headers={"Authorization": f"Bearer {writer}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CAPABILITY_MISSING")
