"""Event streams and long polls over fakes: what is sent, when they end, who is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api import streams, waiting
from api.app import create_app
from schemas.ids import new_request_id
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import FakeAccounts, FakeJobs, a_job, make_ports, refunded

WITHIN_S = 5.0


@dataclass
class Live:
    """An app with its fakes, and streams opened on it as a server would."""

    app: FastAPI
    accounts: FakeAccounts
    jobs: FakeJobs
    key: str

    def job(self, *events: str, tenant: str = "abc") -> str:
        request_id = new_request_id()
        self.jobs.rows[tenant, "live", request_id] = a_job(request_id)
        for event in events:
            self.jobs.say(request_id, event)
        return request_id

    def tell(self, request_id: str, event: str) -> None:
        """Something happens to a job, and the listener hears of it."""
        self.jobs.say(request_id, event)
        self.app.state.hub.wake([request_id])

    def stream(self, request_id: str, query: str = "", **headers: str) -> "Stream":
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http",
            "root_path": "",
            "path": f"/v1/jobs/{request_id}/events/stream",
            "raw_path": f"/v1/jobs/{request_id}/events/stream".encode(),
            "query_string": query.encode(), "server": ("api.test", 80), "client": ("127.0.0.1", 1),
            "headers": [(b"authorization", f"Bearer {self.key}".encode())]
            + [(name.replace("_", "-").encode(), text.encode()) for name, text in headers.items()],
        }  # fmt: skip
        return Stream(self.app, scope)


@dataclass
class Stream:
    """One open stream, read as it comes."""

    app: FastAPI
    scope: dict[str, Any]
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    stuck: asyncio.Event | None = None
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._asked = False
        self.task = asyncio.create_task(self.app(self.scope, self._receive, self._send))  # type: ignore[arg-type]  # plain dicts stand for ASGI messages

    async def _receive(self) -> dict[str, object]:
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): text.decode() for name, text in message["headers"]}
        else:
            if self.stuck is not None:
                await self.stuck.wait()
            self.text += message.get("body", b"").decode()
        self._moved.set()

    async def until(self, text: str) -> None:
        """Wait until something was sent."""
        async with asyncio.timeout(WITHIN_S):
            while text not in self.text:
                self._moved.clear()
                await self._moved.wait()

    async def ended(self) -> "Stream":
        await asyncio.wait_for(self.task, WITHIN_S)
        return self

    def events(self) -> list[tuple[str, str, Any]]:
        """What an EventSource would dispatch: id, type, data."""
        found = []
        for block in self.text.split("\n\n"):
            fields = dict(
                line.split(": ", 1)
                for line in block.split("\n")
                if ": " in line and not line.startswith(":")
            )
            if "event" in fields:
                found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
        return found


@asynccontextmanager
async def live(**settings: object) -> AsyncIterator[Live]:
    ports, accounts, _, jobs = make_ports(**settings)
    made = Live(create_app(ports), accounts, jobs, grant_key(accounts, "abc"))
    made.app.state.hub.listening = True
    yield made


async def get(made: Live, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=made.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        return await http.get(path, headers={"Authorization": f"Bearer {made.key}"})


async def test_a_stream_sends_what_was_and_what_comes_and_ends_after_the_last_event() -> None:
    async with live() as made:
        request_id = made.job("queued")
        stream = made.stream(request_id)
        await stream.until("event: queued")
        made.tell(request_id, "stage")
        await stream.until("event: stage")
        made.tell(request_id, "succeeded")
        await stream.ended()
        assert [(seq, kind) for seq, kind, _ in stream.events()] == [
            ("1", "queued"),
            ("2", "stage"),
            ("3", "succeeded"),
        ]
        listed = (await get(made, f"/v1/jobs/{request_id}/events")).json()["items"]
        assert [data for _, _, data in stream.events()] == listed
        assert listed[2]["artifacts"][0]["image_url"] == "https://objects.test/looks/signed"


async def test_the_first_bytes_come_at_once_with_headers_that_keep_proxies_from_holding_them() -> (
    None
):
    async with live() as made:
        stream = made.stream(made.job())
        await stream.until("retry: 3000\n")
        assert stream.text.startswith(": ")
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store, no-transform"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-length" not in stream.headers
        assert "x-request-id" in stream.headers
        assert "ratelimit" in stream.headers
        stream.left.set()
        await stream.ended()


async def test_whatever_a_blank_line_ends_has_data_also_after_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As httpx-sse and the streams of many SDKs read it: they dispatch each block, with whatever
    id came last, and parse its data.
    """
    monkeypatch.setattr(streams, "PING_S", 0.05)
    async with live() as made:
        request_id = made.job("queued")
        stream = made.stream(request_id, last_event_id="9")
        await stream.until("event: queued")
        await stream.until(": ping\n")
        made.tell(request_id, "failed")
        text = (await stream.ended()).text
    assert text.endswith("\n\n")
    blocks = [block.split("\n") for block in text.removesuffix("\n\n").split("\n\n")]
    kinds = []
    for lines in blocks:
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        assert set(fields) - {"retry"} == {"id", "event", "data"}
        assert isinstance(json.loads(fields["data"]), dict)
        kinds.append(fields["event"])
    assert kinds == ["reset", "queued", "failed"]


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ("since=1", {}),
        ("", {"last_event_id": "1"}),
        ("since=0", {"last_event_id": "1"}),
        ("", {"last_event_id": " 1 "}),
        ("", {"last_event_id": "\t1"}),
        ("since=1", {"last_event_id": ""}),
        ("since=1", {"last_event_id": "  "}),
    ],
)
async def test_a_stream_goes_on_after_what_the_reader_has(
    query: str, headers: dict[str, str]
) -> None:
    async with live() as made:
        stream = await made.stream(made.job("queued", "stage", "failed"), query, **headers).ended()
        assert [seq for seq, _, _ in stream.events()] == ["2", "3"]


