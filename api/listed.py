"""The uploads of a caller that are on its list."""

from fastapi import Request

from api.errors import ApiError
from api.gates import credential_of
from api.ports import Ports
from domain.object_keys import problem as key_problem
from schemas.errors import ErrorCode


async def listed_thumbnail(request: Request, upload_key: str) -> bytes:
    """The small picture of the caller's own upload. Raises ApiError NOT_FOUND for a key that is
    not on its list, another tenant's too."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    found = None
    if key_problem(upload_key) is None:
        found = await ports.uploads.thumbnail(who.tenant_id, who.environment, upload_key)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no upload with this key on the list.")
    return found
