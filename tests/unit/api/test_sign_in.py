"""Operators who sign in at a provider: each role, and whatever is not an answer to this browser's
own attempt.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from pydantic import SecretStr, ValidationError

from api.limits import TokenBuckets
from api.ops.app import create_ops
from api.ops.ports import OpsPorts
from api.ops.provider import OidcProvider
from domain.operators import Operator, OperatorRole
from domain.sign_in import ATTEMPT_S, Person, SignInAttempt, own_page, person_of
from runtime.oidc_settings import OidcSettings
from runtime.settings import ApiSettings, DatabaseSettings
from tests.unit.api import fake_provider
from tests.unit.api.fake_provider import (
    BEFORE,
    CLIENT_ID,
    CLIENT_SECRET,
    CURVE,
    FIRST,
    ISSUER,
    SECOND,
    TOKEN,
    FakeProvider,
    PeopleStore,
    published,
    rsa_key,
    signed,
)

BEGIN, CALLBACK = "/ops/v1/sign-in", "/ops/v1/sign-in/callback"
ATTEMPT = "__Host-looks_ops_sign_in"
SESSION = "__Host-looks_ops_session"
ROLES = {
    "looks-viewers": OperatorRole.VIEWER,
    "looks-oncall": OperatorRole.OPERATOR,
    "cn=admins,ou=looks": OperatorRole.ADMIN,
}
FROM_THE_PROVIDER = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}


def settings(**more: Any) -> OidcSettings:
    told: dict[str, Any] = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "client_secret": SecretStr(CLIENT_SECRET),
        "public_url": "https://api.test",
        "roles": ROLES,
        "name": "Example <b>Login</b>",
        "timeout_s": 5.0,
    }
    return OidcSettings(**{**told, **more})


@dataclass
class House:
    """The surface, a provider, and a browser that has the cookies of both steps."""

    http: httpx.AsyncClient
    provider: FakeProvider
    people: PeopleStore
    now_s: float = 0.0

    async def begin(self, page: str = "/ops") -> str:
        """Where the browser is sent to."""
        answer = await self.http.get(BEGIN, params={"page": page})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def back(self, **query: str) -> httpx.Response:
        return await self.http.get(CALLBACK, params=query, headers=FROM_THE_PROVIDER)

    async def sign_in(self, page: str = "/ops") -> httpx.Response:
        address = await self.begin(page)
        return await self.back(code=self.provider.login(address), state=state_of(address))


def state_of(address: str) -> str:
    return parse_qs(urlsplit(address).query)["state"][0]


PEOPLE = PeopleStore()
OPS = create_ops(
    OpsPorts(
        operators=PEOPLE,
        accounts=cast(Any, None),
        views=cast(Any, None),
        desk=cast(Any, None),
        watch=cast(Any, None),
        audits=cast(Any, None),
        api=ApiSettings(),
        database=cast(DatabaseSettings, None),
    )
)
NOT_SET_UP = OPS.state.ports


def browser() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=OPS)
    return httpx.AsyncClient(transport=transport, base_url="https://api.test")


@pytest.fixture(name="set_up")
async def _set_up() -> AsyncIterator[Callable[..., House]]:
    opened: list[httpx.AsyncClient] = []

    def make(oidc: OidcSettings | None = None, **more: Any) -> House:
        oidc = oidc or settings()
        house = House(browser(), FakeProvider(), PEOPLE)
        provider = OidcProvider(
            oidc, transport=httpx.MockTransport(house.provider), clock=lambda: house.now_s
        )
        OPS.state.ports = replace(
            NOT_SET_UP,
            api=ApiSettings(**more),
            oidc=oidc,
            provider=provider,
            failed_sign_ins=TokenBuckets(),
        )
        opened.append(house.http)
        return house

    PEOPLE.begun.clear()
    PEOPLE.ended.clear()
    OPS.state.sessions.forget()
    yield make
    OPS.state.ports = NOT_SET_UP
    for one in opened:
        await one.aclose()


def refused(house: House, answer: httpx.Response, status: int) -> str:
    """Nobody is signed in, and a page says why."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src" not in answer.headers["content-security-policy"]
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "Example &lt;b&gt;Login&lt;/b&gt;" in answer.text
    assert house.people.begun == []
    assert SESSION not in answer.headers["set-cookie"]
    assert ATTEMPT not in house.http.cookies  # an attempt is over, however it ends
    return answer.text


