"""Cancelling: the pipeline decides, the route tells."""

from dataclasses import replace

import pytest
from httpx import ASGITransport, AsyncClient

from api import cancel
from api.app import create_app
from schemas.ids import new_request_id
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import a_job, make_ports, refunded
from tests.unit.api.test_looks import GOOD


def planted(api: Api, tenant: str = "abc") -> str:
    request_id = new_request_id()
    api.jobs.rows[tenant, "live", request_id] = a_job(request_id)
    return f"/v1/jobs/{request_id}/cancel"


async def test_a_cancelled_job_is_shown_with_its_refund_however_often_it_is_asked(api: Api) -> None:
    path = planted(api)
    for _ in range(2):
        answer = await api.http.post(path, headers=api.headers())
        assert answer.status_code == 200
        job = answer.json()
        assert (job["status"], job["refunded"], job["error"]["code"]) == (
            "FAILURE",
            True,
            "cancelled",
        )


async def test_an_outcome_that_came_first_is_a_conflict_that_names_it(api: Api) -> None:
    path = planted(api)
    gone = ("object_not_found", "There is no such object.", 0)
    api.cancellations.decides = lambda job: refunded(replace(job, status="FAILURE", error=gone))
    answer = await api.http.post(path, headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "OUTCOME_CAME_FIRST")
    assert "object_not_found" in answer.json()["error"]["message"]


async def test_what_is_not_decided_in_time_is_202(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "WAIT_S", 0.2)
    path = planted(api)
    api.cancellations.decides = lambda job: job
    answer = await api.http.post(path, headers=api.headers())
    assert (answer.status_code, answer.json()["status"], answer.headers["retry-after"]) == (
        202,
        "NOT_STARTED",
        "1",
    )


async def test_a_failure_that_is_not_refunded_yet_is_not_shown_as_cancelled(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancel, "WAIT_S", 0.2)
    path = planted(api)
    api.cancellations.decides = lambda job: replace(
        job, status="FAILURE", error=("cancelled", "on request", None)
    )
    assert (await api.http.post(path, headers=api.headers())).status_code == 202


async def test_another_tenants_job_can_not_be_cancelled(api: Api) -> None:
    path = planted(api, "other")
    answer = await api.http.post(path, headers=api.headers())
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")
    assert api.cancellations.asked == []


async def test_cancelling_needs_the_capability_to_create(api: Api) -> None:
    reader = grant_key(api.accounts, "abc", "jobs:read")
    answer = await api.http.post(planted(api), headers={"Authorization": f"Bearer {reader}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "CAPABILITY_MISSING")


@pytest.mark.hostile(row=24)
async def test_row_24_a_farm_of_cancels_meets_the_limit_of_writes_and_gains_nothing() -> None:
    ports, accounts, acceptance, jobs = make_ports(rate_per_s=0.001, rate_burst=10)
    headers = {"Authorization": f"Bearer {grant_key(accounts, 'abc')}"}
    async with AsyncClient(
        transport=ASGITransport(app=create_app(ports)), base_url="http://api.test"
    ) as http:
        statuses = []
        for _ in range(8):
            answer = await http.post("/v1/look", json=GOOD, headers=headers)
            statuses.append(answer.status_code)
            if answer.status_code == 202:
                request_id = answer.json()["request_id"]
                jobs.rows["abc", "live", request_id] = a_job(request_id)
                statuses.append(
                    (await http.post(f"/v1/jobs/{request_id}/cancel", headers=headers)).status_code
                )
    assert statuses == [202, 200] * 5 + [429] * 3
    assert len(acceptance.accepted) == 5
    assert {job.receipt.refunded for job in jobs.rows.values()} == {10}
    # The refunds themselves are the ledger's, in order with the outcome
    assert accounts.balances["abc", "live"] == 50
