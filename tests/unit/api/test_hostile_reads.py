"""Hostile queries and ids on the reading routes: refused by name, and nothing of another tenant can
be told from nothing.
"""

import base64

import pytest

from schemas.ids import new_request_id
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job

LISTS = ("/v1/jobs", "/v1/renders", "/v1/credits", "/v1/webhooks")


def planted(api: Api, tenant: str = "abc", count: int = 1) -> list[str]:
    """Finished jobs of a tenant."""
    ids = [new_request_id() for _ in range(count)]
    for request_id in ids:
        api.jobs.rows[tenant, "live", request_id] = a_job(request_id)
        api.jobs.say(request_id, "succeeded")
    return ids


@pytest.mark.hostile(row=29)
@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    "limit",
    ["0", "-1", "101", "1e3", "%D9%A3", "", "1&limit=2", "1.0", "1_0", "%2B1", " 1", "9" * 5000],
)
async def test_a_bad_limit_is_refused(api: Api, path: str, limit: str) -> None:
    answer = await api.http.get(f"{path}?limit={limit}", headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "limit"]


@pytest.mark.parametrize("kind", ["%00", "", "LOOK", "look'--", "x" * 65, "%F0%9F%91%97"])
async def test_a_job_type_that_can_be_none_is_refused(api: Api, kind: str) -> None:
    answer = await api.http.get(f"/v1/jobs?job_type=look&job_type={kind}", headers=api.headers())
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (
        422,
        ["query", "job_type", 1],
    )


@pytest.mark.hostile(row=30)
@pytest.mark.parametrize("route", ["events", "events/stream"])
@pytest.mark.parametrize(
    "since",
    ["-1", str(2**63), str(2**31), "1;2", "1" * 10_000, "", "%D9%A3", "1.0", "0&since=1", "nan"],
)
async def test_a_bad_since_is_refused(api: Api, route: str, since: str) -> None:
    (request_id,) = planted(api)
    answer = await api.http.get(
        f"/v1/jobs/{request_id}/{route}?since={since}", headers=api.headers()
    )
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "since"]


@pytest.mark.hostile(row=30)
async def test_a_since_from_the_future_has_no_events_yet(api: Api) -> None:
    (request_id,) = planted(api)
    page = (
        await api.http.get(f"/v1/jobs/{request_id}/events?since=99", headers=api.headers())
    ).json()
    assert page == {"items": [], "latest_seq": 1}


