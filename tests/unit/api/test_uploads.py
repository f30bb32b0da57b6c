"""Uploads: what is stored and where, what is refused, and how little of a file is ever in
memory.
"""

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api import uploads
from api.app import create_app
from compositing.errors import GarmentError
from schemas.uploads import MAX_UPLOAD_BYTES
from storage.object_store import StoreUnavailable
from tests.unit.api.conftest import Api, grant_key
from tests.unit.api.fake_uploads import FakeUploads
from tests.unit.api.fakes import make_ports
from tests.unit.compositing.pictures import save, tee
from tests.unit.compositing.test_decode import png_header

PNG, JPEG, WEBP = (save(tee(), kind) for kind in ("PNG", "JPEG", "WEBP"))
PADDED_PNG = PNG + b"\0" * (MAX_UPLOAD_BYTES - len(PNG))
"""As large as may be; what follows a picture's end is passed over."""


async def upload(api: Api, data: bytes, name: str = "x.png", **headers: str) -> httpx.Response:
    return await api.http.post(
        "/v1/uploads", files={"file": (name, data)}, headers=api.headers(**headers)
    )


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpeg"), (WEBP, "webp")])
async def test_a_photo_is_stored_under_a_key_of_ours_by_what_its_bytes_are(
    api: Api, data: bytes, kind: str
) -> None:
    answer = await upload(api, data, "../../evil.exe")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert set(body) == {"upload_key", "image_url"}
    folder, _, name = body["upload_key"].rpartition("/")
    assert folder == "users/abc/uploads"
    assert name.endswith({"png": ".png", "jpeg": ".jpg", "webp": ".webp"}[kind])
    assert api.uploads.objects == {
        body["upload_key"]: (f"image/{kind}", len(data), hashlib.sha256(data).digest())
    }
    assert "ratelimit" in answer.headers
    look = {"items": [{"trial_image": body["upload_key"], "trial_item_category": "top"}]}
    assert (await api.http.post("/v1/look", json=look, headers=api.headers())).status_code == 202


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b"GIF89a" + b"x" * 500, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b"<svg onload='x'/>" * 9, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b"%PDF-1.7" + b"x" * 90, (415, "UNSUPPORTED_MEDIA_TYPE")),
        (png_header(50_000, 50_000), (422, "VALIDATION_ERROR")),
        (png_header(8, 8), (422, "VALIDATION_ERROR")),
        (PNG[:18], (422, "VALIDATION_ERROR")), (PADDED_PNG + b"\0", (413, "PAYLOAD_TOO_LARGE")),
        (PADDED_PNG + b"\0" * 100_000, (413, "PAYLOAD_TOO_LARGE")),
    ],
    ids=["empty", "gif", "svg", "pdf", "bomb", "tiny", "cut", "one byte more", "much more"],
)  # fmt: skip
async def test_what_is_no_usable_photo_is_refused_and_not_stored(
    api: Api, data: bytes, expected: tuple[int, str]
) -> None:
    answer = await upload(api, data)
    assert code(answer) == expected
    if expected[0] == 422:
        assert answer.json()["detail"][0]["loc"] == ["body", "file"]
    assert api.uploads.objects == {}


async def test_of_an_empty_file_it_is_said_that_it_is_empty(api: Api) -> None:
    assert (await upload(api, b"")).json()["error"]["message"].startswith("The file is empty")


async def test_the_largest_photo_that_may_be_is_stored(api: Api) -> None:
    assert (await upload(api, PADDED_PNG)).status_code == 201


BOUND = "multipart/form-data; boundary=b"


def part(name: str, data: bytes = PNG) -> bytes:
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="x"\r\n\r\n'.encode()
        + data
        + b"\r\n"
    )


@pytest.mark.parametrize(
    ("content_type", "body", "expected", "place"),
    [
        ("image/png", PNG, 415, None), ("application/json", b"{}", 415, None),
        ("multipart/form-data", part("file"), 415, None),
        (BOUND, b"", 422, ["body", "file"]), (BOUND, b"--b--\r\n", 422, ["body", "file"]),
        (BOUND, part("photo") + b"--b--\r\n", 422, ["body", "photo"]),
        (BOUND, part("file") + part("file") + b"--b--\r\n", 422, ["body", "file"]),
        (BOUND, part("file"), 422, ["body"]), (BOUND, b"no boundary at all", 422, ["body"]),
        (BOUND, b"--b\r\n" + b"X: y\r\n" * 40 + b"\r\n", 422, ["body"]),
        (BOUND, b"--b\r\nX: " + b"y" * 9000, 422, ["body"]),
        (f"multipart/form-data; boundary={'b' * 300}", b"", 422, ["body"]),
    ],
)  # fmt: skip
async def test_a_body_that_is_not_one_file_is_refused_where_it_is_wrong(
    api: Api, content_type: str, body: bytes, expected: int, place: list[str] | None
) -> None:
    answer = await api.http.post(
        "/v1/uploads", content=body, headers=api.headers(**{"Content-Type": content_type})
    )
    assert answer.status_code == expected, answer.text
    assert place is None or answer.json()["detail"][0]["loc"] == place
    assert api.uploads.objects == {}


