"""Jobs, renders, credits, usage, prices and categories."""

from dataclasses import replace
from datetime import date
from typing import Any, cast

import pytest
from fastapi import FastAPI

from schemas.categories import CATEGORIES
from schemas.ids import new_request_id
from storage.accounts import LedgerEntry
from storage.usage import KeyUsageRow, UsageRow
from tests.making import NOW
from tests.unit.api.conftest import Api, grant_key, grant_older_key
from tests.unit.api.fakes import RESULT, a_job, cancelled
from tests.unit.api.test_looks import GOOD


def app_of(api: Api) -> FastAPI:
    """The app under test."""
    app: FastAPI = api.http._transport.app  # type: ignore[attr-defined]  # httpx keeps it there
    return app


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
        assert (answer.status_code, answer.json()["error"]["code"]) in {
            (404, "JOB_NOT_FOUND"),
            (404, "NOT_FOUND"),
        }, path


async def test_a_job_has_the_documented_shape(api: Api) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    job = (await api.http.get(f"/v1/jobs/{request_id}", headers=api.headers())).json()
    assert set(job) == {
        "request_id", "job_id", "job_type", "status", "credits_cost", "refunded", "billing",
        "created_at", "updated_at",
        "deadline_at", "error", "latest_event", "artifacts", "garments",
        "user_category", "items", "runtime_config", "reference", "metadata",
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
            await api.http.get(
                "/v1/jobs",
                params={"limit": 3, **({"cursor": cursor} if cursor else {})},
                headers=api.headers(),
            )
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


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=x", "status=DONE", "created_after=yesterday",
        "created_after=0.5",
        "created_before=2026-01-02T03:04:05", "created_before=9999-12-31T23:59:59-01:00",
    ],
)  # fmt: skip
async def test_bad_queries_name_the_parameter(api: Api, query: str) -> None:
    answer = await api.http.get(f"/v1/jobs?{query}", headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["query", query.split("=", maxsplit=1)[0]]


@pytest.mark.parametrize("since", ["-1", "x", str(2**63)])
async def test_bad_since_is_refused(api: Api, since: str) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    assert (
        await api.http.get(f"/v1/jobs/{request_id}/events?since={since}", headers=api.headers())
    ).status_code == 422


async def test_credits_show_the_balance_and_the_entries(api: Api) -> None:
    api.accounts.entries = [
        LedgerEntry(1, None, "grant", 100, NOW),
        LedgerEntry(2, new_request_id(), "charge", -10, NOW),
    ]
    first = (await api.http.get("/v1/credits?limit=1", headers=api.headers())).json()
    assert first["balance"] == 100
    assert [entry["amount"] for entry in first["entries"]] == [-10]
    second = (
        await api.http.get(
            f"/v1/credits?limit=1&cursor={first['next_cursor']}", headers=api.headers()
        )
    ).json()
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


async def test_a_job_carries_its_receipt(api: Api) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = cancelled(a_job(request_id))
    at = "2026-01-02T03:04:05Z"
    receipt: dict[str, Any] = {"charged": 10, "charged_at": at, "refunded": 10, "refunded_at": at}
    receipt["goodwill"] = 0
    receipt |= {"credits_charged": 10, "credits_refunded": 10, "credits_goodwill": 0}
    assert (await api.http.get(f"/v1/jobs/{request_id}", headers=api.headers())).json()[
        "billing"
    ] == receipt
    assert (await api.http.get("/v1/jobs", headers=api.headers())).json()["items"][0][
        "billing"
    ] == receipt


async def test_renders_are_the_finished_looks_newest_first_page_by_page(api: Api) -> None:
    ids = [new_request_id() for _ in range(7)]
    for index, request_id in enumerate(ids):
        api.jobs.rows["abc", "live", request_id] = a_job(request_id)
        api.jobs.say(request_id, "succeeded" if index != 3 else "failed")
    seen: list[str] = []
    query = "limit=2"
    while query:
        page = (await api.http.get(f"/v1/renders?{query}", headers=api.headers())).json()
        seen += [render["request_id"] for render in page["items"]]
        assert page["count"] == len(page["items"])
        query = page["next_cursor"] and f"limit=2&cursor={page['next_cursor']}"
    assert seen == sorted((one for one in ids if one != ids[3]), reverse=True)
    assert (await api.http.get(f"/v1/renders/{ids[3]}", headers=api.headers())).status_code == 404
    shown = await api.http.get(f"/v1/renders/{ids[0]}", headers=api.headers())
    assert shown.json()["picture"]["image_url"] == "https://objects.test/looks/signed"
    unjudged: dict[str, object] = {"quality": None, "quality_reasons": [], "placed": None}
    unjudged |= {"guessed_category": None, "guess_confidence": None}
    garment: dict[str, object] = {
        "trial_image": "",
        "trial_item_category": "top",
        "layer_order": 31,
        "layer": "31",
        "box": [1, 2, 3, 4],
        "warnings": [],
    }
    assert shown.json()["garments"] == [garment | unjudged]
    assert "secret.png" not in shown.text
    assert "users/abc" not in shown.text


async def test_a_cut_out_says_which_garment_it_is_of(api: Api) -> None:
    request_id, (item,) = new_request_id(), cast(list[dict[str, object]], RESULT["items"])
    items = [item, {**item, "cutout": RESULT["image"]}]
    made = replace(a_job(request_id), status="SUCCESS", result={**RESULT, "items": items})
    api.jobs.rows["abc", "live", request_id] = made
    job = (await api.http.get(f"/v1/jobs/{request_id}", headers=api.headers())).json()
    assert [(one["role"], one["label"], one["item_index"]) for one in job["artifacts"]] == [
        ("final", "look", None),
        ("intermediate", "items[1] cut out", 1),
    ]


async def test_usage_is_by_day_and_operation_with_the_net(api: Api) -> None:
    usage = app_of(api).state.ports.usage
    usage.rows = [
        UsageRow(date(2026, 1, 2), "look", 12, 10, 1, 120, 10),
        UsageRow(date(2025, 12, 1), "look", 1, 1, 0, 10, 0),
    ]
    shown = (
        await api.http.get("/v1/usage?from=2026-01-01&to=2026-01-31", headers=api.headers())
    ).json()
    assert shown == {
        "first_day": "2026-01-01",
        "last_day": "2026-01-31",
        "items": [
            {
                "day": "2026-01-02", "operation": "look", "requests": 12, "succeeded": 10,
                "failed": 1,
                "credits_charged": 120, "credits_refunded": 10, "credits_net": 110,
            }
        ],
    }  # fmt: skip
    by_default = (await api.http.get("/v1/usage", headers=api.headers())).json()
    first, last = (date.fromisoformat(by_default[name]) for name in ("first_day", "last_day"))
    assert (last - first).days == 29


async def test_usage_by_key_names_the_key(api: Api) -> None:
    sums = UsageRow(date(2026, 1, 2), "look", 12, 10, 1, 120, 10)
    app_of(api).state.ports.usage.of_keys = [
        KeyUsageRow(sums, "k1", "web shop", "x7Qa"),
        KeyUsageRow(sums, None, "", None),
    ]
    shown = await api.http.get(
        "/v1/usage/keys?from=2026-01-01&to=2026-01-31", headers=api.headers()
    )
    assert [
        (one["key_id"], one["key_name"], one["key_last4"], one["requests"], one["credits_net"])
        for one in shown.json()["items"]
    ] == [("k1", "web shop", "x7Qa", 12, 110), (None, "", None, 12, 110)]
    wrong = await api.http.get(
        "/v1/usage/keys?from=2026-01-31&to=2026-01-01", headers=api.headers()
    )
    assert wrong.json()["detail"][0]["loc"] == ["query", "from"]


async def test_the_tenant_is_told_of_a_low_balance_by_its_own_rule_or_the_services(
    api: Api,
) -> None:
    async def told() -> tuple[int, int, bool]:
        me = (await api.http.get("/v1/me", headers=api.headers())).json()
        return me["balance"], me["low_balance"], me["balance_is_low"]

    async def put(low_balance: object, key: str = api.key) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        body = {"low_balance": low_balance}
        return (await api.http.put("/v1/credits/notice", json=body, headers=headers)).status_code

    assert await told() == (100, 200, True)  # what 20 looks cost
    assert (await put(100), await told()) == (200, (100, 100, False))
    assert (await put(101), await told()) == (200, (100, 101, True))
    assert (await put(0), await told()) == (200, (100, 0, False))
    assert (await put(None), await told()) == (200, (100, 200, True))
    assert [await put(wrong) for wrong in (-1, 1.5, "5", 10**16)] == [422] * 4
    assert await put(5, grant_key(api.accounts, "abc", "jobs:read")) == 403
    writer = grant_key(api.accounts, "abc", "jobs:create")
    me = await api.http.get("/v1/me", headers={"Authorization": f"Bearer {writer}"})
    assert me.json()["balance"] is me.json()["balance_is_low"] is None
    assert [one["name"] for one in me.json()["limits"]][:1] == ["key-reads"]


async def test_a_dry_run_prices_a_look_and_leaves_no_trace(api: Api) -> None:
    body = {**GOOD, "runtime_config": {"glitter": True}}
    warnings = ["unknown option 'glitter' was ignored"]
    headers = {"Authorization": f"Bearer {grant_older_key(api)}", "Idempotency-Key": "k"}
    for balance, sufficient in ((100, True), (10, True), (9, False)):
        api.accounts.balances["abc", "live"] = balance
        answer = await api.http.post("/v1/look/validate", json=body, headers=headers)
        expected = {
            "credits_cost": 10,
            "balance": balance,
            "sufficient": sufficient,
            "warnings": warnings,
        }
        assert (answer.status_code, answer.json()) == (200, expected)
        assert api.accounts.balances["abc", "live"] == balance
    assert api.acceptance.accepted == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {**GOOD, "runtime_config": {"width": 1}},
        {**GOOD, "items": [{"trial_image": "users/other/x.jpg", "trial_item_category": "top"}]},
        {**GOOD, "items": [{"trial_image": "users/abc/x.jpg", "trial_item_category": "spacesuit"}]},
    ],
)
async def test_a_dry_run_refuses_what_a_look_refuses_in_the_same_words(
    api: Api, body: dict[str, Any]
) -> None:
    dry, real = [
        await api.http.post(path, json=body, headers=api.headers())
        for path in ("/v1/look/validate", "/v1/look")
    ]
    assert (
        (dry.status_code, dry.json()["detail"])
        == (real.status_code, real.json()["detail"])
        == (422, dry.json()["detail"])
    )
