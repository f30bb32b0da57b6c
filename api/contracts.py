"""The contracts for readers and programs: `/docs` of HTTP (its `/openapi.json` is FastAPI's),
`/asyncapi` and `/asyncapi.json` of the topics. No key is needed.
"""

import json
from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api import asyncapi_page, reference_page
from api.plain_page import POLICY

router = APIRouter(include_in_schema=False)

MAX_AGE_S = 300
HEADERS = {"Cache-Control": f"public, max-age={MAX_AGE_S}", "X-Content-Type-Options": "nosniff"}


ASYNCAPI: Final = Path(__file__).resolve().parents[1] / "docs" / "contracts" / "asyncapi.json"
"""Generated and shipped: whoever makes it imports the consumers, and the API knows none."""


@cache
def _json() -> bytes:
    return ASYNCAPI.read_bytes()


@cache
def _page() -> str:
    return asyncapi_page.render(json.loads(_json()))


@router.get("/asyncapi.json")
async def asyncapi_json() -> Response:
    """The AsyncAPI 3 document of all topics."""
    return Response(_json(), headers=HEADERS, media_type="application/json")


@router.get("/asyncapi")
async def asyncapi_html() -> HTMLResponse:
    """The same as a page: one file, no script, nothing from elsewhere."""
    return HTMLResponse(_page(), headers={**HEADERS, "Content-Security-Policy": POLICY})


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The reference of HTTP: one file, no script, nothing from elsewhere."""
    state = request.app.state
    if not hasattr(state, "reference"):
        state.reference = reference_page.render(request.app.openapi())
    return HTMLResponse(state.reference, headers={**HEADERS, "Content-Security-Policy": POLICY})


@router.get("/redoc")
async def redoc() -> RedirectResponse:
    """Where FastAPI has a second reference."""
    return RedirectResponse("/docs")