async def test_an_empty_last_event_id_is_none() -> None:
    async with live() as made:
        stream = await made.stream(made.job("queued", "failed"), last_event_id="").ended()
        assert [seq for seq, _, _ in stream.events()] == ["1", "2"]


@pytest.mark.hostile(row=30)
@pytest.mark.parametrize("given", ["3", str(2**31), str(2**63)])
async def test_a_reader_from_the_future_is_reset_and_told_everything(given: str) -> None:
    async with live() as made:
        stream = await made.stream(made.job("queued", "succeeded"), last_event_id=given).ended()
        assert [(seq, kind) for seq, kind, _ in stream.events()] == [
            ("0", "reset"),
            ("1", "queued"),
            ("2", "succeeded"),
        ]


async def test_a_reader_who_has_the_last_event_is_told_not_to_come_back() -> None:
    async with live() as made:
        stream = await made.stream(made.job("queued", "failed"), last_event_id="2").ended()
        assert (stream.status, stream.text) == (204, "")


@pytest.mark.hostile(row=30)
@pytest.mark.parametrize(
    "given",
    ["-1", "1;2", "9" * 10_000, "1.0", "٣", "1 0", "1_0", "x", "+1", "01M86RZTNEBKK9NMXH0785GMJD"],
)
async def test_a_malformed_last_event_id_is_refused(given: str) -> None:
    async with live() as made:
        stream = await made.stream(made.job("queued"), last_event_id=given).ended()
        assert stream.status == 422
        assert json.loads(stream.text)["detail"][0]["loc"] == ["header", "Last-Event-ID"]


@pytest.mark.hostile(row=30)
async def test_two_last_event_ids_are_refused() -> None:
    async with live() as made:
        request_id = made.job("queued")
        first = made.stream(request_id)
        first.scope["headers"] += [(b"last-event-id", b"1")] * 2
        assert (await first.ended()).status == 422


async def test_silence_is_filled_with_pings_and_a_long_stream_asks_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.02)
    monkeypatch.setattr(streams, "STREAM_S", 0.2)
    async with live() as made:
        stream = await made.stream(made.job("queued")).ended()
        assert stream.text.count("\n: ping\n") >= 2
        assert stream.events()[-1][1] == "reconnect"