@pytest.mark.parametrize(
    ("given", "role"),
    [
        (["looks-viewers"], OperatorRole.VIEWER),
        (["others", "looks-oncall", "looks-viewers"], OperatorRole.OPERATOR),
        (["looks-viewers", "cn=admins,ou=looks"], OperatorRole.ADMIN),
        ("looks-oncall", OperatorRole.OPERATOR),
    ],
)
async def test_who_signs_in_has_the_highest_role_of_the_claim_and_a_session_like_a_keys(
    set_up: Callable[..., House], given: Any, role: OperatorRole
) -> None:
    house = set_up()
    house.provider.claims = {"roles": given}
    answer = await house.sign_in("/ops#/tenants/acme?show=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops#/tenants/acme?show=x")
    assert house.people.begun == [(Person(ISSUER, "person-1", "ada@example.com"), role)]
    session, attempt = answer.headers.get_list("set-cookie")
    assert session == (
        f"{SESSION}={TOKEN}; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=604800"
    )
    assert attempt == f"{ATTEMPT}=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    assert "no-store" in answer.headers["cache-control"]
    told = (await house.http.get("/ops/v1/session")).json()
    assert told == {
        "me": {"key_id": f"{ISSUER} person-1", "name": "ada@example.com", "role": role.value},
        "provider": "Example <b>Login</b>",
    }
    foreign = {"Origin": "https://elsewhere.example"}
    assert (await house.http.delete("/ops/v1/session", headers=foreign)).status_code == 403
    own = {"Origin": "https://api.test"}
    assert (await house.http.delete("/ops/v1/session", headers=own)).status_code == 204
    assert house.people.ended == ["s-1"]


