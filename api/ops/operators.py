"""`/ops/v1/operators`: whose keys there are, made and revoked by admins; `/ops/v1/actions`: what
was done with them.
"""

from dataclasses import asdict
from datetime import timedelta

from fastapi import APIRouter, Request, Response

from api.answers import gives
from api.errors import ApiError
from api.keys import KeyRing
from api.ops.browser import session_ring
from api.ops.gates import OpsRoute, RowLimit, needs, operator_of
from api.ops.ports import OpsPorts
from api.ops.refusals import ACTING, SEEING, OpsRefused
from domain.operators import OperatorRole
from operations.letters.records import action_object
from schemas.errors import ErrorCode
from schemas.operations import (
    ActionItem,
    ActionItemList,
    AddOperator,
    EndSessions,
    OperatorKey,
    OperatorKeyList,
    OperatorKeyWithText,
    OperatorSignedIn,
    OperatorSignedInList,
    SessionsEnded,
)
from storage.operators import LastAdmin

router = APIRouter(route_class=OpsRoute, tags=["operators"])


@router.get(
    "/ops/v1/operators",
    response_model=OperatorKeyList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_operators(request: Request) -> OperatorKeyList:
    """Keys without their texts."""
    ports: OpsPorts = request.app.state.ports
    own = operator_of(request).key_id
    rows = await ports.operators.keys()
    return OperatorKeyList(
        items=[OperatorKey(**asdict(row), current=row.key_id == own) for row in rows]
    )


@router.post(
    "/ops/v1/operators",
    status_code=201,
    response_model=OperatorKeyWithText,
    responses=ACTING | gives(201, {"key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "key": "op_..."}),
    openapi_extra=needs(OperatorRole.ADMIN, {"name": "ada", "role": "operator"}),
)
async def add_operator(
    request: Request, response: Response, body: AddOperator
) -> OperatorKeyWithText:
    """Make a key. Its text is in this answer and nowhere else."""
    ports: OpsPorts = request.app.state.ports
    who = operator_of(request)
    life = None if body.expires_in_s is None else timedelta(seconds=body.expires_in_s)
    role = OperatorRole(body.role)
    key_id, key = await ports.operators.add(body.name, role, who.recorded, who.role.value, life)
    response.headers["Cache-Control"] = "no-store"
    return OperatorKeyWithText(key_id=key_id, key=key)


@router.delete(
    "/ops/v1/operators/{key_id}",
    status_code=204,
    responses=ACTING | gives(204, description="revoked"),
    openapi_extra=needs(OperatorRole.ADMIN),
)
async def revoke_operator(request: Request, key_id: str) -> Response:
    """End a key and its sessions. The last admin's stays."""
    ports: OpsPorts = request.app.state.ports
    who = operator_of(request)
    try:
        done = "\x00" not in key_id and await ports.operators.revoke(
            key_id, who.recorded, who.role.value
        )
    except LastAdmin:
        raise OpsRefused(
            "LAST_ADMIN", "This is the last admin's key: make another one first."
        ) from None
    if not done:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such key that works.")
    for ring in (request.app.state.keys, request.app.state.sessions):
        assert isinstance(ring, KeyRing)
        ring.forget()
    return Response(status_code=204)


@router.get(
    "/ops/v1/sessions",
    response_model=OperatorSignedInList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_sessions(request: Request) -> OperatorSignedInList:
    """Who is signed in, by a key or at the provider."""
    ports: OpsPorts = request.app.state.ports
    own = operator_of(request).key_id
    return OperatorSignedInList(
        items=[
            OperatorSignedIn(**asdict(row), current=row.operator_id == own)
            for row in await ports.operators.sessions()
        ]
    )


@router.post(
    "/ops/v1/sessions/end",
    response_model=SessionsEnded,
    responses=ACTING | gives(200, {"ended": 2}),
    openapi_extra=needs(
        OperatorRole.ADMIN,
        {"operator_id": "https://login.example.com 00u1ab2c", "why": "a lost laptop"},
    ),
)
async def end_sessions(request: Request, body: EndSessions) -> SessionsEnded:
    """End all sessions of a person or a key, at once. A key goes on working: revoke that."""
    ports: OpsPorts = request.app.state.ports
    who = operator_of(request)
    ended = await ports.operators.end_all(body.operator_id, who.recorded, who.role.value, body.why)
    if not ended:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no session of this operator.")
    session_ring(request).forget()
    return SessionsEnded(ended=ended)


@router.get(
    "/ops/v1/actions",
    response_model=ActionItemList,
    responses=SEEING | gives(200, {"items": []}),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def list_actions(request: Request, limit: RowLimit = 100) -> ActionItemList:
    """What operators did, here and at terminals, the newest first."""
    ports: OpsPorts = request.app.state.ports
    done = await ports.desk.actions.newest(limit)
    return ActionItemList(
        items=[ActionItem.model_validate(action_object(one)) for one in reversed(done)]
    )
