"""`POST /v1/uploads`: a photo into the object store, through us or by a form that the client posts
there itself.

A file that comes through us is spooled to disk as it streams, a megabyte of it in memory at most,
and stored only when it is whole and a picture that can be used: a client that goes away leaves
nothing behind.
"""

import asyncio
import hashlib
import os
import tempfile
from dataclasses import dataclass
from typing import Annotated, BinaryIO, cast

from fastapi import APIRouter, Query, Request, Response
from starlette.requests import ClientDisconnect

from api import cursors, examples
from api.answers import REPLAYED, gives, header, next_page, takes
from api.errors import ApiError, invalid, unavailable
from api.gates import GatedRoute, credential_of
from api.idempotency import IdempotencyKeyHeader, key_of, reused
from api.listed import listed_thumbnail
from api.multipart import file_of
from api.ports import Ports
from api.queries import Cursor, PageLimit
from api.refusals import CREATING, READING, only, refusals
from compositing import GarmentError
from compositing.header import EXTENSIONS, NAMES, HeaderReader
from runtime import logs
from runtime.metrics import UPLOADS
from schemas.errors import ErrorCode
from schemas.ids import new_request_id
from schemas.uploads import (
    MAX_UPLOAD_BYTES,
    ListedUpload,
    PresignedUpload,
    PresignedUploadRequest,
    Upload,
    UploadList,
)
from storage.accounts import Credential
from storage.database import TRANSIENT
from storage.object_store import StoreError
from storage.submissions import IdempotencyKey
from storage.uploads import StoredPhoto

log = logs.get(__name__)

router = APIRouter(route_class=GatedRoute, tags=["uploads"])

PATH = "/v1/uploads"
ROUTE = f"POST {PATH}"
FIELD = "file"
IN_MEMORY_BYTES = 1024 * 1024
WRITE_BYTES = 256 * 1024
OVERHEAD_BYTES = 64 * 1024
"""Of a multipart body around its file."""
THUMBNAIL_KEPT_S = 24 * 3600
NOSNIFF = {"X-Content-Type-Options": "nosniff"}

UPLOADING = only(CREATING, 401, 403, 406, 408, 413, 415, 429) | refusals(
    {
        422: "VALIDATION_ERROR or IDEMPOTENCY_KEY_REUSED: nothing stored",
        503: "UNAVAILABLE: the object store or the database is out of reach, or too many at once",
    }
)
UPLOADED = {
    "upload_key": examples.UPLOAD_KEY,
    "image_url": examples.PICTURE["image_url"],
}
TO_A_LOOK = {
    "operationId": "create_look",
    "requestBody": {
        "items": [{"trial_image": "$response.body#/upload_key", "trial_item_category": "top"}]
    },
}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "additionalProperties": False,
                    "properties": {
                        FIELD: {
                            "type": "string",
                            "format": "binary",
                            "description": f"a {NAMES} picture, 25 MiB at most",
                        }
                    },
                }
            }
        },
    }
}


@router.post(
    PATH,
    status_code=201,
    response_model=Upload,
    responses=UPLOADING | gives(201, UPLOADED, headers=REPLAYED, links={"dressed": TO_A_LOOK}),
    operation_id="upload_photo",
    summary="Upload a garment photo",
    openapi_extra=_FORM,
)
async def upload_photo(
    request: Request,
    response: Response,
    idempotency_key: IdempotencyKeyHeader = None,
) -> Upload:
    """Store one photo, free of charge. Its type is read from its bytes, and it is decoded once:
    what is accepted can be decoded.
    """
    ports: Ports = request.app.state.ports
    places: asyncio.Semaphore = request.app.state.upload_places
    text = key_of(request.headers.getlist("idempotency-key"))
    if places.locked():
        raise unavailable("Too many uploads at once.")
    async with places:
        with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as spool:
            file = cast(BinaryIO, spool)
            try:
                received = await _receive(request, ports, file)
            except ApiError:
                UPLOADS.labels("refused").inc()
                raise
            idempotency = IdempotencyKey(ROUTE, text, received.digest) if text is not None else None
            who = credential_of(request)
            key, replayed = await _store(ports, who, file, received.content_type, idempotency)
            if not replayed:
                photo = StoredPhoto(key, received.content_type, file.seek(0, os.SEEK_END))
                await _note(ports, who, photo, received.thumbnail)
    UPLOADS.labels("replayed" if replayed else "stored").inc()
    if replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return Upload(upload_key=key, image_url=ports.uploads.link(key))