async def test_a_session_that_the_browser_shows_ends_with_the_sign_in(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    house.http.cookies.set(SESSION, BEFORE, domain="api.test", path="/")
    assert (await house.sign_in()).status_code == 303
    assert house.people.ended == ["s-planted"]


async def test_the_cookie_of_an_attempt_is_for_this_host_and_no_script(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    answer = await house.http.get(BEGIN)
    name, _, rest = answer.headers["set-cookie"].partition("=")
    value, *attributes = rest.split("; ")
    assert name == ATTEMPT
    assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax", "Secure", f"Max-Age={ATTEMPT_S}"]
    attempt = SignInAttempt.read(value)
    assert attempt is not None
    address = answer.headers["location"]
    assert address.startswith("https://login.test/authorize?")
    for secret in (attempt.token, attempt.verifier):
        assert secret not in address
    assert len({attempt.state, attempt.nonce, attempt.verifier, attempt.challenge}) == 4


def altered(**claims: Any) -> Callable[[dict[str, Any]], str]:
    def sign(honest: dict[str, Any]) -> str:
        changed = {**honest, **claims}
        return signed({name: one for name, one in changed.items() if one is not None})

    return sign


def by(key: Any, algorithm: str, **head: Any) -> Callable[[dict[str, Any]], str]:
    return lambda honest: signed(honest, key, algorithm, **head)


def tampered(honest: dict[str, Any]) -> str:
    head, _, mark = signed(honest).split(".")
    _, body, _ = signed({**honest, "roles": list(ROLES)}).split(".")
    return f"{head}.{body}.{mark}"


def ago(seconds: int) -> int:
    return int(time.time()) - seconds


def dated(claim: str, seconds_ago: int) -> Callable[[dict[str, Any]], str]:
    """Dated when it is signed: a table's rows are made long before a long run comes to them."""

    def when_signed(honest: dict[str, Any]) -> str:
        return altered(**{claim: ago(seconds_ago)})(honest)

    return when_signed


REJECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "another nonce": altered(nonce="another"),
    "a nonce that is no text of this world": altered(nonce="\ud800"),
    "no nonce": altered(nonce=None),
    "another audience": altered(aud="others"),
    "no audience": altered(aud=None),
    "several audiences and no azp": altered(aud=[CLIENT_ID, "others"]),
    "another's azp": altered(aud=[CLIENT_ID, "others"], azp="others"),
    "another issuer": altered(iss="https://login.test/other"),
    "the issuer with a slash": altered(iss=f"{ISSUER}/"),
    "expired": dated("exp", 31),
    "without an end": altered(exp=None),
    "not yet": dated("nbf", -60),
    "made in the future": dated("iat", -60),
    "without its time": altered(iat=None),
    "no subject": altered(sub=None),
    "an empty subject": altered(sub=""),
    "a subject of several lines": altered(sub="person\n1"),
    "a subject that is no text": altered(sub=7),
    "another's signature": by(SECOND, "RS256"),
    "an unknown key": by(SECOND, "RS256", kid="second"),
    "claims that were changed": tampered,
    "alg none": by(None, "none"),
    "alg HS256 with the client's secret": by(CLIENT_SECRET, "HS256"),
    "alg RS512": by(FIRST, "RS512"),
    "alg PS256": by(FIRST, "PS256"),
    "alg ES256 with a key of RSA's name": by(CURVE, "ES256"),
    "no token": lambda honest: "none",
}


@pytest.mark.parametrize("why", REJECTED)
async def test_a_token_that_is_not_for_this_attempt_signs_nobody_in(
    set_up: Callable[..., House], why: str
) -> None:
    house = set_up()
    house.provider.token = REJECTED[why]
    assert "could not be trusted" in refused(house, await house.sign_in(), 403)


async def test_clocks_may_differ_by_a_little_and_an_audience_may_be_one_of_several(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    aud = [CLIENT_ID, "others"]
    house.provider.token = altered(exp=ago(10), iat=ago(-10), nbf=ago(-10), aud=aud, azp=CLIENT_ID)
    assert (await house.sign_in()).status_code == 303


async def test_hs256_with_the_published_key_for_a_secret_is_no_signature(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    public = fake_provider.published("first", FIRST)["n"]
    house.provider.keys = [{"kty": "oct", "kid": "first", "k": public}]
    house.provider.token = by(public, "HS256")
    refused(house, await house.sign_in(), 403)


async def test_a_key_that_is_weak_or_broken_or_for_encryption_signs_nobody_in(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    weak = rsa_key(1024)
    house.provider.keys = [published("first", weak)]
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = signed(house.provider.honest("x"), weak)
    house.provider.token = lambda _: token
    refused(house, await house.sign_in(), 403)
    house.provider.token = None
    for told in ({"use": "enc"}, {"alg": "RS384"}, {"n": "!"}, {"n": 7}, {"e": "AA"}):
        house.provider.keys = [published("first", FIRST, **told)]
        refused(house, await house.sign_in(), 403)


async def test_the_role_may_stand_within_another_claim(set_up: Callable[..., House]) -> None:
    house = set_up(settings(roles_claim="realm_access.roles"))
    house.provider.claims = {"realm_access": {"roles": ["looks-oncall"]}}
    assert (await house.sign_in()).status_code == 303
    assert [role for _, role in house.people.begun] == [OperatorRole.OPERATOR]
    house.people.begun.clear()
    house.provider.claims = {"realm_access": {}, "roles": ["looks-oncall"]}
    assert "gives you no role here" in refused(house, await house.sign_in(), 403)


@pytest.mark.parametrize("roles", [None, [], ["others"], {"looks-viewers": True}, "", 1])
async def test_who_has_no_role_is_told_so(set_up: Callable[..., House], roles: Any) -> None:
    house = set_up()
    house.provider.claims = {"roles": roles}
    assert "gives you no role here" in refused(house, await house.sign_in(), 403)


async def test_keys_that_were_rotated_are_asked_for_once_and_then_kept(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    for _ in range(2):
        assert (await house.sign_in()).status_code == 303
    assert house.provider.asked.count("/keys") == 1
    house.provider.keys = [published("second", SECOND), published("curve", CURVE)]
    for key, algorithm, kid in ((SECOND, "RS256", "second"), (CURVE, "ES256", "curve")):
        house.provider.token = by(key, algorithm, kid=kid)
        assert (await house.sign_in()).status_code == 303
    assert house.provider.asked.count("/keys") == 2
    house.provider.token = by(FIRST, "RS256")  # the old one: withdrawn
    house.people.begun.clear()
    refused(house, await house.sign_in(), 403)
    assert house.provider.asked.count("/keys") == 3
    house.now_s = 3600.0
    house.provider.token = by(SECOND, "RS256", kid="second")
    assert (await house.sign_in()).status_code == 303
    assert house.provider.asked.count("/keys") == 4
    assert house.provider.asked.count("/realm/.well-known/openid-configuration") == 2


async def test_another_browsers_answer_signs_nobody_in(set_up: Callable[..., House]) -> None:
    """Login CSRF: an answer to somebody else's attempt, brought to a visitor's browser."""
    house = set_up()
    theirs = await house.begin()
    code, state = house.provider.login(theirs), state_of(theirs)
    own = house.http.cookies[ATTEMPT]
    house.http.cookies.clear()
    text = refused(house, await house.back(code=code, state=state), 400)  # no attempt at all
    assert "did not begin in this browser" in text
    mine = await house.begin()
    refused(house, await house.back(code=code, state=state), 400)  # an attempt of its own
    await house.begin()
    refused(house, await house.back(code=code, state=state_of(mine)), 400)  # its own old one
    for wrong in ("", "é", state[:-1], state.swapcase()):
        house.http.cookies.set(ATTEMPT, own, domain="api.test", path="/")
        refused(house, await house.back(code=code, state=wrong), 400)
    assert "/token" not in house.provider.asked
    # Its code alone, with the visitor's own state, is bound to the other's challenge
    mine = await house.begin()
    refused(house, await house.back(code=code, state=state_of(mine)), 403)


async def test_an_attempt_that_was_changed_or_took_too_long_is_none(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    address = await house.begin()
    state = state_of(address)
    attempt = SignInAttempt.read(house.http.cookies[ATTEMPT])
    assert attempt is not None
    old = SignInAttempt(attempt.token, attempt.begun_s - ATTEMPT_S, attempt.page)
    led = SignInAttempt(attempt.token, attempt.begun_s, "/ops#/erasures")
    for changed, told in ((old, state), (led, state), (old, old.state)):
        house.http.cookies.set(ATTEMPT, changed.written(), domain="api.test", path="/")
        refused(house, await house.back(code=house.provider.login(address), state=told), 400)
    for text in ("", "x", f"{attempt.token}.1", f"{attempt.token}.x.L29wcw", "a.b.c"):
        assert SignInAttempt.read(text) is None
    plain = {"Cookie": f"looks_ops_sign_in={attempt.written()}", **FROM_THE_PROVIDER}
    query = {"code": house.provider.login(address), "state": state}
    answer = await house.http.get(CALLBACK, params=query, headers=plain)
    refused(house, answer, 400)  # what another site of the domain may set counts for nothing


async def test_a_code_is_used_once(set_up: Callable[..., House]) -> None:
    house = set_up()
    address = await house.begin()
    kept = house.http.cookies[ATTEMPT]
    code = house.provider.login(address)
    assert (await house.back(code=code, state=state_of(address))).status_code == 303
    house.people.begun.clear()
    refused(house, await house.back(code=code, state=state_of(address)), 400)  # nor the attempt
    house.http.cookies.set(ATTEMPT, kept, domain="api.test", path="/")
    assert "did not sign you in" in refused(
        house, await house.back(code=code, state=state_of(address)), 403
    )


async def test_what_the_provider_refuses_is_said_without_its_words(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    for query in (
        {"error": "access_denied<script>"},
        {"error": "x", "code": "c"},
        {"code": "c", "iss": "https://other.test"},
        {},
    ):
        address = await house.begin()
        text = refused(house, await house.back(state=state_of(address), **query), 403)
        assert "<script" not in text
    assert "/token" not in house.provider.asked


@pytest.mark.parametrize(
    "page",
    [
        "https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "/opsx", "/",
        "/ops/../v1", "/ops//elsewhere.example", "/ops?x=1", "/ops#x", "/ops#/a\r\nSet-Cookie: x=1",
        "/ops#/a b", "/ops#/é", "javascript:alert(1)", "", "ops", "/ops#/" + "a" * 501,
    ],
)  # fmt: skip
async def test_it_leads_to_our_own_pages_alone(set_up: Callable[..., House], page: str) -> None:
    house = set_up()
    answer = await house.http.get(BEGIN, params={"page": page})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].startswith("query.page")
    assert own_page(page) is None


async def test_another_sites_page_begins_no_sign_in(set_up: Callable[..., House]) -> None:
    house = set_up()
    answer = await house.http.get(BEGIN, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "ORIGIN_REFUSED")
    assert "set-cookie" not in answer.headers


async def never() -> httpx.Response:
    await asyncio.Event().wait()
    raise AssertionError


DISCOVERY = "/realm/.well-known/openid-configuration"
AWAY: dict[str, Any] = {
    "it can't be reached": httpx.ConnectError("refused: a word of its own"),
    "it is slow": never,
    "it fails": httpx.Response(500, text="<html>"),
    "it is busy": httpx.Response(429, json={}),
    "it redirects": httpx.Response(302, headers={"Location": "https://elsewhere.example"}),
    "it answers a page": httpx.Response(200, text="<html>"),
    "it answers a list": httpx.Response(200, json=[]),
    "it pours": httpx.Response(200, content=b" " * (256 * 1024 + 1)),
    "it is not there": httpx.Response(404, json={"error": "none"}),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/keys", "/token"])
@pytest.mark.parametrize("why", AWAY)
async def test_a_provider_that_does_not_answer_is_said_and_asked_again(
    set_up: Callable[..., House], why: str, path: str
) -> None:
    house = set_up(settings(timeout_s=0.2 if AWAY[why] is never else 5.0))
    house.provider.answers = {path: AWAY[why]}
    if path == DISCOVERY:
        answer = await house.http.get(BEGIN)
    else:
        answer = await house.sign_in()
    no = path == "/token" and why in ("it redirects", "it is not there")
    text = refused(house, answer, 403 if no else 503)
    assert "a word of its own" not in text
    house.provider.answers = {}
    assert (await house.sign_in()).status_code == 303


@pytest.mark.parametrize(
    "told",
    [
        {"issuer": f"{ISSUER}/"},
        {"issuer": "https://other.test"},
        {"token_endpoint": "http://login.test/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_configuration_of_somebody_else_or_in_clear_is_none(
    set_up: Callable[..., House], told: dict[str, Any]
) -> None:
    house = set_up()
    house.provider.configuration = told
    refused(house, await house.http.get(BEGIN), 503)


async def test_the_secret_goes_into_the_body_where_the_provider_takes_it_there_alone(
    set_up: Callable[..., House],
) -> None:
    house = set_up()
    house.provider.configuration = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await house.sign_in()).status_code == 303


async def test_codes_are_not_guessed_without_end(set_up: Callable[..., House]) -> None:
    house = set_up(auth_failures_burst=2, auth_failures_per_s=0.001)
    for _ in range(2):
        address = await house.begin()
        refused(house, await house.back(code="guess", state=state_of(address)), 403)
    address = await house.begin()
    refused(house, await house.back(code="guess", state=state_of(address)), 429)
    assert house.provider.asked.count("/token") == 2


async def test_without_a_provider_nobody_signs_in_there() -> None:
    async with browser() as http:
        for path in (BEGIN, CALLBACK):
            assert (await http.get(path)).status_code == 404
        assert (await http.get("/ops/v1/session")).json() == {"me": None, "provider": None}


def test_a_person_is_shown_by_a_name_and_known_by_the_subject() -> None:
    def shown(**claims: Any) -> str:
        person = person_of(ISSUER, {"sub": "person-1", **claims})
        assert person is not None
        return person.shown

    assert shown(email="ada@example.com", name="Ada") == "ada@example.com"
    assert shown(email="ada@example.com", name="Ada", email_verified=False) == "Ada"
    assert shown(preferred_username="ada\n\x1b[31m") == "ada[31m"
    assert shown(name="()") == shown() == "person-1"
    assert shown(name=f"ada ({ISSUER} person-2)") == f"ada {ISSUER} person-2"
    assert len(shown(name="a" * 300)) == 64
    who = Operator(f"{ISSUER} person-1", "ada", OperatorRole.ADMIN, is_person=True)
    assert who.recorded == f"ada ({ISSUER} person-1)"
    assert Operator("01J", "ada", OperatorRole.ADMIN).recorded == "ada"


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"client_id": ""}, "LOOKS_OPS_OIDC_CLIENT_ID"),
        ({"client_secret": SecretStr("")}, "LOOKS_OPS_OIDC_CLIENT_SECRET"),
        ({"public_url": ""}, "LOOKS_OPS_OIDC_PUBLIC_URL"),
        ({"roles": {}}, "LOOKS_OPS_OIDC_ROLES"),
        ({"issuer": "http://login.test"}, "LOOKS_OPS_OIDC_ISSUER must begin with https://"),
        ({"issuer": "https://login.test?x=1"}, "LOOKS_OPS_OIDC_ISSUER must not hold a query"),
        ({"public_url": "http://ops.test"}, "LOOKS_OPS_OIDC_PUBLIC_URL must begin with https://"),
        ({"public_url": "https://ops.test/"}, "LOOKS_OPS_OIDC_PUBLIC_URL must hold no path"),
        ({"scopes": "profile"}, "LOOKS_OPS_OIDC_SCOPES must hold openid"),
        ({"roles": {"looks": "root"}}, "roles"),
    ],
)
def test_settings_that_are_incomplete_or_in_clear_are_refused(
    told: dict[str, Any], named: str
) -> None:
    with pytest.raises(ValidationError, match=named) as raised:
        settings(**told)
    assert CLIENT_SECRET not in str(raised.value)


def test_roles_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "ISSUER": "http://127.0.0.1:9/realm",
        "CLIENT_ID": "looks",
        "CLIENT_SECRET": "s",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "ROLES": '{"cn=admins,ou=looks": "admin"}',
    }.items():
        monkeypatch.setenv(f"LOOKS_OPS_OIDC_{name}", text)
    read = OidcSettings()
    assert read.roles == {"cn=admins,ou=looks": OperatorRole.ADMIN}
    assert (read.called, read.is_secure) == ("127.0.0.1", False)
    assert read.redirect_url == "http://127.0.0.1:8000/ops/v1/sign-in/callback"
