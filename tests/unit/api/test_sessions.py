"""Signing in to the console: a cookie that stands for its key, from our own pages alone, until it
ends.
"""

from datetime import timedelta

import httpx
import pytest

from domain.sessions import RequestOrigin
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.test_looks import GOOD

OURS = {"Origin": "http://api.test", "Sec-Fetch-Site": "same-origin"}
FOREIGN = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://api.test.elsewhere.example"},
    {"Origin": "null"},
    {"Origin": "http://api.test", "Sec-Fetch-Site": "cross-site"},
)


async def signed_in(api: Api, key: str | None = None, **headers: str) -> httpx.Response:
    answer = await api.http.post(
        "/v1/session", json={"key": key or api.key}, headers={**OURS, **headers}
    )
    assert answer.status_code == 201, answer.text
    return answer


def token_of(answer: httpx.Response) -> str:
    return answer.headers["set-cookie"].partition("=")[2].partition(";")[0]


async def status(api: Api, token: str) -> int:
    api.http.cookies.clear()
    headers = {"Cookie": f"looks_session={token}"}
    return (await api.http.get("/v1/me", headers=headers)).status_code


async def test_a_key_becomes_a_cookie_that_no_script_and_no_other_site_can_use(api: Api) -> None:
    answer = await signed_in(api, **{"User-Agent": "a browser"})
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("looks_session=ses_")
    assert set(attributes) == {"Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=604800"}
    assert api.key not in answer.text + answer.headers["set-cookie"]
    me = (await api.http.get("/v1/me")).json()
    assert (me["tenant_id"], me["session_id"]) == ("abc", answer.json()["session_id"])
    assert token_of(answer) not in (await api.http.get("/v1/sessions")).text
    (kept,) = (await api.http.get("/v1/sessions")).json()["items"]
    assert (kept["current"], kept["agent"]) == (True, "a browser")
    look = await api.http.post("/v1/look", json=GOOD, headers=OURS)
    assert look.status_code == 202


async def test_over_https_the_cookie_is_of_this_host_and_secure_also_behind_a_proxy(
    api: Api,
) -> None:
    answer = await signed_in(api, Origin="https://api.test")
    name, *attributes = answer.headers["set-cookie"].split("; ")
    assert name.startswith("__Host-looks_session=ses_")
    assert {"Path=/", "HttpOnly", "SameSite=Strict", "Secure"} <= set(attributes)
    token = token_of(answer)
    api.http.cookies.clear()
    for scheme, cookie, expected in (
        ("https", "__Host-looks_session", 200),
        ("https", "looks_session", 401),
        ("http", "__Host-looks_session", 200),
    ):
        headers = {"Cookie": f"{cookie}={token}"}
        asked = await api.http.get(f"{scheme}://api.test/v1/me", headers=headers)
        assert (scheme, cookie, asked.status_code) == (scheme, cookie, expected)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_what_another_page_sends_with_the_cookie_is_refused(
    api: Api, headers: dict[str, str]
) -> None:
    await signed_in(api)
    for method, path, body in (
        ("POST", "/v1/look", GOOD),
        ("POST", "/v1/webhooks", {"url": "https://example.com/"}),
        ("DELETE", "/v1/sessions", None),
        ("GET", "/v1/jobs", None),
    ):
        answer = await api.http.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ORIGIN_REFUSED")
    refused = await api.http.post("/v1/session", json={"key": api.key}, headers=headers)
    assert (refused.status_code, "set-cookie" in refused.headers) == (403, False)
    assert api.acceptance.accepted == []


async def test_a_cookie_changes_nothing_unless_its_browser_says_that_the_page_is_ours(
    api: Api,
) -> None:
    await signed_in(api)
    assert (await api.http.post("/v1/look", json=GOOD)).status_code == 403
    assert (await api.http.get("/v1/jobs")).status_code == 200
    from_our_page = {"Origin": "http://api.test"}  # over http no Sec-Fetch-Site is sent
    assert (await api.http.post("/v1/look", json=GOOD, headers=from_our_page)).status_code == 202


async def test_a_key_in_the_header_goes_before_the_cookie_and_needs_no_origin(api: Api) -> None:
    await signed_in(api, grant_key(api.accounts, "other"))
    me = (await api.http.get("/v1/me", headers=api.headers())).json()
    assert (me["tenant_id"], me["session_id"]) == ("abc", None)
    headers = api.headers(Origin="https://elsewhere.example")
    assert (await api.http.post("/v1/look", json=GOOD, headers=headers)).status_code == 202
    assert (await api.http.get("/v1/me", headers={"Authorization": "Bearer no"})).status_code == 401


async def test_a_token_that_was_there_before_is_never_the_one_that_is_signed_in(api: Api) -> None:
    planted = "ses_" + "A" * 43
    api.http.cookies.set("looks_session", planted)
    first = token_of(await signed_in(api))
    assert first != planted
    api.http.cookies.clear()
    second = token_of(await signed_in(api, Cookie=f"looks_session={first}"))
    assert second != first
    assert [await status(api, one) for one in (planted, first, second)] == [401, 401, 200]


