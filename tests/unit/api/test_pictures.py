"""Finished pictures as files: one, or many as one zip that no half of is taken for a whole."""

import io
import zipfile
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.pictures import MAX_ZIPPED, ZIPS_AT_ONCE
from api.zipping import unique_names
from schemas.ids import new_request_id
from storage.jobs import AskedLook
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fakes import RESULT, a_job


def finished(api: Api, tenant: str = "abc", environment: str = "live", **image: Any) -> str:
    request_id = new_request_id()
    shown: dict[str, Any] = dict(RESULT["image"])  # type: ignore[call-overload]  # it is a dict
    result = {**RESULT, "image": {**shown, "key": f"results/{request_id}.png", **image}}
    job = replace(a_job(request_id), status="SUCCESS", result=result)
    api.jobs.rows[tenant, environment, request_id] = job
    return request_id


async def zip_of(api: Api, *ids: str) -> httpx.Response:
    params = {"request_id": list(ids)}
    return await api.http.get("/v1/renders/zip", params=params, headers=api.headers())


async def test_a_picture_is_a_file_named_after_its_request(api: Api) -> None:
    request_id = finished(api, content_type="image/webp")
    path = f"/v1/renders/{request_id}/picture"
    answer = await api.http.get(path, headers=api.headers())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-disposition"] == f'attachment; filename="{request_id}.webp"'
    assert answer.headers["etag"] == f'"{"0" * 64}"'
    assert answer.content.startswith(f"results/{request_id}.png".encode())


async def test_many_pictures_are_one_zip_in_the_order_asked_for(api: Api) -> None:
    ids = [finished(api) for _ in range(5)][::-1]
    answer = await zip_of(api, *ids, ids[0])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"{one}.png" for one in ids]
        assert archive.read(f"{ids[2]}.png").startswith(f"results/{ids[2]}.png".encode())
        assert archive.infolist()[0].date_time == (2026, 1, 2, 3, 4, 4)


async def test_what_has_no_picture_or_is_anothers_is_not_there(api: Api) -> None:
    mine, theirs, test = finished(api), finished(api, "other"), finished(api, "abc", "test")
    unfinished = new_request_id()
    api.jobs.rows["abc", "live", unfinished] = a_job(unfinished)
    for one in (theirs, test, unfinished, new_request_id(), "\x00"):
        answers = [await zip_of(api, mine, one)]
        if one.isprintable():
            path = f"/v1/renders/{one}/picture"
            answers.append(await api.http.get(path, headers=api.headers()))
        for answer in answers:
            assert answer.status_code == 404
            assert answer.json()["error"]["code"] == "JOB_NOT_FOUND"
    assert api.pictures.asked == []


async def test_a_zip_has_at_least_one_picture_and_not_too_many(api: Api) -> None:
    assert (await zip_of(api)).status_code == 422
    ids = [finished(api) for _ in range(MAX_ZIPPED)]
    assert (await zip_of(api, *ids)).status_code == 200
    assert (await zip_of(api, *ids, finished(api))).status_code == 422


async def test_a_store_that_is_away_is_said_before_a_zip_begins(api: Api) -> None:
    request_id = finished(api)
    api.pictures.fails_after = 0
    answers = [
        await zip_of(api, request_id),
        await api.http.get(f"/v1/renders/{request_id}/picture", headers=api.headers()),
    ]
    assert [one.status_code for one in answers] == [503, 503]
    assert {one.headers["retry-after"] for one in answers} == {"1"}


async def test_a_zip_that_breaks_off_is_no_zip(api: Api) -> None:
    ids = [finished(api) for _ in range(3)]
    api.pictures.fails_after = 2
    answer = await zip_of(api, *ids)
    assert not zipfile.is_zipfile(io.BytesIO(answer.content))
    places = api.http._transport.app.state.zip_places  # type: ignore[attr-defined]  # httpx keeps it there
    assert places._value == ZIPS_AT_ONCE


async def test_more_zips_at_once_than_there_are_places_are_told_to_come_back(api: Api) -> None:
    request_id = finished(api)
    places = api.http._transport.app.state.zip_places  # type: ignore[attr-defined]  # httpx keeps it there
    for _ in range(ZIPS_AT_ONCE):
        await places.acquire()
    answer = await zip_of(api, request_id)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_key_that_may_not_read_gets_no_picture(api: Api) -> None:
    request_id = finished(api)
    headers = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', 'jobs:create')}"}
    for path in (f"/v1/renders/{request_id}/picture", f"/v1/renders/zip?request_id={request_id}"):
        assert (await api.http.get(path, headers=headers)).status_code == 403


async def test_a_zip_names_pictures_by_their_references(api: Api) -> None:
    ids = [finished(api) for _ in range(2)]
    for one in ids:
        key = ("abc", "live", one)
        api.jobs.rows[key] = replace(api.jobs.rows[key], asked=AskedLook(reference="SKU 17/blue"))
    with zipfile.ZipFile(io.BytesIO((await zip_of(api, *ids)).content)) as archive:
        assert archive.namelist() == ["SKU-17-blue.png", "SKU-17-blue-2.png"]


async def test_a_photo_of_a_look_is_shown_to_its_tenant_alone(api: Api) -> None:
    request_id, theirs = finished(api), finished(api, "other")
    for tenant, one in (("abc", request_id), ("other", theirs)):
        key = (tenant, "live", one)
        items = (
            {"trial_image": f"users/{tenant}/a.jpg", "trial_item_category": "top"},
            {"trial_image": "https://elsewhere.example/b.jpg", "trial_item_category": "top"},
            {"trial_image": "users/somebody/c.jpg", "trial_item_category": "top"},
        )
        api.jobs.rows[key] = replace(api.jobs.rows[key], asked=AskedLook(items))
    for one, index, expected in (
        (request_id, "0", 200),
        (request_id, "1", 404),
        (request_id, "2", 404),
        (request_id, "3", 404),
        (request_id, "-1", 422),
        (request_id, "x", 422),
        (theirs, "0", 404),
    ):
        path = f"/v1/jobs/{one}/photos/{index}"
        answer = await api.http.get(path, headers=api.headers())
        assert (index, answer.status_code) == (index, expected)
        assert ("image_url" in answer.text) == (expected == 200)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["a", "A", "a"], ["a.png", "A-2.png", "a-3.png"]),
        (["../../etc/passwd", "..", ""], ["etc-passwd.png", "look.png", "look-2.png"]),
        (["Größe 42/blau", "x" * 200], ["Größe-42-blau.png", "x" * 80 + ".png"]),
        (["IMG_0001.JPG", "IMG_2.heic", "v1.5"], ["IMG_0001.png", "IMG_2.png", "v1.5.png"]),
    ],
)
def test_names_are_safe_and_each_another_one(wanted: list[str], names: list[str]) -> None:
    assert unique_names([(one, "png") for one in wanted]) == names
