"""`GET /v1/uploads/guess`: what an uploaded photo shows, before a look is made of it."""

import asyncio

import pytest

from api.guesses import GuessMaker
from compositing import GarmentError
from devstack.wardrobe import draw
from storage.object_store import ObjectMissing, StoreUnavailable
from storage.uploads import UploadStore
from tests.unit.api.conftest import Api

MEMORY_BYTES = 2 * 1024**3


async def uploaded(api: Api) -> str:
    sent = await api.http.post(
        "/v1/uploads",
        files={"file": ("tee.jpg", draw("tee"), "image/jpeg")},
        headers=api.headers(),
    )
    key: str = sent.json()["upload_key"]
    return key


async def test_an_upload_s_category_is_told_with_its_confidence(api: Api) -> None:
    key = await uploaded(api)
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert answer.status_code == 200
    assert answer.json() == {
        "upload_key": key,
        "category": "top",
        "confidence": 0.91,
        "message": None,
        "offered": True,
    }
    assert answer.headers["cache-control"] == "private, max-age=3600"


async def test_a_shape_that_is_not_clear_is_no_error(api: Api) -> None:
    key = await uploaded(api)
    api.guesses.found = GarmentError("category_unclear", "Its shape is no clear category.")
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert (answer.status_code, answer.json()["category"]) == (200, None)
    assert answer.json()["message"] == "Its shape is no clear category."


async def test_without_an_engine_beside_it_the_service_says_that_it_does_not_guess(
    api: Api,
) -> None:
    key = await uploaded(api)
    api.guesses.here = False
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert (answer.status_code, answer.json()["category"]) == (200, None)
    assert "guesses no category" in answer.json()["message"]
    assert answer.json()["offered"] is False
    assert api.guesses.asked == []


@pytest.mark.parametrize(
    "key", ["users/other/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV.jpg", "../x", "https://a.example/b", ""]
)
async def test_what_is_no_upload_of_this_tenant_is_not_guessed(api: Api, key: str) -> None:
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert api.guesses.asked == []


@pytest.mark.parametrize(
    ("fault", "status"), [(ObjectMissing("gone"), 404), (StoreUnavailable("out"), 503)]
)
async def test_a_photo_that_can_not_be_read_is_said(
    api: Api, fault: Exception, status: int
) -> None:
    key = await uploaded(api)
    api.guesses.found = fault
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert answer.status_code == status


async def test_too_many_at_once_are_asked_to_come_again(api: Api) -> None:
    key = await uploaded(api)
    api.guesses.places = asyncio.Semaphore(0)
    answer = await api.http.get(
        "/v1/uploads/guess", params={"upload_key": key}, headers=api.headers()
    )
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


class OneStore(UploadStore):
    """Has the same photo under each key."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def read(self, key: str) -> bytes:
        return self.data


async def test_the_worker_s_guess_is_the_engine_s() -> None:
    store = OneStore(draw("jeans"))
    maker = GuessMaker(store, MEMORY_BYTES)
    try:
        category, confidence = await maker.guess("users/abc/uploads/x.jpg")
        assert (category, confidence > 0.6) == ("trousers", True)
        store.data = draw("shoes")
        with pytest.raises(GarmentError, match="no clear category"):
            await maker.guess("users/abc/uploads/y.jpg")
        store.data = b"no photo"
        with pytest.raises(GarmentError):
            await maker.guess("users/abc/uploads/z.jpg")
    finally:
        await maker.close()
