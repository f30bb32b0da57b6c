"""`GET /ops`: static files. No key is needed: all data goes through `/ops/v1`."""

from functools import cache
from importlib.resources import files

from fastapi import APIRouter, Request, Response

from api.static_files import StaticFile, below, policy, read_file, served

router = APIRouter(include_in_schema=False)


@cache
def ops_files() -> dict[str, StaticFile]:
    """Every file of the operators' console by its path below `/ops/`."""
    own = below(files("api.ops").joinpath("static"), "")
    return {name: read_file(entry) for name, entry in own}


@router.get("/ops")
@router.get("/ops/{path:path}")
async def ops_console(request: Request, path: str = "") -> Response:
    """The page at `/ops`, and what it needs below it."""
    return served(request, ops_files(), path, policy("'self'"))
