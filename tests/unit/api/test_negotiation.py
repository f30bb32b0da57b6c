"""`Accept` and HEAD as RFC 9110 has them: what a client rules out it is not sent, and HEAD is GET
without the content.
"""

import httpx
import pytest

from api.negotiation import accepts
from schemas.ids import new_request_id
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import a_job
from tests.unit.api.test_looks import GOOD

JSON, EVENTS = "application/json", "text/event-stream"


@pytest.mark.parametrize(
    "accept",
    [
        "", "*/*", "application/*", "application/json", "APPLICATION/JSON", "text/html, */*;q=0.1",
        "application/json; q=0.001",
        "text/html;q=0.9 , application/json ; charset=utf-8", "text/*;q=0, application/json",
        "*/*;q=0, application/json;q=1.000",
    ],
)  # fmt: skip
def test_what_covers_json_takes_it(accept: str) -> None:
    assert accepts(accept, JSON)


@pytest.mark.parametrize(
    "accept",
    [
        "text/html", "application/json;q=0", "application/json;q=0.000, */*", "*/*;q=0",
        "application/*;q=0, */*;q=1",
        "application/jsonx", "json", ",", "application/json;q=2", "application/json;q=-1",
        "application/problem+json",
    ],
)  # fmt: skip
def test_what_does_not_cover_json_rules_it_out(accept: str) -> None:
    assert not accepts(accept, JSON)


async def refused(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.headers["content-type"]) == (406, JSON)
    assert answer.json()["error"]["code"] == "NOT_ACCEPTABLE"
    return str(answer.json()["error"]["message"])


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml;q=0.9, image/*", "application/json;q=0, */*"]
)
async def test_a_client_that_takes_no_json_is_told_so_in_json_and_charged_nothing(
    api: Api, accept: str
) -> None:
    for method, path in (
        ("POST", "/v1/look"),
        ("GET", "/v1/credits"),
        ("POST", "/v1/uploads"),
        ("GET", "/v1/jobs/x"),
    ):
        body = GOOD if path == "/v1/look" else None
        message = await refused(
            await api.http.request(method, path, json=body, headers=api.headers(Accept=accept))
        )
        assert JSON in message
    assert api.acceptance.accepted == []
    assert api.uploads.objects == {}


async def test_of_two_accept_headers_either_will_do(api: Api) -> None:
    headers = [*api.headers().items(), ("Accept", "text/html"), ("Accept", "application/*")]
    answer = await api.http.get("/v1/credits", headers=httpx.Headers(headers))
    assert answer.status_code == 200


async def test_a_stream_is_for_who_takes_server_sent_events(api: Api) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    api.jobs.say(request_id, "succeeded")
    path = f"/v1/jobs/{request_id}/events/stream"
    assert EVENTS in await refused(await api.http.get(path, headers=api.headers(Accept=JSON)))
    for accept in (EVENTS, "text/*", "*/*"):
        answer = await api.http.get(path, headers=api.headers(Accept=accept))
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
            200,
            EVENTS,
        )


async def test_errors_and_answers_without_content_are_given_to_everybody(api: Api) -> None:
    answer = await api.http.get("/v1/credits", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    made = await api.http.post(
        "/v1/webhooks", json={"url": "https://hooks.example/a"}, headers=api.headers()
    )
    gone = await api.http.delete(made.headers["location"], headers=api.headers(Accept="text/html"))
    assert gone.status_code == 204


async def test_head_is_get_without_the_content(api: Api) -> None:
    for path in ("/v1/credits", "/v1/operations", "/v1/jobs/x", "/openapi.json"):
        got, head = [
            await api.http.request(method, path, headers=api.headers())
            for method in ("GET", "HEAD")
        ]
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers["content-type"] == got.headers["content-type"]


async def test_head_of_a_stream_ends_at_once(api: Api) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    answer = await api.http.head(
        f"/v1/jobs/{request_id}/events/stream", headers=api.headers(), timeout=5
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith(EVENTS)


async def test_head_where_there_is_no_get_and_options_are_told_what_there_is(api: Api) -> None:
    for method in ("HEAD", "OPTIONS"):
        answer = await api.http.request(method, "/v1/look", headers=api.headers())
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    answer = await api.http.options("/v1/webhooks", headers=api.headers())
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
