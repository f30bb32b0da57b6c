"""`GET /v1/renders/{request_id}/picture` and `/v1/renders/zip`: finished pictures as files, through
us: for a page that may not read the object store, and for many at once.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import examples
from api.answers import gives, header
from api.errors import unavailable
from api.gates import GatedRoute, credential_of
from api.news import no_such_job
from api.owned import find_job, may_exist
from api.ports import Ports
from api.queries import whole
from api.refusals import OF_A_JOB
from api.zipping import ZipEntry, unique_names, zipped
from domain.object_keys import may_name
from runtime import logs
from schemas.events import StoredImage
from schemas.reads import PhotoLink
from storage.jobs import JobRow
from storage.object_store import StoreError

log = logs.get(__name__)

router = APIRouter(route_class=GatedRoute, tags=["renders"])

MAX_ZIPPED = 100
ZIPS_AT_ONCE = 4
EXTENSIONS = {"image/webp": "webp", "image/png": "png", "image/jpeg": "jpg"}
ZIP = "application/zip"
AS_FILE = {"Content-Disposition": header("`attachment`, with a file name")}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/v1/renders/zip",
    response_class=Response,
    responses=OF_A_JOB
    | gives(
        200,
        description=f"the pictures as files of one zip, in the order asked for: {MAX_ZIPPED} at "
        "most. Named by their `reference`, else by their request",
        headers=AS_FILE,
        content={ZIP: _BINARY},
    ),
    operation_id="download_renders",
    summary="Finished pictures as one zip",
)
async def download_renders(
    request: Request,
    request_id: Annotated[
        list[str],
        Query(description="the looks, each once", min_length=1, max_length=MAX_ZIPPED),
    ],
) -> Response:
    """All of them, or 404 where one has no picture."""
    ports: Ports = request.app.state.ports
    places: asyncio.Semaphore = request.app.state.zip_places
    rows = await _finished(request, request_id)
    if places.locked():
        raise unavailable("Too many zips at once.")
    images = [_image(row) for row in rows]
    names = unique_names(
        [
            (row.asked.reference or row.request_id, _extension(image))
            for row, image in zip(rows, images, strict=True)
        ]
    )
    entries = [
        ZipEntry(name, row.created_at, image.key)
        for name, row, image in zip(names, rows, images, strict=True)
    ]
    first = await _read(ports, entries[0].key)
    return StreamingResponse(
        zipped(_files(ports, places, entries, first)),
        media_type=ZIP,
        headers={"Content-Disposition": 'attachment; filename="looks.zip"'},
    )


@router.get(
    "/v1/renders/{request_id}/picture",
    response_class=Response,
    responses=OF_A_JOB
    | gives(
        200,
        description="the picture's bytes, as `picture` of `GET /v1/renders/{request_id}` has them",
        headers=AS_FILE | {"ETag": header("the SHA-256 of the picture")},
        content=dict.fromkeys(EXTENSIONS, _BINARY),
    ),
    operation_id="download_picture",
    summary="A finished picture as a file",
)
async def download_picture(request: Request, request_id: str) -> Response:
    """The same bytes as by the short-lived link, with the key instead of a signature."""
    ports: Ports = request.app.state.ports
    (row,) = await _finished(request, [request_id])
    image = _image(row)
    return Response(
        await _read(ports, image.key),
        media_type=image.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{row.request_id}.{_extension(image)}"',
            "ETag": f'"{image.sha256}"',
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.get(
    "/v1/jobs/{request_id}/photos/{index}",
    response_model=PhotoLink,
    responses=OF_A_JOB | gives(200, {"image_url": examples.PICTURE["image_url"]}),
    operation_id="get_photo",
    summary="The photo of one garment of a look",
)
async def get_photo(request: Request, request_id: str, index: Annotated[int, whole]) -> PhotoLink:
    """A link to the photo that `items[index].trial_image` of the job names. 404 where that is no
    object of the store.
    """
    ports: Ports = request.app.state.ports
    job = await find_job(request, request_id)
    key = job.asked.items[index]["trial_image"] if index < len(job.asked.items) else ""
    if not may_name(key, credential_of(request).key_prefixes):
        raise no_such_job()
    return PhotoLink(image_url=ports.uploads.link(key))


async def _finished(request: Request, request_ids: Sequence[str]) -> list[JobRow]:
    """These looks of the caller, in this order, each once. Raises ApiError 404 where one has no
    picture.
    """
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    wanted = list(dict.fromkeys(request_ids))
    if not all(may_exist(one) for one in wanted):
        raise no_such_job()
    rows = await ports.jobs.pictured(who.tenant_id, who.environment, wanted)
    found = {row.request_id: row for row in rows}
    if found.keys() != set(wanted):
        raise no_such_job()
    return [found[one] for one in wanted]


async def _files(
    ports: Ports, places: asyncio.Semaphore, entries: Sequence[ZipEntry], first: bytes
) -> AsyncIterator[tuple[ZipEntry, bytes]]:
    """Each entry with its bytes. What fails midway ends the answer before its end: nobody takes
    half a zip for a whole one.
    """
    async with places:
        yield entries[0], first
        for entry in entries[1:]:
            yield entry, await _read(ports, entry.key)


async def _read(ports: Ports, key: str) -> bytes:
    try:
        return await ports.pictures.read(key)
    except StoreError as error:
        log.warning("a picture could not be read", error=f"{type(error).__name__}: {error}")
        raise unavailable("The object store is out of reach.") from error


def _image(row: JobRow) -> StoredImage:
    return StoredImage.model_validate((row.result or {})["image"])


def _extension(image: StoredImage) -> str:
    return EXTENSIONS.get(image.content_type, "bin")
