"""Reporting a bad picture over HTTP."""

from typing import Any

import pytest

from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.test_pictures import finished


async def report(api: Api, request_id: str, key: str | None = None, **body: Any) -> Any:
    headers = {"Authorization": f"Bearer {key or api.key}"}
    path = f"/v1/renders/{request_id}/report"
    return await api.http.post(path, json={"reason": "shape", **body}, headers=headers)


async def test_the_first_report_counts_and_a_second_one_is_answered_with_it(api: Api) -> None:
    request_id = finished(api)
    first = await report(api, request_id, note="the sleeve is torn")
    second = await report(api, request_id, reason="colour")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    told = first.json()
    assert (told["reason"], told["note"], told["credited"], told["withheld"]) == (
        "shape",
        "the sleeve is torn",
        10,
        None,
    )


async def test_what_has_no_picture_of_the_tenant_can_not_be_reported(api: Api) -> None:
    request_id = finished(api)
    other = grant_key(api.accounts, "other")
    for answer in (
        await report(api, request_id, other),
        await report(api, finished(api, "abc", "test")),
        await report(api, "%00"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")


@pytest.mark.parametrize(
    "body", [{"reason": "ugly"}, {"note": "x" * 501}, {"note": "\x00"}, {"credits": 99}]
)
async def test_a_report_says_what_it_may_say(api: Api, body: dict[str, Any]) -> None:
    answer = await report(api, finished(api), **body)
    assert answer.status_code == 422


async def test_a_key_that_may_only_read_can_not_report(api: Api) -> None:
    key = grant_key(api.accounts, "abc", "jobs:read")
    assert (await report(api, finished(api), key)).status_code == 403