@router.get(
    PATH,
    response_model=UploadList,
    responses=READING
    | gives(
        200,
        {
            "items": [
                {
                    **UPLOADED,
                    "upload_id": examples.REQUEST_ID,
                    "content_type": "image/jpeg",
                    "bytes": 182_044,
                    "created_at": examples.AT,
                }
            ],
            "next_cursor": None,
        },
        links=next_page("list_uploads"),
    ),
    operation_id="list_uploads",
    summary="List the garment photos that were uploaded",
)
async def list_uploads(
    request: Request, limit: PageLimit = 20, cursor: Cursor = None
) -> UploadList:
    """Photos of `POST /v1/uploads` of the last 90 days, newest first; not those that went straight
    to the object store. An older one can still be named by its key.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    scope = ("uploads", who.tenant_id, who.environment)
    before = cursors.read(cursor, *scope)
    rows = await ports.uploads.listed(who.tenant_id, who.environment, limit + 1, before)
    page = rows[:limit]
    return UploadList(
        items=[
            ListedUpload(
                upload_key=row.object_key,
                image_url=ports.uploads.link(row.object_key),
                upload_id=row.upload_id,
                content_type=row.content_type,
                bytes=row.size_bytes,
                created_at=row.created_at,
            )
            for row in page
        ],
        next_cursor=cursors.make(page[-1].upload_id, *scope) if len(rows) > limit else None,
        count=len(page),
    )


@router.get(
    f"{PATH}/thumbnail",
    response_class=Response,
    responses=READING
    | refusals({404: "NOT_FOUND, also for another tenant's"})
    | gives(
        200,
        description="a JPEG of 160 x 213 pixels at most",
        headers={"Cache-Control": header("it never changes")},
        content={"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
    ),
    operation_id="get_upload_thumbnail",
    summary="What an uploaded photo looks like, small",
)
async def get_upload_thumbnail(
    request: Request,
    upload_key: Annotated[str, Query(description="as the upload said it", max_length=1024)],
) -> Response:
    """Of photos of `POST /v1/uploads` of the last 90 days. Photos that browsers can't show (HEIC)
    have one too.
    """
    found = await listed_thumbnail(request, upload_key)
    headers = {"Cache-Control": f"private, max-age={THUMBNAIL_KEPT_S}, immutable"}
    return Response(found, media_type="image/jpeg", headers=headers | NOSNIFF)


@router.post(
    f"{PATH}/presigned",
    status_code=201,
    response_model=PresignedUpload,
    responses=UPLOADING
    | gives(
        201,
        {
            "upload_key": examples.UPLOAD_KEY,
            "url": "https://objects.example/looks",
            "fields": {
                "key": examples.UPLOAD_KEY,
                "Content-Type": "image/jpeg",
                "policy": "...",
            },
            "expires_at": "2026-01-02T03:14:05Z",
        },
    ),
    openapi_extra=takes({"content_type": "image/jpeg", "bytes": 182_044}),
    operation_id="presign_upload",
    summary="Get a form to upload a garment photo straight to the object store",
)
async def presign_upload(request: Request, body: PresignedUploadRequest) -> PresignedUpload:
    """A form for one object of this type, good for 10 minutes. What is uploaded is looked at when a
    look names it.
    """
    ports: Ports = request.app.state.ports
    key = _object_key(credential_of(request), new_request_id(), body.content_type)
    form = ports.uploads.form(key, body.content_type)
    return PresignedUpload(
        upload_key=key, url=form.url, fields=form.fields, expires_at=form.expires_at
    )


@dataclass(frozen=True, slots=True)
class _Received:
    """A photo that was sent whole. `digest`: its SHA-256."""

    content_type: str
    digest: bytes
    thumbnail: bytes


async def _receive(request: Request, ports: Ports, file: BinaryIO) -> _Received:
    """Spool the file and see that it can be decoded. Raises ApiError 408, 413, 415 or 422."""
    header, digest, size_bytes = HeaderReader(), hashlib.sha256(), 0
    waiting = bytearray()
    try:
        async for piece in file_of(request, FIELD):
            size_bytes += len(piece)
            if size_bytes > MAX_UPLOAD_BYTES:
                raise ApiError(
                    ErrorCode.PAYLOAD_TOO_LARGE, f"A photo may have {MAX_UPLOAD_BYTES} bytes."
                )
            header.feed(piece)
            digest.update(piece)
            waiting += piece
            if len(waiting) >= WRITE_BYTES:
                await asyncio.to_thread(file.write, bytes(waiting))
                waiting.clear()
        await asyncio.to_thread(file.write, bytes(waiting))
        content_type, _, _ = header.end()
        thumbnail = await ports.photos.thumbnail(file, size_bytes)
    except GarmentError as error:
        raise _unusable(header, error, size_bytes) from None
    except ClientDisconnect:
        raise ApiError(ErrorCode.REQUEST_TIMEOUT, "The upload was broken off.") from None
    return _Received(content_type, digest.digest(), thumbnail)


def _unusable(header: HeaderReader, error: GarmentError, size_bytes: int) -> ApiError:
    if not size_bytes:
        why = "The file is empty: it has 0 bytes, as when a stream that was read already is sent."
        return ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, why)
    if header.content_type is None:
        return ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, str(error))
    return invalid(("body", FIELD), str(error), error.code)


async def _store(
    ports: Ports,
    who: Credential,
    file: BinaryIO,
    content_type: str,
    idempotency: IdempotencyKey | None,
) -> tuple[str, bool]:
    """The object key of the file, and whether it had been stored before under its idempotency key.

    Two requests with one key may both store; the database says whose object it is, and the other
    takes its own away.
    """
    if idempotency is not None and (known := await _known(ports, who, idempotency)) is not None:
        return known, True
    upload_id = new_request_id()
    key = _object_key(who, upload_id, content_type)
    try:
        await ports.uploads.put(key, file, content_type)
    except StoreError as error:
        UPLOADS.labels("failed").inc()
        log.warning("an upload could not be stored", error=f"{type(error).__name__}: {error}")
        raise unavailable("The object store is out of reach.") from error
    if idempotency is None or await ports.uploads.remember(
        who.tenant_id, who.environment, idempotency, upload_id, key
    ):
        return key, False
    try:
        await ports.uploads.delete(key)
    except StoreError as error:
        log.warning("an object that nobody will name stays", key=key, error=type(error).__name__)
    known = await _known(ports, who, idempotency)
    if known is None:
        raise unavailable("The Idempotency-Key was just forgotten.")
    return known, True


async def _note(ports: Ports, who: Credential, photo: StoredPhoto, thumbnail: bytes) -> None:
    """Put a stored photo on the list. It is good without that, so nothing is refused for it."""
    try:
        await ports.uploads.note(who.tenant_id, who.environment, photo, thumbnail)
    except TRANSIENT as error:
        log.warning("an upload is not on the list", key=photo.key, error=type(error).__name__)


async def _known(ports: Ports, who: Credential, idempotency: IdempotencyKey) -> str | None:
    found = await ports.uploads.recall(who.tenant_id, who.environment, idempotency)
    if found is not None and not found[1]:
        raise reused("file")
    return found[0] if found else None


def _object_key(who: Credential, upload_id: str, content_type: str) -> str:
    """Below the tenant's first prefix; for a test key that is apart from all live data."""
    if not who.key_prefixes:
        raise ApiError(
            ErrorCode.CAPABILITY_MISSING, "This tenant has no prefix that objects may lie below."
        )
    return f"{who.key_prefixes[0]}uploads/{upload_id}.{EXTENSIONS[content_type]}"