FORM = b'Content-Disposition: form-data; name="file"; filename="x"\r\n'


@pytest.mark.parametrize(
    "body",
    [
        b"This is in MIME format.\r\n--b\r\n" + FORM + b"\r\n" + PNG + b"\r\n--b--\r\nend",
        b"\r\n\r\n--b\r\n" + FORM + b"\r\n" + PNG + b"\r\n--b--",
        b"--b\r\n" + b"X-A: y\r\n" * 20 + FORM + b"\r\n" + PNG + b"\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=file; filename*=utf-8''x%20y.png\r\n\r\n"
        + PNG + b"\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\a\\"b.png"\r\n\r\n'
        + PNG + b"\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + b"n" * 4500
        + b'"\r\n\r\n' + PNG + b"\r\n--b--\r\n",
    ],
    ids=["preamble", "empty lines", "21 headers", "filename*", "quoted pair", "long name"],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 7, 10_000])
async def test_bodies_as_different_clients_write_them_are_taken(
    api: Api, body: bytes, step: int
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), step):
            yield body[at : at + step]

    answer = await api.http.post(
        "/v1/uploads", content=pieces(), headers=api.headers(**{"Content-Type": BOUND})
    )
    assert answer.status_code == 201, answer.text
    ((_, size, digest),) = api.uploads.objects.values()
    assert (size, digest) == (len(PNG), hashlib.sha256(PNG).digest())


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/form-data; boundary="b"',
        "Multipart/Form-Data;  Boundary=b",
        "multipart/form-data; charset=utf-8; boundary=b",
    ],
)
async def test_headers_as_different_clients_write_them_are_taken(
    api: Api, content_type: str
) -> None:
    answer = await api.http.post(
        "/v1/uploads",
        content=part("file") + b"--b--\r\n",
        headers=api.headers(**{"Content-Type": content_type}),
    )
    assert answer.status_code == 201, answer.text


async def test_a_preamble_has_an_end(api: Api) -> None:
    answer = await api.http.post(
        "/v1/uploads",
        content=b"x" * 17_000 + b"\r\n" + part("file") + b"--b--\r\n",
        headers=api.headers(**{"Content-Type": BOUND}),
    )
    assert code(answer) == (422, "VALIDATION_ERROR")


