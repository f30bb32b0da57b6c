"""`looks_client` without a service: what it sends, what it sends again, what answers become."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from looks_client import (
    APIError,
    AsyncLooks,
    AuthenticationError,
    ConnectionFailed,
    InvalidRequest,
    Looks,
    RateLimited,
    Retries,
    ServerError,
    TrialItemInput,
    WaitTimeout,
    look_request,
)
from looks_client.errors import error_of
from looks_client.models import JobStatus

AT_ONCE = Retries(first_s=0.0)
ACCEPTED = {"request_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "credits_cost": 10}
Answer = httpx.Response | httpx.TransportError


class Service:
    """Answers in turn, the last one for ever; remembers what was asked."""

    def __init__(self, *answers: Answer | Callable[[httpx.Request], Answer]) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        made = answer(request) if callable(answer) else answer
        if isinstance(made, httpx.TransportError):
            raise made
        return httpx.Response(made.status_code, headers=made.headers, content=made.content)

    def looks(self, **more: Any) -> Looks:
        transport = httpx.MockTransport(self)
        return Looks("sk", "http://looks", retries=AT_ONCE, transport=transport, **more)


def answer(body: object, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, json=body, headers=named)


def problem(status: int, code: str, **more: Any) -> httpx.Response:
    said = {"code": code, "message": "no", "request_id": "01ARZ3NDEKTSV4RRFFQ69G5FAX"}
    return answer({"error": said, **more.pop("body", {})}, status, **more)


def event(seq: int, event_type: str = "stage") -> dict[str, Any]:
    return {
        "event_id": f"e{seq}",
        "seq": seq,
        "event_type": event_type,
        "stage": None,
        "message": "m",
        "artifacts": [],
        "extra": {},
        "created_at": "2026-01-02T03:04:05Z",
    }


def stream(*parts: dict[str, Any] | str) -> httpx.Response:
    lines = [
        one
        if isinstance(one, str)
        else f"id: {one['seq']}\nevent: {one['event_type']}\ndata: {json.dumps(one)}\n\n"
        for one in parts
    ]
    return httpx.Response(200, text="".join([": hello\nretry: 3000\n", *lines]))


def test_a_look_is_sent_again_under_the_same_key_until_it_is_accepted() -> None:
    service = Service(
        httpx.ReadTimeout("slow"),
        problem(503, "UNAVAILABLE", retry_after="0"),
        problem(409, "IDEMPOTENCY_IN_PROGRESS", retry_after="0"),
        answer(ACCEPTED, 202),
    )
    with service.looks() as looks:
        look = looks.create_look(
            [("users/abc/a.jpg", "top"), TrialItemInput(trial_image="k", trial_item_category="c")],
            user_category="FEMALE",
            metadata={"sku": "1"},
        )
    assert (look.request_id, look.status) == (ACCEPTED["request_id"], JobStatus.NOT_STARTED)
    keys = {request.headers["idempotency-key"] for request in service.asked}
    assert (len(service.asked), len(keys)) == (4, 1)
    assert len({request.content for request in service.asked}) == 1
    assert json.loads(service.asked[0].content) == {
        "items": [
            {"trial_image": "users/abc/a.jpg", "trial_item_category": "top"},
            {"trial_image": "k", "trial_item_category": "c"},
        ],
        "user_category": "FEMALE",
        "metadata": {"sku": "1"},
    }
    assert service.asked[0].headers["authorization"] == "Bearer sk"


def test_a_photo_is_sent_again_whole_from_wherever_it_came(tmp_path: Path) -> None:
    (tmp_path / "tee.jpg").write_bytes(b"a photo")
    for photo in (tmp_path / "tee.jpg", str(tmp_path / "tee.jpg"), b"a photo", BytesIO(b"a photo")):
        done = answer({"upload_key": "k", "image_url": "u"}, 201)
        service = Service(httpx.WriteError("cut"), done)
        with service.looks() as looks:
            assert looks.upload(photo).upload_key == "k"
        assert [b"a photo" in request.content for request in service.asked] == [True, True]
        assert len({request.headers["idempotency-key"] for request in service.asked}) == 1


def test_what_would_be_done_twice_is_not_sent_twice_unless_nothing_was_done() -> None:
    for lost in (httpx.ReadTimeout("lost"), httpx.RemoteProtocolError("cut")):
        service = Service(lost)
        with service.looks() as looks, pytest.raises(ConnectionFailed):
            looks.create_webhook("https://example.com/hook")
        assert len(service.asked) == 1
    service = Service(problem(503, "UNAVAILABLE"))
    with service.looks() as looks, pytest.raises(ServerError):
        looks.redeliver("w", "d")
    assert len(service.asked) == 1
    for refused in (problem(429, "RATE_LIMITED", retry_after="0"), httpx.ConnectError("no")):
        service = Service(refused, httpx.Response(204))
        with service.looks() as looks:
            looks.delete_webhook("w")
        assert len(service.asked) == 2


def test_it_gives_up_and_says_the_key_to_go_on_with() -> None:
    service = Service(httpx.ReadTimeout("slow"))
    with service.looks() as looks, pytest.raises(ConnectionFailed) as failed:
        looks.create_look([("a", "top")], idempotency_key="mine")
    assert (len(service.asked), failed.value.idempotency_key) == (AT_ONCE.attempts, "mine")
    service = Service(problem(429, "RATE_LIMITED", retry_after="61"))
    with service.looks() as looks, pytest.raises(RateLimited) as limited:
        looks.create_look([("a", "top")])
    assert (len(service.asked), limited.value.retry_after_s) == (1, 61.0)
    sent = service.asked[0].headers["idempotency-key"]
    assert limited.value.idempotency_key == sent


def test_pauses_double_up_to_a_limit_and_what_is_asked_for_is_waited() -> None:
    retries = Retries(first_s=1.0, most_s=8.0, jitter=lambda: 1.0, attempts=9)
    assert [retries.pause_s(attempt) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert Retries(jitter=lambda: 0.0).pause_s(3) == 0
    asked = error_of(503, {"retry-after": "7"}, b"{}")
    assert retries.after_answer(asked, 1, repeatable=True) == 8.0
    assert retries.after_answer(asked, 1, repeatable=False) is None
    assert retries.after_answer(asked, 9, repeatable=True) is None
    for status in (400, 401, 402, 403, 404, 413, 422):
        assert retries.after_answer(error_of(status, {}, b""), 1, repeatable=True) is None


def test_errors_carry_code_field_and_the_exchange_s_id() -> None:
    detail = [{"loc": ["body", "items", 0, "trial_image"], "msg": "m", "type": "t"}]
    service = Service(problem(422, "VALIDATION_ERROR", body={"detail": detail}))
    with service.looks() as looks, pytest.raises(InvalidRequest) as refused:
        looks.create_look([("a", "top")])
    assert (refused.value.status, refused.value.code) == (422, "VALIDATION_ERROR")
    assert refused.value.field == "body.items.0.trial_image"
    assert refused.value.request_id in str(refused.value)
    between = httpx.Response(502, text="<html>a proxy</html>", headers={"x-request-id": "p"})
    error = error_of(between.status_code, between.headers, between.content)
    assert (type(error), error.code, error.request_id) == (ServerError, "UNREADABLE_ANSWER", "p")
    later = error_of(401, {}, problem(401, "A_CODE_OF_TOMORROW").content)
    assert (type(later), later.code) == (AuthenticationError, "A_CODE_OF_TOMORROW")
    assert isinstance(later, APIError)


def test_what_a_later_service_adds_is_kept_and_a_misspelt_field_is_named() -> None:
    service = Service(answer({**ACCEPTED, "status": "PAUSED", "later": 1}, 202))
    with service.looks() as looks:
        look = looks.create_look([("a", "top")])
        assert (look.status, look.model_extra) == ("PAUSED", {"later": 1})
        with pytest.raises(ValidationError, match="user_categry"):
            looks.create_look([("a", "top")], user_categry="MALE")  # type: ignore[call-arg]  # as a reader may misspell it
    with pytest.raises(ValidationError, match="metadat"):
        look_request([("a", "top")], metadat={})  # type: ignore[call-arg]  # as a reader may misspell it
    service = Service(answer({"unlike": "a look"}, 202))
    with service.looks() as looks, pytest.raises(ConnectionFailed, match="request_id"):
        looks.create_look([("a", "top")])


def test_pages_are_gone_through_to_the_last() -> None:
    def page(request: httpx.Request) -> Answer:
        cursor = request.url.params.get("cursor", "0")
        after = None if cursor == "2" else str(int(cursor) + 1)
        entry = {"id": int(cursor), "request_id": None, "kind": "grant", "amount": 1}
        entry["created_at"] = "2026-01-02T03:04:05Z"
        return answer({"balance": 3, "entries": [entry], "next_cursor": after})

    service = Service(page)
    with service.looks() as looks:
        assert [one.id for one in looks.ledger()] == [0, 1, 2]
        since = datetime(2026, 1, 2, tzinfo=UTC)
        empty: dict[str, Any] = {"items": [], "next_cursor": None, "count": 0}
        listed = Service(answer(empty))
        pairs = {"sku": "1", "size": "M"}
        assert list(listed.looks().jobs(created_after=since, metadata=pairs)) == []
        assert listed.asked[0].url.params.get_list("metadata") == ["sku:1", "size:M"]
    assert [request.url.params.get("cursor") for request in service.asked] == [None, "1", "2"]


def followed(service: Service) -> list[int]:
    with service.looks() as looks:
        return [one.seq for one in looks.events("j")]


def test_a_stream_that_breaks_is_gone_on_with_after_its_last_event() -> None:
    reconnect = "event: reconnect\ndata: {}\n\n"
    service = Service(
        stream(event(1), event(2), "id: 3\nevent: stage\nda"),
        stream(reconnect),
        stream(event(2), event(3), reconnect),
        stream(event(4, "succeeded")),
    )
    assert followed(service) == [1, 2, 3, 4]
    assert [request.headers.get("last-event-id") for request in service.asked] == [
        None, "2", "2", "3",
    ]  # fmt: skip


def test_a_job_without_more_events_ends_the_stream() -> None:
    assert followed(Service(stream(event(1)), httpx.Response(204))) == [1]


def test_where_streams_do_not_come_through_events_are_asked_for() -> None:
    def page(request: httpx.Request) -> Answer:
        if request.url.path.endswith("/stream"):
            return httpx.ReadTimeout("held back")
        since = int(request.url.params["since"])
        last = "failed" if since == 2 else "stage"
        return answer({"items": [event(since + 1, last)], "latest_seq": since + 1})

    service = Service(page)
    assert followed(service) == [1, 2, 3]
    streams = [request for request in service.asked if request.url.path.endswith("/stream")]
    assert len(streams) == 3


def test_a_stream_that_is_refused_for_good_raises() -> None:
    with pytest.raises(AuthenticationError):
        followed(Service(problem(401, "UNAUTHENTICATED")))


def test_who_waits_too_long_is_told() -> None:
    service = Service(answer({"items": [], "latest_seq": 0}))
    with service.looks() as looks, pytest.raises(WaitTimeout, match="j is not finished"):
        looks.wait("j", timeout_s=0)


async def test_the_asynchronous_client_does_the_same() -> None:
    service = Service(httpx.ReadTimeout("slow"), answer(ACCEPTED, 202))
    transport = httpx.MockTransport(service)
    async with AsyncLooks("sk", "http://looks", retries=AT_ONCE, transport=transport) as looks:
        assert (await looks.create_look([("a", "top")])).credits_cost == 10
    assert len({request.headers["idempotency-key"] for request in service.asked}) == 1
    service = Service(stream(event(1)), stream(event(2, "succeeded")))
    transport = httpx.MockTransport(service)
    async with AsyncLooks("sk", "http://looks", retries=AT_ONCE, transport=transport) as looks:
        assert [one.seq async for one in looks.events("j")] == [1, 2]


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOKS_API_KEY", raising=False)
    monkeypatch.delenv("LOOKS_API_URL", raising=False)
    with pytest.raises(ValueError, match="api_key is missing: give it, or set LOOKS_API_KEY"):
        Looks()
    with pytest.raises(ValueError, match="base_url is missing"):
        Looks("sk")
