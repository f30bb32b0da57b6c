"""The list of uploads, and the draft that is there in every browser."""

import asyncio
from typing import Any

import pytest

from tests.unit.api.conftest import Api, grant_key
from tests.unit.compositing.pictures import save, tee

PNG = save(tee())
DRAFT: dict[str, Any] = {
    "items": [
        {"trial_image": "https://shop.example/a.jpg", "trial_item_category": "auto", "name": "a"},
        {"trial_image": "users/abc/uploads/b.png", "trial_item_category": "", "thumb": "/9j/4AA="},
    ],
    "user_category": "MALE",
    "runtime_config": {"width": 1024},
    "reference": "order 7",
    "idempotency_key": "k1",
}


async def ask(api: Api, method: str, path: str, key: str | None = None, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {key or api.key}"}
    return await api.http.request(method, path, headers=headers, **more)


async def test_uploads_are_listed_newest_first_page_by_page_and_to_their_tenant(api: Api) -> None:
    other = grant_key(api.accounts, "other")
    keys = []
    for _ in range(3):
        answer = await ask(api, "POST", "/v1/uploads", files={"file": ("a.png", PNG)})
        keys.append(answer.json()["upload_key"])
        await asyncio.sleep(0.002)  # ids are in order by the millisecond
    again = {"Idempotency-Key": "once"}
    for _ in range(2):
        once = await api.http.post(
            "/v1/uploads", files={"file": ("a.png", PNG)}, headers=api.headers(**again)
        )
    keys.append(once.json()["upload_key"])
    first = (await ask(api, "GET", "/v1/uploads?limit=3")).json()
    rest = (await ask(api, "GET", f"/v1/uploads?cursor={first['next_cursor']}")).json()
    assert [one["upload_key"] for one in first["items"] + rest["items"]] == keys[::-1]
    assert rest["next_cursor"] is None
    assert {(one["bytes"], one["content_type"]) for one in first["items"]} == {
        (len(PNG), "image/png")
    }
    assert all(one["upload_id"] in one["upload_key"] for one in first["items"])
    assert (await ask(api, "GET", "/v1/uploads", other)).json()["items"] == []


async def test_an_upload_has_a_small_picture_for_its_tenant_alone(api: Api) -> None:
    other = grant_key(api.accounts, "other")
    sent = await ask(api, "POST", "/v1/uploads", files={"file": ("a.png", PNG)})
    path = f"/v1/uploads/thumbnail?upload_key={sent.json()['upload_key']}"
    shown = await ask(api, "GET", path)
    assert (shown.status_code, shown.content) == (200, b"a small JPEG")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["cache-control"].startswith("private, ")
    for key, where in ((other, path), (None, f"{path}x"), (None, f"{path}%00")):
        refused = await ask(api, "GET", where, key)
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "NOT_FOUND")


async def test_a_draft_is_found_again_by_its_key_alone_until_it_is_dropped(api: Api) -> None:
    nothing = {"draft": None, "updated_at": None}
    assert (await ask(api, "GET", "/v1/draft")).json() == nothing
    assert (await ask(api, "PUT", "/v1/draft", json=DRAFT)).status_code == 200
    changed = {**DRAFT, "reference": "order 8"}
    assert (await ask(api, "PUT", "/v1/draft", json=changed)).status_code == 200
    found = (await ask(api, "GET", "/v1/draft")).json()["draft"]
    assert (found["reference"], found["idempotency_key"]) == ("order 8", "k1")
    assert [one["trial_image"] for one in found["items"]] == [
        one["trial_image"] for one in DRAFT["items"]
    ]
    assert (await ask(api, "GET", "/v1/draft", grant_key(api.accounts, "abc"))).json() == nothing
    assert (await ask(api, "DELETE", "/v1/draft")).status_code == 204
    assert (await ask(api, "GET", "/v1/draft")).json() == nothing


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"items": []}, ["items"]),
        ({"items": DRAFT["items"] * 26}, ["items"]),
        ({"items": [{"trial_image": "x"}]}, ["items", 0, "trial_item_category"]),
        ({"items": [{**DRAFT["items"][0], "thumb": "<b>"}]}, ["items", 0, "thumb"]),
        ({"reference": "x" * 101}, ["reference"]),
        ({"user_category": "CHILD"}, ["user_category"]),
        ({"other": 1}, ["other"]),
    ],
)
async def test_a_draft_that_can_not_be_one_is_refused_where_it_is_wrong(
    api: Api, changed: dict[str, Any], place: list[Any]
) -> None:
    answer = await ask(api, "PUT", "/v1/draft", json={**DRAFT, **changed})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", *place])


async def test_drafts_are_for_who_may_make_looks(api: Api) -> None:
    reader = grant_key(api.accounts, "abc", "jobs:read")
    for method, body in (("GET", None), ("PUT", DRAFT), ("DELETE", None)):
        answer = await ask(api, method, "/v1/draft", reader, json=body)
        assert (method, answer.json()["error"]["code"]) == (method, "CAPABILITY_MISSING")
