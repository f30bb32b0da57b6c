"""Uploads on a real S3: what a form and a link allow, and what they do not."""

import os
from collections.abc import Iterator
from io import BytesIO

import asyncpg
import boto3
import httpx
import pytest

from devstack.demo import object_store
from devstack.stack import Stack
from runtime.settings import ObjectStoreSettings
from schemas.ids import new_request_id
from schemas.uploads import MAX_UPLOAD_BYTES
from storage.presigned import Presigner
from storage.submissions import IdempotencyKey
from storage.uploads import UploadStore
from tests.integration.conftest import until
from tests.unit.compositing.pictures import save, tee

PNG = save(tee())


@pytest.fixture
def s3(services: Stack) -> Iterator[ObjectStoreSettings]:
    """The services' S3, with its credentials where boto3 looks for them."""
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: services.env[name] for name in names})
    boto3.DEFAULT_SESSION = None
    yield ObjectStoreSettings(
        bucket=services.env["LOOKS_S3_BUCKET"],
        namespace=services.env.get("LOOKS_NAMESPACE", ""),
        endpoint_url=services.env["LOOKS_S3_ENDPOINT_URL"],
        presigned_ttl_s=60,
    )
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    boto3.DEFAULT_SESSION = None


@pytest.fixture
def uploads(pool: asyncpg.Pool, s3: ObjectStoreSettings) -> UploadStore:
    """The store under test."""
    return UploadStore(pool, s3)


def ask(method: str, url: str) -> httpx.Response:
    """What the object store says to anyone who has a link."""
    return httpx.request(method, url, content=b"x" if method == "PUT" else None, timeout=60)


def a_key() -> str:
    return f"users/abc/uploads/{new_request_id()}.png"


def stored(services: Stack, key: str) -> bytes | None:
    client = object_store(services.env)
    found = client.list_objects_v2(Bucket=services.env["LOOKS_S3_BUCKET"], Prefix=key).get(
        "Contents", []
    )
    return (
        client.get_object(Bucket=services.env["LOOKS_S3_BUCKET"], Key=key)["Body"].read()
        if found
        else None
    )


async def test_a_file_is_stored_and_its_link_saves_it(
    services: Stack, uploads: UploadStore
) -> None:
    key, file = a_key(), BytesIO(PNG)
    file.seek(100)
    await uploads.put(key, file, "image/png")
    assert stored(services, key) == PNG
    answer = ask("GET", uploads.link(key))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (
        200,
        PNG,
        "image/png",
    )
    assert answer.headers["content-disposition"] == "attachment"
    await uploads.delete(key)
    assert stored(services, key) is None


@pytest.mark.hostile(row=37)
async def test_row_37_a_link_reads_one_object_and_does_nothing_else(uploads: UploadStore) -> None:
    keys = [a_key(), a_key()]
    for key in keys:
        await uploads.put(key, BytesIO(PNG), "image/png")
    link = uploads.link(keys[0])
    assert ask("GET", link).status_code == 200
    assert ask("GET", link.replace(keys[0], keys[1])).status_code == 403
    assert ask("PUT", link).status_code == 403
    assert ask("DELETE", link).status_code == 403
    assert ask("GET", link + "&response-content-type=text/html").status_code == 403
    assert ask("GET", link.replace("attachment", "inline")).status_code == 403
    assert ask("GET", link.partition("?")[0]).status_code == 403


@pytest.mark.hostile(row=37)
async def test_row_37_a_link_dies(uploads: UploadStore, s3: ObjectStoreSettings) -> None:
    key = a_key()
    await uploads.put(key, BytesIO(PNG), "image/png")
    link = Presigner(s3.model_copy(update={"presigned_ttl_s": 1})).get(s3.bucket, key)

    async def dead() -> bool:
        return ask("GET", link).status_code == 403

    await until(dead, 20)


def post(url: str, fields: dict[str, str], data: bytes = PNG) -> int:
    return httpx.post(url, data=fields, files={"file": ("x", data)}, timeout=60).status_code


async def test_a_form_stores_the_object_that_it_is_for(
    services: Stack, uploads: UploadStore
) -> None:
    key = a_key()
    form = uploads.form(key, "image/png")
    assert 200 <= post(form.url, form.fields) < 300
    assert stored(services, key) == PNG
    assert ask("GET", uploads.link(key)).headers["content-type"] == "image/png"


@pytest.mark.hostile(row=36)
@pytest.mark.parametrize(
    "change", ["key", "type", "empty", "too large", "policy", "signature", "no policy"]
)
async def test_row_36_a_form_stores_nothing_else(
    services: Stack, uploads: UploadStore, change: str
) -> None:
    key, elsewhere = a_key(), a_key()
    form = uploads.form(key, "image/png")
    fields, data = dict(form.fields), PNG
    match change:
        case "key":
            fields["key"] = elsewhere
        case "type":
            fields["Content-Type"] = "text/html"
        case "empty":
            data = b""
        case "too large":
            data = b"\0" * (MAX_UPLOAD_BYTES + 1)
        case "policy":
            fields["policy"] = uploads.form(elsewhere, "image/png").fields["policy"]
        case "signature":
            fields["x-amz-signature"] = "0" * 64
        case "no policy":
            del fields["policy"]
    assert 400 <= post(form.url, fields, data) < 500
    assert stored(services, key) is None
    assert stored(services, elsewhere) is None


@pytest.mark.hostile(row=36)
async def test_row_36_a_form_dies(s3: ObjectStoreSettings) -> None:
    url, fields, _ = Presigner(s3).post(s3.bucket, a_key(), "image/png", MAX_UPLOAD_BYTES, 1)

    async def dead() -> bool:
        return post(url, fields) == 403

    await until(dead, 20)


async def test_of_requests_with_one_idempotency_key_one_is_remembered(uploads: UploadStore) -> None:
    once = IdempotencyKey("POST /v1/uploads", new_request_id(), b"digest")
    assert await uploads.recall("demo", "live", once) is None
    assert await uploads.remember("demo", "live", once, new_request_id(), "users/abc/uploads/1.png")
    assert not await uploads.remember(
        "demo", "live", once, new_request_id(), "users/abc/uploads/2.png"
    )
    assert await uploads.recall("demo", "live", once) == ("users/abc/uploads/1.png", True)
    other = IdempotencyKey(once.route, once.key, b"other digest")
    assert await uploads.recall("demo", "live", other) == ("users/abc/uploads/1.png", False)
    assert await uploads.recall("demo", "test", once) is None
    assert await uploads.recall("other", "live", once) is None