async def test_a_revoked_keys_stream_ends_and_sends_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert waiting.KEY_CHECK_S <= 0.5
    monkeypatch.setattr(waiting, "KEY_CHECK_S", 0.01)
    async with live() as made:
        another = grant_key(made.accounts, "abc")
        request_id = made.job("queued")
        stream = made.stream(request_id)
        await stream.until("event: queued")
        made.key = another
        stays = made.stream(request_id)
        await stays.until("event: queued")
        made.accounts.credentials = {another: made.accounts.credentials[another]}
        await stream.ended()
        made.tell(request_id, "stage")
        await stays.until("event: stage")
        assert "event: stage" not in stream.text
        stays.left.set()
        await stays.ended()


async def test_a_revoked_keys_long_poll_is_unauthenticated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "KEY_CHECK_S", 0.01)
    async with live() as made:
        poll = asyncio.create_task(get(made, f"/v1/jobs/{made.job('queued')}?wait=30"))
        await _waiting(made)
        made.accounts.credentials.clear()
        answer = await asyncio.wait_for(poll, WITHIN_S)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


@pytest.mark.hostile(row=31)
async def test_a_tenant_over_its_open_streams_is_told_to_come_back() -> None:
    async with live(streams_per_tenant=2) as made:
        request_id = made.job("queued")
        open_ones = [made.stream(request_id) for _ in range(2)]
        for one in open_ones:
            await one.until("event: queued")
        refused = await made.stream(request_id).ended()
        assert (refused.status, json.loads(refused.text)["error"]["code"]) == (429, "RATE_LIMITED")
        assert refused.headers["retry-after"] == "1"
        polled = await get(made, f"/v1/jobs/{request_id}?wait=1")
        assert polled.status_code == 429
        assert (await get(made, f"/v1/jobs/{request_id}")).status_code == 200
        open_ones[0].left.set()
        await open_ones[0].ended()
        again = made.stream(request_id)
        await again.until("event: queued")
        for one in (open_ones[1], again):
            one.left.set()
            await one.ended()


@pytest.mark.hostile(row=31)
async def test_a_full_process_is_unavailable() -> None:
    async with live(streams_max=1) as made:
        request_id = made.job("queued")
        first = made.stream(request_id)
        await first.until("event: queued")
        made.key = grant_key(made.accounts, "other")
        theirs = made.job("queued", tenant="other")
        refused = await made.stream(theirs).ended()
        assert (refused.status, refused.headers["retry-after"]) == (503, "1")
        first.left.set()
        await first.ended()


@pytest.mark.hostile(row=31)
async def test_a_reader_who_takes_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "WRITE_S", 0.05)
    async with live() as made:
        stream = made.stream(made.job("queued"))
        stream.stuck = asyncio.Event()
        cut = asyncio.Event()

        def abort() -> None:
            cut.set()
            stream.left.set()

        stream.scope["extensions"] = {"looks.abort": {"abort": abort}}
        await stream.ended()
        assert cut.is_set()
        assert made.app.state.hub._by_request == {}


async def test_a_stream_outlasts_a_database_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "RECHECK_S", 0.02)
    async with live() as made:
        request_id = made.job("queued")
        stream = made.stream(request_id)
        await stream.until("event: queued")
        made.app.state.hub.listening = False
        made.jobs.failure = OSError("refused")
        made.tell(request_id, "succeeded")
        await _read_again(made, 3)
        assert "succeeded" not in stream.text
        made.jobs.failure = None
        assert [kind for _, kind, _ in (await stream.ended()).events()] == ["queued", "succeeded"]


async def test_without_a_listener_news_are_found_by_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "RECHECK_S", 0.02)
    async with live() as made:
        made.app.state.hub.listening = False
        request_id = made.job("queued")
        stream = made.stream(request_id)
        await stream.until("event: queued")
        made.jobs.say(request_id, "failed")
        assert (await stream.ended()).events()[-1][1] == "failed"


async def test_a_stopping_process_asks_its_readers_to_come_back_and_answers_its_polls() -> None:
    async with live() as made:
        request_id = made.job("queued")
        stream = made.stream(request_id)
        await stream.until("event: queued")
        poll = asyncio.create_task(get(made, f"/v1/jobs/{request_id}?wait=30"))
        await _waiting(made, 2)
        made.app.state.hub.drain()
        assert (await stream.ended()).events()[-1][1] == "reconnect"
        assert (await asyncio.wait_for(poll, WITHIN_S)).json()["status"] == "NOT_STARTED"


