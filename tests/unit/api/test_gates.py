"""What every request passes first: its key, its rate, the size and the pace of its body."""

import secrets
from collections.abc import AsyncIterator

import httpx
import pytest

from api.app import create_app
from domain.api_keys import make_key
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import make_ports
from tests.unit.api.test_looks import GOOD


def spoiled(key: str) -> str:
    return key[:-1] + ("A" if key[-1] != "A" else "B")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic abc",
        "Bearer nonsense",
        "Bearer sk_live_short",
        "Bearer " + "x" * 8000,
        "Bearer schlüssel",
    ],
)
async def test_a_request_without_a_valid_key_is_unauthenticated(
    api: Api, header: str | None
) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode())]
    answer = await api.http.post("/v1/look", json=GOOD, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.hostile(row=13)
@pytest.mark.parametrize("query", ["api_key={key}", "limit=1&key=Bearer%20{key}", "x={quoted}"])
async def test_a_key_in_the_query_is_none_and_spoils_the_one_in_the_header(
    api: Api, query: str
) -> None:
    path = "/v1/jobs?" + query.format(key=api.key, quoted=api.key.replace("_", "%5F"))
    for headers in ({}, api.headers()):
        assert (await api.http.get(path, headers=headers)).status_code == 401


@pytest.mark.hostile(row=13)
async def test_two_keys_at_once_are_none(api: Api) -> None:
    headers = [("Authorization", f"Bearer {api.key}")] * 2
    assert (await api.http.post("/v1/look", json=GOOD, headers=headers)).status_code == 401


@pytest.mark.parametrize("written", ["Bearer  {key}", "bearer {key} ", "BEARER \t{key}"])
async def test_blanks_around_a_key_are_no_part_of_it(api: Api, written: str) -> None:
    headers = {"Authorization": written.format(key=api.key)}
    assert (await api.http.get("/v1/credits", headers=headers)).status_code == 200


async def test_unknown_and_misspelt_keys_look_the_same(api: Api) -> None:
    answers = [
        await api.http.get("/v1/credits", headers={"Authorization": f"Bearer {key}"})
        for key in (spoiled(api.key), make_key("live", secrets.choice))
    ]
    bodies = [answer.json()["error"] for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert bodies[0]["message"] == bodies[1]["message"]


async def test_an_unknown_caller_is_refused_before_the_body_is_read(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await api.http.post(
        "/v1/look", content=body(), headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 401


async def test_a_chunked_body_is_counted_as_it_comes(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 1024

    answer = await api.http.post(
        "/v1/look", content=body(), headers=api.headers(**{"Content-Type": "application/json"})
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")


async def test_a_body_that_never_ends_is_given_up() -> None:
    ports, accounts, acceptance, _ = make_ports(body_timeout_s=0.05)
    key = grant_key(accounts, "abc")

    async def receive() -> dict[str, object]:
        import asyncio  # noqa: PLC0415 (used here only)

        await asyncio.Event().wait()
        return {}

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/v1/look",
        "raw_path": b"/v1/look",
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("api.test", 80),
        "client": ("127.0.0.1", 1),
        "headers": [(b"authorization", f"Bearer {key}".encode()),
        (b"content-type", b"application/json")],
    }  # fmt: skip
    await create_app(ports)(scope, receive, send)  # type: ignore[arg-type]  # plain dicts stand for ASGI messages
    assert sent[0]["status"] == 408
    assert acceptance.accepted == []


async def test_a_key_over_its_rate_is_told_when_to_come_back() -> None:
    ports, accounts, _, _ = make_ports(read_rate_per_s=0.5, read_rate_burst=3)
    key, another = grant_key(accounts, "abc"), grant_key(accounts, "abc")
    transport = httpx.ASGITransport(app=create_app(ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        answers = [
            await http.get("/v1/credits", headers={"Authorization": f"Bearer {key}"})
            for _ in range(4)
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[3].json()["error"]["code"] == "RATE_LIMITED"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 2
        assert answers[0].headers["ratelimit"] == '"key-reads";r=2;t=0'
        assert (
            await http.get("/v1/credits", headers={"Authorization": f"Bearer {another}"})
        ).status_code == 200


async def test_a_revoked_key_stops_working_when_the_cache_is_over() -> None:
    ports, accounts, _, _ = make_ports(key_cache_ttl_s=1e-9)
    key = grant_key(accounts, "abc")
    transport = httpx.ASGITransport(app=create_app(ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        headers = {"Authorization": f"Bearer {key}"}
        assert (await http.get("/v1/credits", headers=headers)).status_code == 200
        del accounts.credentials[key]
        assert (await http.get("/v1/credits", headers=headers)).status_code == 401
