"""A client's own words about a look: taken, carried along, given back, and searched by."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from schemas.http import (
    MAX_METADATA_BYTES,
    MAX_METADATA_NAME_CHARS,
    MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE_CHARS,
    MAX_REFERENCE_CHARS,
)
from schemas.ids import new_request_id
from storage.jobs import AskedLook
from tests.unit.api.conftest import Api
from tests.unit.api.fakes import RESULT, a_job
from tests.unit.api.test_looks import GOOD

LOOK, VALIDATE = "/v1/look", "/v1/look/validate"
PAIRS = {"sku": "TS-1042-M", "größe": "42 \U0001f457", "empty": ""}


async def test_both_are_kept_as_they_were_sent(api: Api) -> None:
    body = {**GOOD, "reference": "order-1042", "metadata": PAIRS}
    answer = await api.http.post(LOOK, json=body, headers=api.headers())
    assert answer.status_code == 202
    (accepted,) = api.acceptance.accepted
    assert (accepted.reference, accepted.metadata) == ("order-1042", PAIRS)


async def test_without_them_nothing_is_kept(api: Api) -> None:
    await api.http.post(LOOK, json=GOOD, headers=api.headers())
    null = {**GOOD, "reference": None, "metadata": None}
    await api.http.post(LOOK, json=null, headers=api.headers())
    assert [(one.reference, one.metadata) for one in api.acceptance.accepted] == [(None, None)] * 2


async def test_they_are_part_of_what_an_idempotency_key_was_sent_with(api: Api) -> None:
    headers = api.headers(**{"Idempotency-Key": "k1"})
    first = await api.http.post(LOOK, json={**GOOD, "reference": "a"}, headers=headers)
    again = await api.http.post(LOOK, json={**GOOD, "reference": "a"}, headers=headers)
    other = await api.http.post(LOOK, json={**GOOD, "reference": "b"}, headers=headers)
    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


AT_THE_LIMITS: dict[str, dict[str, Any]] = {
    "reference": {"reference": "\U0001f457" * MAX_REFERENCE_CHARS},
    "pairs": {"metadata": {f"n{number}": "" for number in range(MAX_METADATA_PAIRS)}},
    "none": {"metadata": {}},
    "name and value": {
        "metadata": {"n" * MAX_METADATA_NAME_CHARS: "\U0001f457" * MAX_METADATA_VALUE_CHARS}
    },
}
BEYOND: dict[str, tuple[dict[str, Any], str]] = {
    "reference": ({"reference": "x" * (MAX_REFERENCE_CHARS + 1)}, "reference"),
    "no reference": ({"reference": ""}, "reference"),
    "line": ({"reference": "a\nb"}, "reference"),
    "last line": ({"reference": "a\n"}, "reference"),
    "number": ({"reference": 7}, "reference"),
    "pairs": (
        {"metadata": {f"n{number}": "" for number in range(MAX_METADATA_PAIRS + 1)}},
        "metadata",
    ),
    "list": ({"metadata": [["a", "b"]]}, "metadata"),
    "name": ({"metadata": {"n" * (MAX_METADATA_NAME_CHARS + 1): ""}}, "metadata"),
    "no name": ({"metadata": {"": "x"}}, "metadata"),
    "control in a name": ({"metadata": {"a\x1bb": "x"}}, "metadata"),
    "value": ({"metadata": {"n": "x" * (MAX_METADATA_VALUE_CHARS + 1)}}, "metadata"),
    "control in a value": ({"metadata": {"n": "\x1b[31m"}}, "metadata"),
    "value is a number": ({"metadata": {"n": 1}}, "metadata"),
    "value is null": ({"metadata": {"n": None}}, "metadata"),
    "nested": ({"metadata": {"n": {"m": "x"}}}, "metadata"),
    "bytes": (
        {"metadata": {f"n{number}": "x" * 410 for number in range(MAX_METADATA_BYTES // 410 + 1)}},
        "metadata",
    ),
}


@pytest.mark.parametrize("name", list(AT_THE_LIMITS))
@pytest.mark.parametrize(("path", "status"), [(LOOK, 202), (VALIDATE, 200)])
async def test_what_is_at_a_limit_is_taken(api: Api, name: str, path: str, status: int) -> None:
    answer = await api.http.post(path, json={**GOOD, **AT_THE_LIMITS[name]}, headers=api.headers())
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("name", list(BEYOND))
@pytest.mark.parametrize("path", [LOOK, VALIDATE])
async def test_what_is_beyond_one_is_refused_by_its_field(api: Api, name: str, path: str) -> None:
    fields, place = BEYOND[name]
    answer = await api.http.post(path, json={**GOOD, **fields}, headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", place]
    assert api.acceptance.accepted == []


async def test_a_job_says_what_was_asked_for(api: Api) -> None:
    request_id = new_request_id()
    item = {"trial_image": "users/abc/trial/shirt-1.jpg", "trial_item_category": "shirt"}
    asked = AskedLook((item,), {"width": 512, "glitter": 1}, "order-1042", PAIRS)
    job = replace(a_job(request_id), user_category="MALE", asked=asked)
    api.jobs.rows["abc", "live", request_id] = job
    one = (await api.http.get(f"/v1/jobs/{request_id}", headers=api.headers())).json()
    (listed,) = (await api.http.get("/v1/jobs", headers=api.headers())).json()["items"]
    for shown in (one, listed):
        assert shown["items"] == [item]
        assert (shown["user_category"], shown["runtime_config"]) == ("MALE", asked.runtime_config)
        assert (shown["reference"], shown["metadata"]) == ("order-1042", PAIRS)


async def test_jobs_are_found_by_exactly_their_reference(api: Api) -> None:
    for reference in ("order-1", "order-10", None):
        request_id = new_request_id()
        job = replace(a_job(request_id), asked=AskedLook(reference=reference))
        api.jobs.rows["abc", "live", request_id] = job
    found = await api.http.get("/v1/jobs?reference=order-1", headers=api.headers())
    assert [one["reference"] for one in found.json()["items"]] == ["order-1"]


@pytest.mark.parametrize("reference", ["", "x" * (MAX_REFERENCE_CHARS + 1), "a%00b", "a%0Ab"])
async def test_a_reference_that_no_look_can_have_is_refused(api: Api, reference: str) -> None:
    answer = await api.http.get(f"/v1/jobs?reference={reference}", headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "reference"]


async def test_a_cursor_is_good_for_its_reference_alone(api: Api) -> None:
    for _ in range(2):
        request_id = new_request_id()
        job = replace(a_job(request_id), asked=AskedLook(reference="order-1"))
        api.jobs.rows["abc", "live", request_id] = job
    path = "/v1/jobs?limit=1&reference="
    page = (await api.http.get(f"{path}order-1", headers=api.headers())).json()
    cursor = page["next_cursor"]
    same = await api.http.get(f"{path}order-1&cursor={cursor}", headers=api.headers())
    other = await api.http.get(f"{path}order-2&cursor={cursor}", headers=api.headers())
    none = await api.http.get(f"/v1/jobs?limit=1&cursor={cursor}", headers=api.headers())
    assert (same.status_code, other.status_code, none.status_code) == (200, 422, 422)


async def listed(api: Api, query: str) -> tuple[list[str], str | None]:
    page = (await api.http.get(f"/v1/jobs?{query}", headers=api.headers())).json()
    return [one["request_id"] for one in page["items"]], page["next_cursor"]


def kept(api: Api, category: str, guessed: str | None = None, **metadata: str) -> str:
    request_id = new_request_id()
    asked = AskedLook(
        items=({"trial_image": "users/abc/x.jpg", "trial_item_category": category},),
        metadata=metadata or None,
    )
    made: dict[str, object] = {"items": [{"guessed_category": guessed}]}
    job = replace(a_job(request_id), asked=asked, result={**RESULT, **made})
    api.jobs.rows["abc", "live", request_id] = replace(job, result=job.result if guessed else None)
    return request_id


async def test_looks_are_found_by_what_a_garment_was_said_or_guessed_to_be(api: Api) -> None:
    said, guessed = kept(api, "Trousers"), kept(api, "auto", guessed="trousers")
    kept(api, "auto", guessed="dress")
    kept(api, "jeans")
    both = sorted([said, guessed], reverse=True)
    assert await listed(api, "category=trousers") == (both, None)
    assert await listed(api, "category=slacks") == (both, None)
    for wrong in ("hovercraft", "auto", ""):
        refused = await api.http.get(f"/v1/jobs?category={wrong}", headers=api.headers())
        assert refused.json()["detail"][0]["loc"] == ["query", "category"]


async def test_looks_are_found_by_their_metadata_all_pairs_of_it(api: Api) -> None:
    both = kept(api, "top", sku="TS:1", season="ss26")
    one = kept(api, "top", sku="TS:1")
    found = sorted([both, one], reverse=True)
    assert await listed(api, "metadata=sku:TS:1") == (found, None)
    assert await listed(api, "metadata=sku:TS:1&metadata=season:ss26") == ([both], None)
    assert await listed(api, "metadata=season:aw26") == ([], None)
    for wrong in ("sku", ":TS", "a%00:b", "a:" + "x" * 600):
        refused = await api.http.get(f"/v1/jobs?metadata={wrong}", headers=api.headers())
        assert refused.json()["detail"][0]["loc"][:2] == ["query", "metadata"]


async def test_a_rare_category_is_searched_for_page_by_page_until_the_oldest_look(api: Api) -> None:
    dress = kept(api, "dress")
    for _ in range(25):
        await asyncio.sleep(0.001)  # ids are in order by the millisecond
        kept(api, "jeans")
    found: list[str] = []
    query, pages = "category=dress", 0
    while True:
        page, cursor = await listed(api, query)
        found, pages = found + page, pages + 1
        if cursor is None:
            break
        query = f"category=dress&cursor={cursor}"
    assert (found, pages) == ([dress], 3)
