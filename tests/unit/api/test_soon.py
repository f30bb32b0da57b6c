"""`POST /v1/look?wait=`: the finished job where it is quick, else the same 202; and never an error
for a look that was accepted.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from storage.submissions import AcceptanceResult, Accepted, Submission
from tests.unit.api.conftest import grant_key
from tests.unit.api.fakes import (
    FakeAcceptance,
    FakeAccounts,
    FakeJobs,
    a_job,
    make_ports,
    refunded,
)
from tests.unit.api.test_looks import GOOD

WITHIN_S = 5.0


class Recording(FakeAcceptance):
    """What is accepted is a job at once, and `happens` to it what a test says."""

    def __init__(self, accounts: FakeAccounts, jobs: FakeJobs) -> None:
        super().__init__(accounts)
        self.happens: tuple[str, ...] = ("queued",)
        self.there = asyncio.Event()
        self._jobs = jobs

    async def accept(self, submission: Submission) -> AcceptanceResult:
        verdict = await super().accept(submission)
        if verdict == Accepted(submission.answer):
            key = (submission.tenant_id, submission.environment, submission.request_id)
            self._jobs.rows[key] = a_job(submission.request_id)
            for event in self.happens:
                self._jobs.say(submission.request_id, event)
            self.there.set()
        return verdict


@dataclass
class Soon:
    app: FastAPI
    http: httpx.AsyncClient
    acceptance: Recording
    accounts: FakeAccounts
    jobs: FakeJobs
    key: str

    async def post(self, query: str, body: Any = GOOD, **headers: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **headers}
        call = self.http.post(f"/v1/look{query}", json=body, headers=headers)
        return await asyncio.wait_for(call, WITHIN_S)

    def only(self) -> str:
        return self.acceptance.accepted[0].request_id


@pytest.fixture
async def soon() -> AsyncIterator[Soon]:
    ports, accounts, _, jobs = make_ports(streams_per_tenant=2)
    acceptance = Recording(accounts, jobs)
    app = create_app(replace(ports, acceptance=acceptance))
    app.state.hub.listening = True
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as http:
        yield Soon(app, http, acceptance, accounts, jobs, grant_key(accounts, "abc"))


async def test_a_look_that_is_finished_is_answered_with_its_job(soon: Soon) -> None:
    posting = asyncio.create_task(soon.post("?wait=30"))
    await asyncio.wait_for(soon.acceptance.there.wait(), WITHIN_S)
    soon.jobs.say(soon.only(), "succeeded")
    soon.app.state.hub.wake([soon.only()])
    answer = await posting
    assert answer.status_code == 200
    got = await soon.http.get(
        f"/v1/jobs/{soon.only()}", headers={"Authorization": f"Bearer {soon.key}"}
    )
    assert answer.json() == got.json()
    assert answer.json()["artifacts"][0]["role"] == "final"
    assert answer.headers["location"] == f"/v1/jobs/{soon.only()}"
    assert "retry-after" not in answer.headers
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_one_that_takes_longer_gets_the_usual_202(soon: Soon) -> None:
    answer = await soon.post("?wait=0.05")
    assert (answer.status_code, answer.content) == (202, soon.acceptance.accepted[0].answer)
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("query", ["", "?wait=0"])
async def test_without_waiting_nothing_is_read(soon: Soon, query: str) -> None:
    soon.acceptance.happens = ("queued", "succeeded")
    assert (await soon.post(query)).status_code == 202
    assert soon.jobs.reads == []


async def test_a_failure_is_waited_for_until_it_is_refunded(soon: Soon) -> None:
    soon.acceptance.happens = ("queued", "failed")
    assert (await soon.post("?wait=0.05")).status_code == 202
    for key, job in soon.jobs.rows.items():
        soon.jobs.rows[key] = refunded(job)
    again = await soon.http.get("/v1/jobs", headers={"Authorization": f"Bearer {soon.key}"})
    assert again.json()["items"][0]["refunded"]
    posting = asyncio.create_task(soon.post("?wait=30"))
    while len(soon.acceptance.accepted) < 2:
        await asyncio.sleep(0)
    late = soon.acceptance.accepted[1].request_id
    key = ("abc", "live", late)
    soon.jobs.rows[key] = refunded(soon.jobs.rows[key])
    soon.app.state.hub.wake([late])
    answer = await posting
    assert (answer.status_code, answer.json()["status"], answer.json()["refunded"]) == (
        200,
        "FAILURE",
        True,
    )


async def test_a_repeat_waits_for_the_same_job(soon: Soon) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await soon.post("?wait=0.01", **key)
    soon.jobs.say(soon.only(), "succeeded")
    finished = await soon.post("?wait=30", **key)
    plain = await soon.post("", **key)
    assert (first.status_code, finished.status_code, plain.status_code) == (202, 200, 202)
    assert finished.json()["request_id"] == first.json()["request_id"]
    assert finished.headers["idempotency-replayed"] == "true"
    assert plain.content == first.content
    assert len(soon.acceptance.accepted) == 1


async def test_where_enough_wait_the_look_is_accepted_without_waiting(soon: Soon) -> None:
    waiting = [asyncio.create_task(soon.post("?wait=30")) for _ in range(2)]
    while len(soon.acceptance.accepted) < 2:
        await asyncio.sleep(0)
    answer = await soon.post("?wait=30")
    assert answer.status_code == 202
    soon.app.state.hub.drain()
    assert [(await one).status_code for one in waiting] == [202, 202]


async def test_a_key_that_is_revoked_meanwhile_is_told_what_was_accepted(
    soon: Soon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.waiting.KEY_CHECK_S", 0.01)
    posting = asyncio.create_task(soon.post("?wait=30"))
    await asyncio.wait_for(soon.acceptance.there.wait(), WITHIN_S)
    soon.accounts.credentials.clear()
    answer = await posting
    assert (answer.status_code, answer.json()["request_id"]) == (202, soon.only())


@pytest.mark.parametrize("failure", [ConnectionRefusedError(), RuntimeError("a bug")])
async def test_whatever_ends_the_waiting_the_look_was_accepted(
    soon: Soon, failure: Exception
) -> None:
    soon.jobs.failure = failure
    answer = await soon.post("?wait=30")
    assert (answer.status_code, answer.json()["request_id"]) == (202, soon.only())


async def test_a_key_that_may_not_read_jobs_is_refused_before_it_is_charged(soon: Soon) -> None:
    soon.key = grant_key(soon.accounts, "abc", "jobs:create")
    answer = await soon.post("?wait=5")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CAPABILITY_MISSING")
    assert soon.acceptance.accepted == []
    assert (await soon.post("?wait=0")).status_code == 202


@pytest.mark.parametrize("wait", ["-1", "31", "1e1", "nan", "inf", "", "x", "1&wait=2", "%20 5"])
async def test_a_wait_that_is_no_plain_number_is_refused_by_name(soon: Soon, wait: str) -> None:
    answer = await soon.post(f"?wait={wait}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "wait"]
    assert soon.acceptance.accepted == []


async def test_the_bytes_are_those_of_the_route_that_reads_a_job(soon: Soon) -> None:
    soon.acceptance.happens = ("queued", "stage", "succeeded")
    body = {**GOOD, "reference": "größe", "metadata": {"n": "\u2028"}}
    answer = await soon.post("?wait=30", body)
    got = await soon.http.get(
        f"/v1/jobs/{soon.only()}", headers={"Authorization": f"Bearer {soon.key}"}
    )
    assert json.loads(answer.content) == json.loads(got.content)
    assert list(answer.json()) == list(got.json())
