"""Operators' gates: each role and each stranger at every route of /ops, read from the routes."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import httpx
import pytest
from fastapi.routing import APIRoute

from api.app import create_app
from api.console.routes import static_files
from api.ops.app import create_ops
from api.ops.console import ops_files
from api.ops.gates import RULE, OpsRoute
from api.ops.ports import OpsPorts
from domain.api_keys import make_key
from domain.operators import (
    SESSION_PREFIX,
    Operator,
    OperatorRole,
    is_operator_key,
    make_operator_key,
)
from domain.sessions import make_token
from runtime.settings import ApiSettings, DatabaseSettings
from storage.operators import OperatorStore
from tests.unit.api.fakes import make_ports

ROLES = list(OperatorRole)
AT_A_PROVIDER = {"/ops/v1/sign-in", "/ops/v1/sign-in/callback"}
"""Where people sign in, if one is set up; without it there is nothing."""
ORIGIN = "http://api.test"


def first(text: str) -> str:
    return text[0]


def nth(at: int) -> Callable[[str], str]:
    return lambda text: text[at]


KEYS = {role: make_operator_key(nth(at)) for at, role in enumerate(ROLES)}
TENANTS_KEYS = [make_key(environment, first) for environment in ("live", "test")]
TOKENS = {role: make_token(nth(at), SESSION_PREFIX) for at, role in enumerate(ROLES)}


class FakeOperators(OperatorStore):
    """One key and one sign-in of each role."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def operator(self, key: str) -> Operator | None:
        return next((Operator(f"k-{r}", r, r) for r in ROLES if KEYS[r] == key), None)

    async def signed_in(self, token: str) -> Operator | None:
        found = next((r for r in ROLES if TOKENS[r] == token), None)
        return None if found is None else Operator(f"k-{found}", found, found, f"s-{found}")

    async def begin(self, key_id: str, agent: str) -> tuple[str, str]:
        return "s-new", TOKENS[OperatorRole.VIEWER]

    async def end(self, key_id: str, session_id: str) -> bool:
        self.ended.append(session_id)
        return True


@dataclass
class Ops:
    http: httpx.AsyncClient
    operators: FakeOperators


OPS = create_ops(
    OpsPorts(
        operators=FakeOperators(),
        accounts=cast(Any, None),  # whoever is let in comes to nothing, and that is told apart
        views=cast(Any, None),
        desk=cast(Any, None),
        watch=cast(Any, None),
        audits=cast(Any, None),
        api=ApiSettings(auth_failures_burst=10_000),
        database=cast(DatabaseSettings, None),
    )
)
ROUTES = [route for route in OPS.routes if isinstance(route, APIRoute)]
GATED = [
    (method, route.path, str((route.openapi_extra or {})[RULE]))
    for route in ROUTES
    if route.path.startswith("/ops/v1/")
    for method in sorted(route.methods or ())
]


@pytest.fixture
async def ops() -> AsyncIterator[Ops]:
    ports, *_ = make_ports(max_body_bytes=64 * 1024)
    operators = FakeOperators()
    OPS.state.ports.operators.ended = operators.ended
    app = create_app(ports, lambda: OPS)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        yield Ops(http, operators)


def test_every_route_has_a_rule_and_nothing_but_the_pages_is_without_a_gate() -> None:
    assert {route.path for route in ROUTES if not isinstance(route, OpsRoute)} == {
        "/ops",
        "/ops/{path:path}",
    }
    assert len(GATED) > 15
    assert {path for _, path, rule in GATED if rule == "none"} == {
        "/ops/v1/session",
        *AT_A_PROVIDER,
    }
    changing = {(method, path): rule for method, path, rule in GATED if method != "GET"}
    assert "viewer" not in {
        rule for (_, path), rule in changing.items() if path != "/ops/v1/session"
    }


