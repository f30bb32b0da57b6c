"""`GET /console`: static files, read once and held in memory. No key is needed: all data goes
through the v1 routes.

A request's path is looked up among the names that were read, and never joined to a folder.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from api.errors import ApiError
from api.ports import Ports
from schemas.errors import ErrorCode
from storage.presigned import Presigner

router = APIRouter(include_in_schema=False)

PAGE = "index.html"
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
    "webp": "image/webp",
}
MANNEQUINS = "mannequins"
"""The engine's own pictures of them, to compare a look with."""
HEADERS = {
    # kept, and asked for again by its ETag: a new release is seen at once
    "Cache-Control": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is served."""

    content: bytes
    media_type: str
    etag: str


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file of the console by its path below `/console/`."""
    own = _below(files("api.console").joinpath("static"), "")
    beside = _below(files("compositing").joinpath(MANNEQUINS), f"{MANNEQUINS}/")
    shown = [(name, entry) for name, entry in beside if name.endswith(".webp")]
    return {name: _read(entry) for name, entry in [*own, *shown]}


def _below(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        found += _below(entry, f"{name}/") if entry.is_dir() else [(name, entry)]
    return found


def _read(entry: Traversable) -> StaticFile:
    content = entry.read_bytes()
    return StaticFile(
        content,
        TYPES[entry.name.rpartition(".")[2]],
        f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def policy(pictures: str) -> str:
    """What the page may load and do. `pictures`: the origin that presigned links point to."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: "
        f"{pictures}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
        "'script'; trusted-types 'none'"
    )


def picture_origin(links: Presigner) -> str:
    """Where presigned links point: signing is local, and says it truly for every kind of
    endpoint.
    """
    parts = urlsplit(links.get("bucket", "key"))
    return f"{parts.scheme}://{parts.netloc}"


@router.get("/console")
@router.get("/console/{path:path}")
async def console(request: Request, path: str = "") -> Response:
    """The page at `/console`, and what it needs below it."""
    found = static_files().get(path or PAGE)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such page.")
    ports: Ports = request.app.state.ports
    headers = {
        **HEADERS,
        "ETag": found.etag,
        "Content-Security-Policy": policy(picture_origin(ports.links)),
    }
    seen = [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    ]
    if found.etag in seen or seen == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
