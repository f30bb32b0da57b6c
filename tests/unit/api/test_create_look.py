"""`POST /v1/look` below the framework: its messages, its headers, its one token, its place in the
document.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from schemas.http import LookRequest
from tests.unit.api.conftest import Api, grant_key, grant_older_key
from tests.unit.api.fakes import make_ports
from tests.unit.api.test_looks import GOOD

Message = dict[str, Any]


def scope(key: str, *more: tuple[bytes, bytes], query: bytes = b"") -> dict[str, Any]:
    """A request as a server hands it over, without what a server may leave out."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
        "path": "/v1/look", "raw_path": b"/v1/look", "query_string": query, "scheme": "http",
        "headers": [
            (b"authorization", f"Bearer {key}".encode()),
            (b"content-type", b"application/json"),
            *more,
        ],
    }  # fmt: skip


async def served(app: Any, asked: dict[str, Any], messages: Iterable[Message]) -> list[Message]:
    """What the app sends. It may ask for no more than these messages."""
    coming, sent = iter(messages), list[Message]()

    async def receive() -> Message:
        return next(coming)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(asked, receive, send)
    return sent


def piece(body: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_that_comes_in_pieces_is_read_to_its_end() -> None:
    ports, accounts, acceptance, _ = make_ports()
    body = json.dumps(GOOD).encode()
    pieces = [piece(body[:9], more=True), piece(b"", more=True), piece(body[9:])]
    sent = await served(create_app(ports), scope(grant_key(accounts, "abc")), pieces)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[0]["status"] == 202
    assert [one.request_id for one in acceptance.accepted] == [
        json.loads(sent[1]["body"])["request_id"]
    ]


async def test_a_client_that_goes_away_before_its_body_is_sent_nothing_and_charged_nothing() -> (
    None
):
    ports, accounts, acceptance, _ = make_ports()
    messages = [piece(b'{"items"', more=True), {"type": "http.disconnect"}]
    assert await served(create_app(ports), scope(grant_key(accounts, "abc")), messages) == []
    assert acceptance.accepted == []


async def test_every_header_of_the_answer_is_there_once(api: Api) -> None:
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    names = [name.lower().decode() for name, _ in answer.headers.raw]
    assert sorted(names) == [
        "content-length", "content-type", "location", "ratelimit", "ratelimit-policy",
        "retry-after", "x-request-id",
    ]  # fmt: skip
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] != answer.json()["request_id"]


@pytest.mark.parametrize(
    ("body", "balance", "status"),
    [
        (GOOD, 100, 202),
        (GOOD, 0, 402),
        ({}, 100, 422),
        ({**GOOD, "runtime_config": {"width": 1}}, 100, 422),
    ],
)
async def test_a_request_takes_one_token_whatever_becomes_of_it(
    body: Any, balance: int, status: int
) -> None:
    ports, accounts, _, _ = make_ports(rate_per_s=0.001, rate_burst=10)
    key = grant_key(accounts, "abc")
    accounts.balances["abc", "live"] = balance
    transport = httpx.ASGITransport(app=create_app(ports))
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        headers = {"Authorization": f"Bearer {key}"}
        answers = [await http.post("/v1/look", json=body, headers=headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status] * 3
    assert [answer.headers["ratelimit"] for answer in answers] == [
        f'"key-writes";r={left};t=0' for left in (9, 8, 7)
    ]


@pytest.mark.parametrize(
    ("raw", "place", "kind"),
    [
        (b"", ["body"], "missing"),
        (b"null", ["body"], "model_attributes_type"),
        (b"7", ["body"], "model_attributes_type"),
        (b'{"items": [7]}', ["body", "items", 0], "model_attributes_type"),
        (b'{"items": []}', ["body", "items"], "too_short"),
    ],
)
async def test_what_is_wrong_is_called_what_it_is_called_on_every_route(
    api: Api, raw: bytes, place: list[str | int], kind: str
) -> None:
    headers = api.headers(**{"Content-Type": "application/json"})
    told = [
        (await api.http.post(path, content=raw, headers=headers)).json()["detail"]
        for path in ("/v1/look", "/v1/look/validate")
    ]
    assert told[0] == told[1]
    assert [(one["loc"], one["type"]) for one in told[0]] == [(place, kind)]


async def test_a_query_is_no_part_of_a_look_and_may_not_repeat_itself(api: Api) -> None:
    older = {"Authorization": f"Bearer {grant_older_key(api)}"}
    once = await api.http.post("/v1/look?x=1&y=2", json=GOOD, headers=older)
    twice = await api.http.post("/v1/look?x=1&x=1", json=GOOD, headers=older)
    assert (once.status_code, twice.status_code) == (202, 422)
    assert twice.json()["detail"][0]["loc"] == ["query", "x"]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
async def test_another_method_is_told_the_one_there_is(api: Api, method: str) -> None:
    answer = await api.http.request(method, "/v1/look", headers=api.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_error_of_ours_is_answered_and_raised(api: Api) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test

    class Broken:
        async def accept(self, submission: object) -> None:
            raise RuntimeError("a bug")

    app.state.ports = replace(app.state.ports, acceptance=Broken())
    answer = await api.http.post("/v1/look", json=GOOD, headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL")
    with pytest.raises(RuntimeError, match="a bug"):
        await served(app, scope(api.key), [piece(json.dumps(GOOD).encode())])


def test_the_document_has_the_models_that_are_validated() -> None:
    ports, *_ = make_ports()
    document = create_app(ports).openapi()
    operation = document["paths"]["/v1/look"]["post"]
    assert operation["requestBody"]["required"]
    wanted = LookRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    shown = document["components"]["schemas"]["LookRequest"]
    assert set(shown["properties"]) == set(wanted["properties"])
    assert [one["name"] for one in operation["parameters"]] == ["wait", "Idempotency-Key"]
    assert set(operation["responses"]) == {
        "200", "202", "401", "402", "403", "406", "408", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip
