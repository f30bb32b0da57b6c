"""Files that are read once and held in memory, and served to pages that may load nothing else.

A request's path is looked up among the names that were read, and never joined to a folder.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from fastapi import Request, Response

from api.errors import ApiError
from schemas.errors import ErrorCode

PAGE = "index.html"
TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "jpg": "image/jpeg",
    "webp": "image/webp",
}
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


def below(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    """All files of a folder, by their path after `path`."""
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{path}{entry.name}"
        found += below(entry, f"{name}/") if entry.is_dir() else [(name, entry)]
    return found


def read_file(entry: Traversable) -> StaticFile:
    """Its bytes, its type by its name, and a tag of what it holds."""
    content = entry.read_bytes()
    return StaticFile(
        content,
        TYPES[entry.name.rpartition(".")[2]],
        f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    )


def policy(pictures: str) -> str:
    """What a page may load and do. `pictures`: where its pictures may come from."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
        f"{pictures}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for "
        "'script'; trusted-types 'none'"
    )


def served(request: Request, files: Mapping[str, StaticFile], path: str, may_load: str) -> Response:
    """The file, or that the client has it. Raises ApiError 404."""
    found = files.get(path or PAGE)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such page.")
    headers = {**HEADERS, "ETag": found.etag, "Content-Security-Policy": may_load}
    seen = [
        tag.strip().removeprefix("W/")
        for tag in request.headers.get("if-none-match", "").split(",")
    ]
    if found.etag in seen or seen == ["*"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, headers=headers, media_type=found.media_type)