@pytest.mark.hostile(row=28)
@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/renders"])
async def test_every_flipped_bit_of_a_cursor_is_noticed(api: Api, path: str) -> None:
    planted(api, count=2)
    cursor = (await api.http.get(f"{path}?limit=1", headers=api.headers())).json()["next_cursor"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for bit in range(0, len(raw) * 8, 5):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        text = base64.urlsafe_b64encode(bytes(flipped)).decode().rstrip("=")
        assert (
            await api.http.get(f"{path}?cursor={text}", headers=api.headers())
        ).status_code == 422, bit
    assert (await api.http.get(f"{path}?cursor={cursor}", headers=api.headers())).status_code == 200


@pytest.mark.hostile(row=28)
async def test_a_cursor_of_another_list_tenant_or_filter_is_refused(api: Api) -> None:
    planted(api, count=2)
    jobs, renders = [
        (await api.http.get(f"{path}?limit=1", headers=api.headers())).json()["next_cursor"]
        for path in ("/v1/jobs", "/v1/renders")
    ]
    stranger = {"Authorization": f"Bearer {grant_key(api.accounts, 'other')}"}
    test_key = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', environment='test')}"}
    for url, headers in (
        (f"/v1/jobs?cursor={renders}", api.headers()),
        (f"/v1/renders?cursor={jobs}", api.headers()),
        (f"/v1/renders?cursor={renders}", stranger),
        (f"/v1/renders?cursor={renders}", test_key),
        (f"/v1/jobs?cursor={jobs}&idempotency_key=k", api.headers()),
        (f"/v1/jobs?cursor={jobs}&job_type=look", api.headers()),
        (f"/v1/jobs?cursor={'A' * 10_000}", api.headers()),
        ("/v1/jobs?cursor=", api.headers()),
        ("/v1/credits?cursor=%00", api.headers()),
    ):
        answer = await api.http.get(url, headers=headers)
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (
            422,
            ["query", "cursor"],
        ), url


ROUTES = (
    ("GET", "/v1/jobs/{}"),
    ("GET", "/v1/jobs/{}?wait=1"),
    ("GET", "/v1/jobs/{}/events"),
    ("GET", "/v1/jobs/{}/events?wait=1"),
    ("GET", "/v1/jobs/{}/events/stream"),
    ("GET", "/v1/renders/{}"),
    ("POST", "/v1/jobs/{}/cancel"),
)


@pytest.mark.hostile(row=1)
@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_ids_of_others_and_of_nobody_have_one_answer(
    api: Api, method: str, route: str
) -> None:
    (theirs,) = planted(api, "other")
    test_data = new_request_id()
    api.jobs.rows["abc", "test", test_data] = a_job(test_data)
    unknown = [
        theirs,
        test_data,
        new_request_id(),
        theirs.lower(),
        theirs + "0",
        "%00",
        "' OR 1=1--",
        "x" * 5000,
        "٣",
    ]
    bodies = set()
    for request_id in unknown:
        answer = await api.http.request(method, route.format(request_id), headers=api.headers())
        error = answer.json()["error"]
        bodies.add((answer.status_code, error["code"], error["message"]))
    assert bodies == {(404, "JOB_NOT_FOUND", "There is no such job.")}


@pytest.mark.hostile(row=1)
@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_path_tricks_lead_nowhere(api: Api, method: str, route: str) -> None:
    for trick in ("..%2f", "%2e%2e", "a/b", ""):
        answer = await api.http.request(method, route.format(trick), headers=api.headers())
        assert answer.status_code in {404, 405}, trick
        assert set(answer.json()) == {"error"}


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=yesterday", "from"), ("from=86400", "from"), ("from=2026-02-30", "from"),
        ("from=2026-01-02T00:00:00Z", "from"),
        ("from=", "from"), ("to=20260101", "to"), ("to=%D9%A2026-01-01", "to"),
        ("from=2026-01-02&to=2026-01-01", "from"),
        ("from=2024-01-01&to=2026-01-01", "from"),
        ("to=0001-01-01", "to"), ("to=9999-12-31", "to"),
        ("from=2026-01-01&from=2026-01-02", "from"),
    ],
)  # fmt: skip
async def test_bad_days_are_refused(api: Api, query: str, parameter: str) -> None:
    answer = await api.http.get(f"/v1/usage?{query}", headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", parameter]


@pytest.mark.parametrize(
    "query", ["to=2000-01-01", "from=2999-12-31&to=2999-12-31", "from=2000-01-01&to=2000-12-31"]
)
async def test_days_up_to_the_ends_of_the_range_are_answered(api: Api, query: str) -> None:
    assert (await api.http.get(f"/v1/usage?{query}", headers=api.headers())).status_code == 200


@pytest.mark.hostile(row=42)
@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/look", "POST"),
        ("/v1/jobs", "GET, HEAD"),
        ("/v1/usage", "GET, HEAD"),
        ("/v1/jobs/x/cancel", "POST"),
        ("/v1/look/validate", "POST"),
    ],
)
async def test_a_method_that_a_path_does_not_have_is_told_which_it_has(
    api: Api, path: str, allowed: str
) -> None:
    for method in ("PUT", "PATCH", "TRACE"):
        answer = await api.http.request(method, path, headers=api.headers())
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/webhooks", "GET, HEAD, POST"), ("/v1/webhooks/x", "DELETE, GET, HEAD, PATCH")],
)
async def test_a_path_of_several_routes_names_the_methods_of_all(
    api: Api, path: str, allowed: str
) -> None:
    answer = await api.http.put(path, headers=api.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.hostile(row=42)
@pytest.mark.parametrize(
    "path",
    ["/v1/look/", "//v1/look", "/v1/Look", "/v1/look;x", "/v1/jobs/x/events/stream/y", "/v2/jobs"],
)
async def test_a_path_that_is_almost_one_of_ours_is_not_found(api: Api, path: str) -> None:
    answer = await api.http.get(f"http://api.test{path}", headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