def asked(method: str, path: str) -> tuple[str, str, dict[str, Any]]:
    filled = path.replace("{tenant_id}", "acme").replace("{key_id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    filled = filled.replace("{request_id}", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    # A body that no route takes: whoever is let in is told so, and nothing is done
    return method, filled, {"json": {"nothing": 1}} if method == "POST" else {}


def strangers() -> Iterator[tuple[str, dict[str, str]]]:
    yield "nobody", {}
    yield "a tenant's key", {"Authorization": f"Bearer {TENANTS_KEYS[0]}"}
    yield "a tenant's test key", {"Authorization": f"Bearer {TENANTS_KEYS[1]}"}
    yield "a tenant's session", {"Cookie": f"looks_session={make_token(first)}"}
    yield "a tenant's token by our name", {"Cookie": f"looks_ops_session={make_token(first)}"}
    yield "an unknown operator", {"Authorization": f"Bearer {make_operator_key(nth(9))}"}
    yield (
        "a sign-in that ended",
        {
            "Cookie": f"looks_ops_session={make_token(nth(9), SESSION_PREFIX)}",
            "Origin": ORIGIN,
        },
    )


@pytest.mark.parametrize(("method", "path", "rule"), GATED)
async def test_each_role_and_each_stranger_at_every_route(
    ops: Ops, method: str, path: str, rule: str
) -> None:
    verb, url, more = asked(method, path)
    if path in AT_A_PROVIDER:  # who comes by these: tests/unit/api/test_sign_in.py
        assert (await ops.http.get(url)).status_code == 404
        return
    if rule == "none":
        return await _open(ops, verb, url)
    for name, headers in strangers():
        answer = await ops.http.request(verb, url, headers=headers, **more)
        assert answer.status_code in {401, 403}, name
        assert answer.json()["error"]["code"] in {"UNAUTHENTICATED", "ORIGIN_REFUSED"}, name
    for role in ROLES:
        for way in (
            {"Authorization": f"Bearer {KEYS[role]}"},
            {"Cookie": f"looks_ops_session={TOKENS[role]}", "Origin": ORIGIN},
        ):
            answer = await ops.http.request(verb, url, headers=way, **more)
            refused = answer.status_code in {401, 403}
            assert refused != role.may(OperatorRole(rule)), (role, way, answer.text)
            if refused:
                assert answer.json()["error"]["code"] == "CAPABILITY_MISSING"
    foreign = {
        "Cookie": f"looks_ops_session={TOKENS[OperatorRole.ADMIN]}",
        "Origin": "https://elsewhere.example",
    }
    answer = await ops.http.request(verb, url, headers=foreign, **more)
    assert answer.json()["error"]["code"] == "ORIGIN_REFUSED"


async def _open(ops: Ops, verb: str, url: str) -> None:
    """The sign-in's own route: open to who has an operator's key to give, not to other sites' pages
    nor to tenants, whose keys are none here, in the body or beside it.
    """
    for key in (*KEYS.values(), *TENANTS_KEYS, make_operator_key(nth(9)), ""):
        known = key in KEYS.values()
        body: dict[str, Any] = {"json": {"key": key}} if verb == "POST" else {}
        answer = await ops.http.request(verb, url, **body)
        ops.http.cookies.clear()
        if verb == "GET":
            assert (answer.status_code, answer.json()["me"]) == (200, None)
        elif known:
            assert answer.status_code == 201
        else:
            assert answer.status_code in {401, 422}, key
            assert "set-cookie" not in answer.headers
    for _, headers in strangers():
        body = {"json": {"key": TENANTS_KEYS[0]}} if verb == "POST" else {}
        answer = await ops.http.request(verb, url, headers=headers, **body)
        assert "set-cookie" not in answer.headers
        if verb == "POST":
            assert answer.status_code == 401
        else:
            assert answer.status_code == 403 or answer.json()["me"] is None
    good = {"json": {"key": KEYS[OperatorRole.VIEWER]}} if verb == "POST" else {}
    abroad: dict[str, Any] = {"headers": {"Origin": "https://elsewhere.example"}, **good}
    foreign = await ops.http.request(verb, url, **abroad)
    assert foreign.status_code == 403


async def test_a_sign_in_gives_a_cookie_that_no_script_reads_and_ends_the_one_before(
    ops: Ops,
) -> None:
    before = {"Cookie": f"looks_ops_session={TOKENS[OperatorRole.ADMIN]}"}
    body = {"key": KEYS[OperatorRole.VIEWER]}
    answer = await ops.http.post("/ops/v1/session", json=body, headers=before)
    assert answer.json() == {"key_id": "k-viewer", "name": "viewer", "role": "viewer"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"looks_ops_session={TOKENS[OperatorRole.VIEWER]}; Path=/; HttpOnly")
    assert "SameSite=Strict" in cookie
    assert ops.operators.ended == ["s-admin"]
    ops.http.cookies.clear()
    secure = await ops.http.post(
        "/ops/v1/session", json=body, headers={"Origin": "https://api.test"}
    )
    assert secure.headers["set-cookie"].startswith("__Host-looks_ops_session=")
    assert "; Secure" in secure.headers["set-cookie"]


async def test_an_operators_key_opens_nothing_of_the_tenants(ops: Ops) -> None:
    for path in ("/v1/me", "/v1/jobs", "/v1/credits"):
        headers = {"Authorization": f"Bearer {KEYS[OperatorRole.ADMIN]}"}
        assert (await ops.http.get(path, headers=headers)).status_code == 401
        cookie = {"Cookie": f"looks_ops_session={TOKENS[OperatorRole.ADMIN]}"}
        assert (await ops.http.get(path, headers=cookie)).status_code == 401


async def test_a_key_in_the_address_is_refused_even_where_it_works(ops: Ops) -> None:
    key = KEYS[OperatorRole.ADMIN]
    headers = {"Authorization": f"Bearer {key}"}
    answer = await ops.http.get(f"/ops/v1/audits?key={key}", headers=headers)
    assert answer.status_code == 401


async def test_the_documents_are_apart(ops: Ops) -> None:
    theirs, ours = [
        (await ops.http.get(path)).json()["paths"]
        for path in ("/openapi.json", "/ops/openapi.json")
    ]
    assert [path for path in theirs if path.startswith("/ops")] == []
    assert {path for path in ours if not path.startswith("/ops/v1/")} == set()
    assert {(method.upper(), path) for path, one in ours.items() for method in one} == {
        (method, path) for method, path, _ in GATED
    }


async def test_where_it_is_not_served_there_is_nothing() -> None:
    ports, *_ = make_ports(max_body_bytes=64 * 1024)
    transport = httpx.ASGITransport(app=create_app(ports))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        for path in ("/ops", "/ops/v1/audits", "/ops/openapi.json"):
            assert (await http.get(path)).status_code == 404


async def test_the_page_loads_its_own_files_alone_and_each_is_there(ops: Ops) -> None:
    page = await ops.http.get("/ops")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
        "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    for name in ops_files():
        assert (await ops.http.get(f"/ops/{name}")).status_code == 200, name
    texts = {name: one.content.decode() for name, one in ops_files().items()}
    for name, text in texts.items():
        assert set(re.findall(r'(?:from |import\()"\./([^"]+)"', text)) <= set(texts), name
        assert set(re.findall(r'"/console/([^"]+)"', text)) <= set(static_files()), name
    for wrong in ("/ops/..%2fapp.py", "/ops/none.js", "/opsx"):
        assert (await ops.http.get(wrong)).status_code == 404, wrong


def test_a_key_is_known_by_its_digits() -> None:
    key = KEYS[OperatorRole.VIEWER]
    assert is_operator_key(key)
    assert not is_operator_key(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert not is_operator_key(make_key("live", first))
    assert [a.may(b) for a in ROLES for b in ROLES] == [
        True, False, False, True, True, False, True, True, True,
    ]  # fmt: skip