async def test_a_key_and_a_file_are_stored_once(api: Api) -> None:
    first, again = [await upload(api, PNG, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["upload_key"] == again.json()["upload_key"]
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (
        False,
        "true",
    )
    assert code(await upload(api, JPEG, **{"Idempotency-Key": "k"})) == (
        422,
        "IDEMPOTENCY_KEY_REUSED",
    )
    assert len(api.uploads.objects) == 1
    assert (await upload(api, PNG, **{"Idempotency-Key": "other"})).status_code == 201
    assert code(await upload(api, PNG, **{"Idempotency-Key": "a b"})) == (422, "VALIDATION_ERROR")


async def test_of_uploads_with_one_key_at_once_one_object_stays(api: Api) -> None:
    answers = await asyncio.gather(
        *(upload(api, PNG, **{"Idempotency-Key": "k"}) for _ in range(8))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["upload_key"] for answer in answers}) == 1
    assert set(api.uploads.objects) == {answers[0].json()["upload_key"]}


async def test_another_tenants_idempotency_key_is_another_key(api: Api) -> None:
    mine = await upload(api, PNG, **{"Idempotency-Key": "k"})
    theirs = grant_key(api.accounts, "other")
    headers = {"Authorization": f"Bearer {theirs}", "Idempotency-Key": "k"}
    answer = await api.http.post("/v1/uploads", files={"file": PNG}, headers=headers)
    assert (answer.status_code, "idempotency-replayed" in answer.headers) == (201, False)
    assert answer.json()["upload_key"].startswith("users/other/uploads/")
    assert mine.json()["upload_key"] != answer.json()["upload_key"]


async def test_the_object_store_out_of_reach_is_503_and_the_key_is_not_used_up(api: Api) -> None:
    api.uploads.failure = StoreUnavailable("S3 answered SlowDown")
    answer = await upload(api, PNG, **{"Idempotency-Key": "k"})
    assert (code(answer), answer.headers["retry-after"]) == ((503, "UNAVAILABLE"), "1")
    api.uploads.failure = None
    again = await upload(api, PNG, **{"Idempotency-Key": "k"})
    assert (again.status_code, "idempotency-replayed" in again.headers) == (201, False)


async def test_uploading_needs_the_capability_to_create(api: Api) -> None:
    reader = grant_key(api.accounts, "abc", "jobs:read")
    answer = await api.http.post(
        "/v1/uploads", files={"file": PNG}, headers={"Authorization": f"Bearer {reader}"}
    )
    assert code(answer) == (403, "CAPABILITY_MISSING")


async def test_a_file_is_never_in_memory_whole(api: Api) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield part("file", b"")[:-2] + PNG
        for _ in range(24 * 16):
            yield bytes(65_536)
        yield b"\r\n--b--\r\n"

    headers = api.headers(**{"Content-Type": BOUND})
    tracemalloc.start()
    try:
        answer = await api.http.post("/v1/uploads", content=body(), headers=headers)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == 201
    assert next(iter(api.uploads.objects.values()))[1] > 24 * 1024 * 1024
    assert most_bytes < 4 * 1024 * 1024


class Caller:
    """One ASGI exchange whose body the test sends and breaks off."""

    def __init__(self, api_key: str, *messages: dict[str, Any]) -> None:
        self.sent: list[dict[str, Any]] = []
        self._messages = list(messages)
        self.scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST",
            "path": "/v1/uploads",
            "raw_path": b"/v1/uploads", "query_string": b"", "root_path": "", "scheme": "http",
            "server": ("api.test", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(b"authorization", f"Bearer {api_key}".encode()),
            (b"content-type", BOUND.encode())],
        }  # fmt: skip

    async def receive(self) -> dict[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


BEGUN = {"type": "http.request", "body": part("file")[:-2], "more_body": True}


@pytest.mark.parametrize("then", [{"type": "http.disconnect"}, None], ids=["gone", "stalled"])
async def test_a_client_that_goes_away_or_stalls_leaves_nothing_behind(
    then: dict[str, Any] | None,
) -> None:
    ports, accounts, _, _ = make_ports(upload_timeout_s=0.1)
    caller = Caller(grant_key(accounts, "abc"), BEGUN, *([then] if then else []))
    await create_app(ports)(caller.scope, caller.receive, caller.send)  # type: ignore[arg-type]  # dicts stand for ASGI messages
    assert caller.sent[0]["status"] == 408
    assert isinstance(ports.uploads, FakeUploads)
    assert ports.uploads.objects == {}


async def test_more_uploads_at_once_than_there_are_places_for_are_asked_to_come_back() -> None:
    ports, accounts, _, _ = make_ports(uploads_max=1)
    key = grant_key(accounts, "abc")
    app = create_app(ports)
    first = Caller(key, BEGUN)
    running = asyncio.create_task(app(first.scope, first.receive, first.send))  # type: ignore[arg-type]  # as above
    while not app.state.upload_places.locked():
        await asyncio.sleep(0)
    second = Caller(key, BEGUN)
    await app(second.scope, second.receive, second.send)  # type: ignore[arg-type]  # as above
    assert second.sent[0]["status"] == 503
    running.cancel()
    await asyncio.wait({running})
    assert not app.state.upload_places.locked()


async def test_a_form_names_one_object_and_its_type(api: Api) -> None:
    body = {"content_type": "image/webp", "bytes": 1000}
    answer = await api.http.post("/v1/uploads/presigned", json=body, headers=api.headers())
    assert answer.status_code == 201
    shown = answer.json()
    assert set(shown) == {"upload_key", "url", "fields", "expires_at"}
    assert shown["upload_key"].startswith("users/abc/uploads/")
    assert shown["upload_key"].endswith(".webp")
    assert shown["fields"] == {"key": shown["upload_key"], "Content-Type": "image/webp"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"bytes": 1}, "content_type"), ({"content_type": "image/png"}, "bytes"),
        ({"content_type": "image/gif", "bytes": 1}, "content_type"),
        ({"content_type": "text/html", "bytes": 1}, "content_type"),
        *(({"content_type": "image/png", "bytes": n}, "bytes") for n in (0, -1,
        MAX_UPLOAD_BYTES + 1, 2**63, 1.5, "1", True)),
        ({"content_type": "image/png", "bytes": 1, "key": "users/other/x"}, "key"),
    ],
)  # fmt: skip
async def test_a_form_for_anything_else_is_refused_where_it_is_wrong(
    api: Api, body: dict[str, Any], place: str
) -> None:
    answer = await api.http.post("/v1/uploads/presigned", json=body, headers=api.headers())
    assert code(answer) == (422, "VALIDATION_ERROR")
    assert answer.json()["detail"][0]["loc"] == ["body", place]


def test_the_places_for_bytes_in_memory_are_small() -> None:
    assert uploads.IN_MEMORY_BYTES + uploads.WRITE_BYTES <= 2 * 1024 * 1024


async def test_a_photo_that_can_not_be_decoded_is_refused_and_not_stored(api: Api) -> None:
    api.photos.damaged = GarmentError("image_unreadable", "The photo is damaged.")
    answer = await upload(api, PNG)
    assert code(answer) == (422, "VALIDATION_ERROR")
    assert answer.json()["detail"][0] == {
        "loc": ["body", "file"],
        "msg": "The photo is damaged.",
        "type": "image_unreadable",
    }
    assert api.uploads.objects == {}
