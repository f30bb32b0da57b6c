"""What a `trial_image` may be: a key, a URL that is only judged here, a data URL that is kept."""

import hashlib
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from domain.photo_sources import MAX_URL_CHARS
from runtime.settings import PhotoSettings
from storage.object_store import StoreUnavailable
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.test_looks import GOOD, item
from tests.unit.compositing.pictures import save, tee
from tests.unit.domain.test_photo_sources import REFUSED

LOOK, VALIDATE = "/v1/look", "/v1/look/validate"
URL = "https://photos.example/tee.jpg?size=2"


@pytest.fixture(scope="module")
def photo() -> bytes:
    return save(tee(), "JPEG")


def data_url(photo: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64,{b64encode(photo).decode()}"


def two(*images: str) -> dict[str, Any]:
    return {
        **GOOD,
        "items": [{"trial_image": one, "trial_item_category": "top"} for one in images],
    }


@pytest.mark.parametrize(("path", "status"), [(LOOK, 202), (VALIDATE, 200)])
async def test_a_url_is_taken_as_it_is_and_not_asked_for(api: Api, path: str, status: int) -> None:
    answer = await api.http.post(path, json=item(trial_image=URL), headers=api.headers())
    assert answer.status_code == status
    assert [one.items[0].trial_image for one in api.acceptance.accepted] == [URL][: status == 202]
    assert api.uploads.objects == {}


@pytest.mark.hostile(row=4)
@pytest.mark.parametrize("name", list(REFUSED))
@pytest.mark.parametrize("path", [LOOK, VALIDATE])
async def test_row_4_a_url_that_is_never_fetched_is_refused_by_its_place(
    api: Api, name: str, path: str
) -> None:
    body = two("users/abc/a.jpg", REFUSED[name])
    answer = await api.http.post(path, json=body, headers=api.headers())
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "items", 1, "trial_image"]
    assert api.acceptance.accepted == []
    assert REFUSED[name] not in answer.text


async def test_a_url_of_the_length_of_a_key_is_taken(api: Api) -> None:
    url = "https://photos.example/" + "x" * (MAX_URL_CHARS - 23)
    answer = await api.http.post(LOOK, json=item(trial_image=url), headers=api.headers())
    assert (len(url), answer.status_code) == (MAX_URL_CHARS, 202)


async def test_where_nothing_is_fetched_a_url_is_refused_with_what_to_send(api: Api) -> None:
    app = api.http._transport.app  # type: ignore[attr-defined]  # the app under test
    app.state.ports = replace(app.state.ports, sources=PhotoSettings(from_urls=False))
    answer = await api.http.post(LOOK, json=item(trial_image=URL), headers=api.headers())
    assert answer.status_code == 422
    assert "POST /v1/uploads" in answer.json()["detail"][0]["msg"]


async def test_a_data_url_is_kept_once_by_its_bytes(api: Api, photo: bytes) -> None:
    body = two("users/abc/a.jpg", data_url(photo), data_url(photo, "image/png"))
    for _ in range(2):
        assert (await api.http.post(LOOK, json=body, headers=api.headers())).status_code == 202
    digest = hashlib.sha256(photo)
    key = f"users/abc/uploads/sha256-{digest.hexdigest()}.jpg"
    assert api.uploads.objects == {key: ("image/jpeg", len(photo), digest.digest())}
    for one in api.acceptance.accepted:
        assert [item.trial_image for item in one.items] == ["users/abc/a.jpg", key, key]


async def test_the_key_of_a_kept_photo_is_a_key_as_any(api: Api, photo: bytes) -> None:
    await api.http.post(LOOK, json=two(data_url(photo)), headers=api.headers())
    key = api.acceptance.accepted[0].items[0].trial_image
    assert (await api.http.post(LOOK, json=two(key), headers=api.headers())).status_code == 202


async def test_a_test_keys_photos_are_apart(api: Api, photo: bytes) -> None:
    headers = {"Authorization": f"Bearer {grant_key(api.accounts, 'abc', environment='test')}"}
    assert (await api.http.post(LOOK, json=two(data_url(photo)), headers=headers)).is_success
    assert all(key.startswith("test/users/abc/uploads/") for key in api.uploads.objects)


async def test_validate_looks_at_it_and_keeps_nothing(api: Api, photo: bytes) -> None:
    good = await api.http.post(VALIDATE, json=two(data_url(photo)), headers=api.headers())
    bad = await api.http.post(VALIDATE, json=two(data_url(b"GIF89a")), headers=api.headers())
    assert (good.status_code, bad.status_code) == (200, 422)
    assert api.uploads.objects == {}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("data:image/png;base64,AAAA", "image_unreadable"),
        ("data:image/png;base64,", "image_unreadable"),
        ("data:image/png;base64,A", "value_error"),
        ("data:image/png,AAAA", "value_error"),
        ("data:text/html;base64,AAAA", "value_error"),
        ("data:", "value_error"),
        (data_url(b"<svg onload='x'/>", "image/svg+xml"), "image_unreadable"),
        (data_url(b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "image/png"), None),
    ],
)
async def test_what_holds_no_photo_is_refused_before_anything_is_kept(
    api: Api, photo: bytes, url: str, kind: str | None
) -> None:
    body = two(data_url(photo), url)
    answer = await api.http.post(LOOK, json=body, headers=api.headers())
    assert answer.status_code == 422
    (told,) = answer.json()["detail"]
    assert told["loc"] == ["body", "items", 1, "trial_image"]
    assert kind in (None, told["type"])
    assert (api.uploads.objects, api.acceptance.accepted) == ({}, [])
    assert api.accounts.balances["abc", "live"] == 100


async def test_a_store_that_is_away_charges_nothing(api: Api, photo: bytes) -> None:
    api.uploads.failure = StoreUnavailable("SlowDown")
    answer = await api.http.post(LOOK, json=two(data_url(photo)), headers=api.headers())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert api.acceptance.accepted == []


async def test_an_idempotency_key_covers_the_photo(api: Api, photo: bytes) -> None:
    headers = api.headers(**{"Idempotency-Key": "k"})
    first = await api.http.post(LOOK, json=two(data_url(photo)), headers=headers)
    again = await api.http.post(LOOK, json=two(data_url(photo)), headers=headers)
    other = await api.http.post(LOOK, json=two(data_url(photo + b"\0")), headers=headers)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert len(api.acceptance.accepted) == 1


async def test_a_body_over_its_limit_is_refused(api: Api, photo: bytes) -> None:
    large = data_url(photo + b"\0" * 64 * 1024)
    answer = await api.http.post(LOOK, json=two(large), headers=api.headers())
    assert answer.status_code == 413
