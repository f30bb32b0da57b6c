"""`GET /v1/uploads/guess`: which category an uploaded photo shows, before a look is made of it.

The guess is the engine's own, the one of `auto`, made in a process apart (`api.guess_worker`). It
takes a second or two of a core, so one is made at a time, and few may wait (`api.guesses`).
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import examples
from api.answers import gives, header
from api.errors import ApiError, unavailable
from api.gates import GatedRoute
from api.listed import listed_thumbnail
from api.ports import Ports
from api.refusals import READING, refusals
from compositing import GarmentError
from schemas.errors import ErrorCode
from schemas.uploads import CategoryGuess
from storage.object_store import ObjectMissing, StoreError

router = APIRouter(route_class=GatedRoute, tags=["uploads"])

PATH = "/v1/uploads/guess"
KEPT_S, AGAIN_S = 3600, 2
NOT_HERE = (
    "This service guesses no category before a look is made: say it, or leave it to the look."
)


@router.get(
    PATH,
    response_model=CategoryGuess,
    responses=READING
    | refusals(
        {
            404: "NOT_FOUND, also for another tenant's",
            503: "UNAVAILABLE: the object store is out of reach, or too many guesses at once",
        }
    )
    | gives(
        200,
        {
            "upload_key": examples.UPLOAD_KEY,
            "category": "top",
            "confidence": 0.91,
            "message": None,
            "offered": True,
        },
        headers={"Cache-Control": header("it stays the same for long")},
    ),
    operation_id="guess_upload_category",
    summary="Guess which category an uploaded photo shows",
)
async def guess_upload_category(
    request: Request,
    response: Response,
    upload_key: Annotated[str, Query(description="as the upload said it", max_length=1024)],
) -> CategoryGuess:
    """The guess that a look with `auto` would make, from the garment's shape, with its confidence.
    Of photos of `POST /v1/uploads` of the last 90 days; free.
    """
    ports: Ports = request.app.state.ports
    await listed_thumbnail(request, upload_key)
    if not ports.guesses.here:
        return CategoryGuess(upload_key=upload_key, message=NOT_HERE, offered=False)
    if ports.guesses.places.locked():
        raise unavailable("Too many guesses at once.", after_s=AGAIN_S)
    try:
        async with ports.guesses.places:
            category, confidence = await ports.guesses.guess(upload_key)
        found = CategoryGuess(upload_key=upload_key, category=category, confidence=confidence)
    except GarmentError as error:
        found = CategoryGuess(upload_key=upload_key, message=str(error))
    except ObjectMissing:
        raise ApiError(ErrorCode.NOT_FOUND, "The photo is not in the store any more.") from None
    except StoreError as error:
        raise unavailable("The object store is out of reach.", after_s=AGAIN_S) from error
    response.headers["Cache-Control"] = f"private, max-age={KEPT_S}"
    return found
