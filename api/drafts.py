"""`/v1/draft`: the look that somebody is putting together in the console. It belongs to the key, so
it is there in every browser that signs in with it.
"""

from fastapi import APIRouter, Request, Response

from api import examples
from api.answers import gives, takes
from api.gates import GatedRoute, credential_of
from api.ports import Ports
from api.refusals import READING, WITH_A_BODY
from schemas.drafts import LookDraft, SavedDraft


class DraftRoute(GatedRoute):
    """A gated route for whoever may make looks."""

    needs = dict.fromkeys(("GET", "PUT", "DELETE"), "jobs:create")


router = APIRouter(route_class=DraftRoute, tags=["looks"])

PATH = "/v1/draft"
EXAMPLE = {
    "items": [
        {"trial_image": examples.UPLOAD_KEY, "trial_item_category": "shirt", "name": "a.jpg"}
    ],
    "user_category": "FEMALE",
}


@router.get(
    PATH,
    response_model=SavedDraft,
    responses=READING | gives(200, {"draft": EXAMPLE, "updated_at": examples.AT}),
    operation_id="get_draft",
)
async def get_draft(request: Request) -> SavedDraft:
    """The draft of this key, as it was saved last; it is forgotten 30 days after that."""
    ports: Ports = request.app.state.ports
    row = await ports.drafts.draft(credential_of(request).key_id)
    if row is None:
        return SavedDraft(draft=None, updated_at=None)
    return SavedDraft(draft=LookDraft.model_validate(row.draft), updated_at=row.updated_at)


@router.put(
    PATH,
    response_model=SavedDraft,
    responses=READING | WITH_A_BODY | gives(200, {"draft": EXAMPLE, "updated_at": examples.AT}),
    openapi_extra=takes(EXAMPLE),
    operation_id="save_draft",
)
async def save_draft(request: Request, body: LookDraft) -> SavedDraft:
    """Keep this in place of the draft that was there: whoever saves last is right."""
    ports: Ports = request.app.state.ports
    row = await ports.drafts.save(credential_of(request).key_id, body.model_dump(mode="json"))
    return SavedDraft(draft=body, updated_at=row.updated_at)


@router.delete(
    PATH,
    status_code=204,
    responses=READING | gives(204, description="there is no draft any more"),
    operation_id="drop_draft",
)
async def drop_draft(request: Request) -> Response:
    """Forget the draft of this key."""
    ports: Ports = request.app.state.ports
    await ports.drafts.drop(credential_of(request).key_id)
    return Response(status_code=204)