async def test_a_wake_up_reads_only_for_those_it_names_and_together() -> None:
    async with live() as made:
        ids = [made.job("queued") for _ in range(30)]
        open_ones = [made.stream(request_id) for request_id in ids for _ in range(2)]
        for one in open_ones:
            await one.until("event: queued")
        made.jobs.reads.clear()
        for request_id in ids[:20]:
            made.jobs.say(request_id, "succeeded")
        made.app.state.hub.wake(ids[:20])
        for one in open_ones[:40]:
            await one.ended()
        assert set().union(*made.jobs.reads) == set(ids[:20])
        assert len(made.jobs.reads) <= 3
        for one in open_ones[40:]:
            one.left.set()
            await one.ended()
        assert made.app.state.hub._by_request == {}


async def _waiting(made: Live, count: int = 1) -> None:
    """Until so many wait."""
    async with asyncio.timeout(WITHIN_S):
        while len(made.app.state.hub._all()) < count:
            await asyncio.sleep(0.005)


async def _read_again(made: Live, times: int = 1) -> None:
    """Until rows were read so many times more, and what was read was looked at."""
    goal = len(made.jobs.reads) + times
    async with asyncio.timeout(WITHIN_S):
        while len(made.jobs.reads) < goal:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.02)


async def test_a_long_poll_answers_when_the_job_has_ended_and_is_refunded() -> None:
    async with live() as made:
        request_id = made.job("queued")
        poll = asyncio.create_task(get(made, f"/v1/jobs/{request_id}?wait=30"))
        await _waiting(made)
        made.tell(request_id, "failed")
        await _read_again(made)
        assert not poll.done()  # a failure that is not refunded yet is no answer
        made.jobs.rows["abc", "live", request_id] = refunded(
            made.jobs.rows["abc", "live", request_id]
        )
        made.app.state.hub.wake([request_id])
        job = (await asyncio.wait_for(poll, WITHIN_S)).json()
        assert (job["status"], job["refunded"], job["billing"]["refunded"]) == ("FAILURE", True, 10)


async def test_a_long_poll_for_events_answers_with_the_next_one() -> None:
    async with live() as made:
        request_id = made.job("queued")
        poll = asyncio.create_task(get(made, f"/v1/jobs/{request_id}/events?since=1&wait=30"))
        await _waiting(made)
        made.tell(request_id, "stage")
        page = (await asyncio.wait_for(poll, WITHIN_S)).json()
        assert [event["seq"] for event in page["items"]] == [2]
        assert page["latest_seq"] == 2


async def test_a_long_poll_gives_what_there_is_when_the_time_is_up() -> None:
    async with live() as made:
        request_id = made.job("queued")
        page = (await get(made, f"/v1/jobs/{request_id}/events?since=1&wait=0.05")).json()
        assert page == {"items": [], "latest_seq": 1}
        assert (await get(made, f"/v1/jobs/{request_id}?wait=0.05")).json()[
            "status"
        ] == "NOT_STARTED"


async def test_nobody_waits_for_events_of_a_job_that_has_ended() -> None:
    async with live() as made:
        page = await asyncio.wait_for(
            get(made, f"/v1/jobs/{made.job('queued', 'failed')}/events?since=2&wait=30"), WITHIN_S
        )
        assert page.json() == {"items": [], "latest_seq": 2}


@pytest.mark.parametrize(
    "wait", ["nan", "inf", "-1", "31", "", "1e1", "x", "30.5", "٣", "1&wait=2"]
)
async def test_a_bad_wait_is_refused(api: Api, wait: str) -> None:
    request_id = new_request_id()
    api.jobs.rows["abc", "live", request_id] = a_job(request_id)
    for path in (f"/v1/jobs/{request_id}", f"/v1/jobs/{request_id}/events"):
        answer = await api.http.get(f"{path}?wait={wait}", headers=api.headers())
        assert answer.status_code == 422, path
        assert answer.json()["detail"][0]["loc"] == ["query", "wait"]