async def test_a_session_in_the_header_or_given_twice_is_none(api: Api) -> None:
    tokens = [token_of(await signed_in(api)) for _ in range(1)]
    other = "ses_" + "B" * 43
    api.http.cookies.clear()
    for headers in (
        {"Authorization": f"Bearer {tokens[0]}"},
        {"Cookie": f"looks_session={tokens[0]}; looks_session={other}"},
        {"Cookie": "looks_session=short"},
        {"Cookie": f"other={tokens[0]}"},
    ):
        answer = await api.http.get("/v1/me", headers=headers)
        assert (headers, answer.status_code) == (headers, 401)


async def test_signing_out_ends_this_session_and_signing_out_everywhere_all_of_the_key(
    api: Api,
) -> None:
    tokens = []
    for _ in range(3):
        api.http.cookies.clear()
        tokens.append(token_of(await signed_in(api)))
    elsewhere = grant_key(api.accounts, "abc")
    api.http.cookies.clear()
    others = token_of(await signed_in(api, elsewhere))
    api.http.cookies.clear()
    mine = {**OURS, "Cookie": f"looks_session={tokens[0]}"}
    out = await api.http.delete("/v1/session", headers=mine)
    assert out.status_code == 204
    assert [line.partition("=")[0] for line in out.headers.get_list("set-cookie")] == [
        "looks_session",
        "__Host-looks_session",
    ]
    assert [await status(api, one) for one in tokens] == [401, 200, 200]
    everywhere = {**OURS, "Cookie": f"looks_session={tokens[1]}"}
    assert (await api.http.delete("/v1/sessions", headers=everywhere)).status_code == 204
    assert [await status(api, one) for one in (*tokens, others)] == [401, 401, 401, 200]
    assert (await api.http.get("/v1/me", headers=api.headers())).status_code == 200


async def test_one_session_is_ended_by_its_id_and_another_keys_is_not_there(api: Api) -> None:
    ended = await signed_in(api)
    api.http.cookies.clear()
    foreign = await signed_in(api, grant_key(api.accounts, "other"))
    api.http.cookies.clear()
    for answer, expected in ((ended, 204), (ended, 404), (foreign, 404)):
        path = f"/v1/sessions/{answer.json()['session_id']}"
        assert (await api.http.delete(path, headers=api.headers())).status_code == expected
    assert [await status(api, token_of(one)) for one in (ended, foreign)] == [401, 200]


async def test_a_session_ends_with_its_key_its_time_and_when_it_is_not_used(api: Api) -> None:
    async def later(token: str, **more: float) -> int:
        api.sessions.now += timedelta(**more)
        api.http._transport.app.state.sessions.forget()  # type: ignore[attr-defined]  # as a moment later
        return await status(api, token)

    token = token_of(await signed_in(api))
    assert [await later(token, hours=hours) for hours in (11, 11, 13)] == [200, 200, 401]
    token = token_of(await signed_in(api))
    assert [await later(token, hours=11) for _ in range(16)] == [200] * 15 + [401]
    token = token_of(await signed_in(api))
    del api.accounts.credentials[api.key]
    assert await later(token) == 401


async def test_a_page_asks_whether_it_is_signed_in_without_being_refused(api: Api) -> None:
    async def whose() -> object:
        answer = await api.http.get("/v1/session")
        assert answer.status_code == 200
        me = answer.json()["me"]
        return me and me["tenant_id"]

    assert await whose() is None
    await signed_in(api)
    assert await whose() == "abc"
    assert (await api.http.delete("/v1/sessions", headers=OURS)).status_code == 204
    api.http.cookies.set("looks_session", "ses_" + "A" * 43)
    assert await whose() is None


@pytest.mark.parametrize("key", ["", "sk_live_wrong", "ses_" + "A" * 43])
async def test_what_is_no_key_signs_nobody_in(api: Api, key: str) -> None:
    answer = await api.http.post("/v1/session", json={"key": key}, headers=OURS)
    assert answer.status_code == (401 if key else 422)
    assert "set-cookie" not in answer.headers
    assert "sk_live_wrong" not in answer.text


async def test_guessing_keys_at_the_door_is_slowed_like_anywhere(api: Api) -> None:
    seen = {
        (await api.http.post("/v1/session", json={"key": f"sk_live_{n}"})).status_code
        for n in range(150)
    }
    assert seen == {401, 429}


def test_a_host_is_compared_whole_and_a_missing_one_is_nobodys() -> None:
    def may(host: str, origin: str | None, site: str | None = None, method: str = "POST") -> bool:
        return RequestOrigin(method, host, origin, site).may_use_cookie

    assert may("Looks.example:8000", "http://looks.example:8000")
    assert not may("looks.example:8000", "http://looks.example")
    assert not may("", "http://")
    assert not may("", "")
    assert not may("looks.example", "")
    assert may("looks.example", None, method="GET")
    assert may("looks.example", None, "none", "GET")
    assert not may("looks.example", None, "none")
