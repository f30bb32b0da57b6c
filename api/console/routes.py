"""`GET /console`: static files. No key is needed: all data goes through the v1 routes."""

from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from api.ports import Ports
from api.static_files import StaticFile, below, policy, read_file, served
from storage.presigned import Presigner

router = APIRouter(include_in_schema=False)

MANNEQUINS = "mannequins"
"""The engine's own pictures of them, to compare a look with."""


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file of the console by its path below `/console/`."""
    own = below(files("api.console").joinpath("static"), "")
    beside = below(files("compositing").joinpath(MANNEQUINS), f"{MANNEQUINS}/")
    shown = [(name, entry) for name, entry in beside if name.endswith(".webp")]
    return {name: read_file(entry) for name, entry in [*own, *shown]}


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
    ports: Ports = request.app.state.ports
    may_load = policy(f"'self' blob: {picture_origin(ports.links)}")
    return served(request, static_files(), path, may_load)
