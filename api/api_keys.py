"""`/v1/keys`: a tenant's keys, made, rotated and revoked by a key that may (`keys:manage`).

A key makes keys of its own tenant and environment alone, and gives none what it may not do itself.
Texts are shown once, when they are made.
"""

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from api import examples
from api.answers import gives, takes
from api.errors import ApiError, invalid
from api.gates import GatedRoute, credential_of
from api.keys import KeyRing
from api.ports import Ports
from api.refusals import READING, WITH_A_BODY, refusals
from schemas.errors import ErrorCode
from schemas.keys import (
    ApiKey,
    ApiKeyList,
    ApiKeyWithText,
    CreateApiKey,
    RenameApiKey,
    RotateApiKey,
    RotatedApiKey,
)
from storage.accounts import MAX_KEYS, KeyEnded, KeyRow


class KeysRoute(GatedRoute):
    """A gated route that needs one capability, whatever its method."""

    needs = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), "keys:manage")


router = APIRouter(route_class=KeysRoute, tags=["account"])

OF_A_KEY = READING | refusals({404: "NOT_FOUND, also for another tenant's and one that has ended"})
LIMIT = refusals({409: f"LIMIT_REACHED: {MAX_KEYS} keys work"})
EXAMPLE = {
    "id": examples.REQUEST_ID,
    "name": "web shop",
    "last4": "x7Qa",
    "capabilities": ["jobs:create", "jobs:read"],
    "created_at": examples.AT,
    "expires_at": None,
    "last_used_at": examples.DONE,
    "revoked_at": None,
    "replaces": None,
    "works": True,
    "current": True,
}


@router.get(
    "/v1/keys",
    response_model=ApiKeyList,
    responses=READING | gives(200, {"items": [EXAMPLE]}),
    operation_id="list_keys",
)
async def list_keys(request: Request) -> ApiKeyList:
    """This tenant's keys of the same environment, newest first, without their texts."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    rows = await ports.accounts.own_keys(who.tenant_id, who.environment)
    return ApiKeyList(items=[_shown(row, who.key_id) for row in rows])


@router.post(
    "/v1/keys",
    status_code=201,
    response_model=ApiKeyWithText,
    responses=READING
    | WITH_A_BODY
    | LIMIT
    | gives(201, {**EXAMPLE, "current": False, "key": "sk_live_..."}),
    openapi_extra=takes({"capabilities": ["jobs:read"], "name": "web shop"}),
    operation_id="create_key",
)
async def create_key(request: Request, body: CreateApiKey) -> ApiKeyWithText:
    """A new key that may do no more than this one. Its text is not shown again."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    for index, one in enumerate(body.capabilities):
        if one not in who.capabilities:
            raise invalid(("body", "capabilities", index), f"this key may not do {one} itself")
    working = [
        row for row in await ports.accounts.own_keys(who.tenant_id, who.environment) if row.works
    ]
    if len(working) >= MAX_KEYS:
        raise ApiError(
            ErrorCode.LIMIT_REACHED, f"{MAX_KEYS} keys work, as many as may: revoke one first."
        )
    life = None if body.expires_in_s is None else timedelta(seconds=body.expires_in_s)
    capabilities = list(dict.fromkeys(one.value for one in body.capabilities))
    key_id, text = await ports.accounts.create_key(
        who.tenant_id, who.environment, capabilities, expires_in=life
    )
    if body.name:
        await ports.accounts.rename_key(key_id, body.name)
    row = await _find(request, key_id)
    return ApiKeyWithText(**_shown(row, who.key_id).model_dump(), key=text)


@router.patch(
    "/v1/keys/{key_id}",
    response_model=ApiKey,
    responses=OF_A_KEY | WITH_A_BODY | gives(200, EXAMPLE),
    openapi_extra=takes({"name": "web shop"}),
    operation_id="rename_key",
)
async def rename_key(request: Request, key_id: str, body: RenameApiKey) -> ApiKey:
    """Call it something else, while it works."""
    ports: Ports = request.app.state.ports
    known = await _find(request, key_id)
    if known.revoked_at is not None:
        raise _missing()
    await ports.accounts.rename_key(known.key_id, body.name)
    return _shown(await _find(request, key_id), credential_of(request).key_id)


@router.post(
    "/v1/keys/{key_id}/rotate",
    response_model=RotatedApiKey,
    responses=OF_A_KEY
    | WITH_A_BODY
    | gives(
        200,
        {
            **EXAMPLE,
            "current": False,
            "replaces": examples.REQUEST_ID,
            "key": "sk_live_...",
            "previous_valid_until": examples.AT,
        },
    ),
    openapi_extra=takes({"overlap_s": 86400}),
    operation_id="rotate_key",
)
async def rotate_key(request: Request, key_id: str, body: RotateApiKey) -> RotatedApiKey:
    """A new key like this one, which works for a while beside it. Its text is not shown again."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    known = await _find(request, key_id)
    if not set(known.capabilities) <= who.capabilities:
        raise ApiError(
            ErrorCode.CAPABILITY_MISSING, "That key may do what this one may not: rotate it by one."
        )
    try:
        new_id, text, ends_at = await ports.accounts.rotate_key(
            known.key_id, timedelta(seconds=body.overlap_s)
        )
    except KeyEnded:
        raise _missing() from None
    row = await _find(request, new_id)
    return RotatedApiKey(
        **_shown(row, who.key_id).model_dump(), key=text, previous_valid_until=ends_at
    )


@router.delete(
    "/v1/keys/{key_id}",
    status_code=204,
    responses=OF_A_KEY | gives(204, description="it works no more, and nobody is signed in by it"),
    operation_id="revoke_key",
)
async def revoke_key(request: Request, key_id: str) -> Response:
    """End a key, also the one of this request, within a second."""
    ports: Ports = request.app.state.ports
    known = await _find(request, key_id)
    if not known.works or not await ports.accounts.revoke_key(known.key_id):
        raise _missing()
    for ring in (request.app.state.keys, request.app.state.sessions):
        assert isinstance(ring, KeyRing)
        ring.forget()
    return Response(status_code=204)


async def _find(request: Request, key_id: str) -> KeyRow:
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    rows = await ports.accounts.own_keys(who.tenant_id, who.environment)
    found = [row for row in rows if row.key_id == key_id]
    if not found:
        raise _missing()
    return found[0]


def _missing() -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, "There is no such key that works.")


def _shown(row: KeyRow, current: str) -> ApiKey:
    return ApiKey(
        id=row.key_id,
        name=row.name,
        last4=row.last4,
        capabilities=sorted(row.capabilities),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        replaces=row.replaces,
        works=row.works,
        current=row.key_id == current,
    )
