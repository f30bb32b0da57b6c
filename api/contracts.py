"""`GET /asyncapi.json` and `GET /asyncapi`: the contract of the topics, for programs and for
readers. No key is needed.
"""

from functools import cache

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from api import asyncapi_page
from schemas.asyncapi import document
from schemas.json_schema import as_text

router = APIRouter(include_in_schema=False)

MAX_AGE_S = 300
HEADERS = {"Cache-Control": f"public, max-age={MAX_AGE_S}", "X-Content-Type-Options": "nosniff"}


@cache
def _json() -> bytes:
    return as_text(document()).encode()


@cache
def _page() -> str:
    return asyncapi_page.render(document())


@router.get("/asyncapi.json")
async def asyncapi_json() -> Response:
    """The AsyncAPI 3 document of all topics."""
    return Response(_json(), headers=HEADERS, media_type="application/json")


@router.get("/asyncapi")
async def asyncapi_html() -> HTMLResponse:
    """The same as a page: one file, no script, nothing from elsewhere."""
    return HTMLResponse(
        _page(), headers={**HEADERS, "Content-Security-Policy": asyncapi_page.POLICY}
    )
