"""`/ops/v1/session`: a key is given once and becomes a cookie that no script can read."""

from fastapi import APIRouter, Request, Response

from api import cookies
from api.answers import gives
from api.errors import ApiError
from api.ops.browser import leave, named_agent, session_ring
from api.ops.gates import OpsRoute, admit, by_key, needs, operator_of
from api.ops.ports import OpsPorts
from api.ops.refusals import ACTING, SEEING
from domain.operators import Operator, OperatorRole
from schemas.errors import ErrorCode
from schemas.operations import OperatorMe, OperatorSession, OperatorSignIn

PATH = "/ops/v1/session"
ME = {"key_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": "ada", "role": "operator"}
router = APIRouter(route_class=OpsRoute, tags=["session"])


@router.post(
    PATH,
    status_code=201,
    response_model=OperatorMe,
    responses=ACTING | gives(201, ME),
    openapi_extra=needs(None, {"key": "op_..."}),
)
async def sign_in(request: Request, response: Response, body: OperatorSignIn) -> OperatorMe:
    """Turn a key into a session, kept by the browser as a cookie."""
    ports: OpsPorts = request.app.state.ports
    who = await by_key(request.scope, body.key.get_secret_value())
    await leave(request)
    _, token = await ports.operators.begin(who.key_id, named_agent(request))
    response.headers.append(
        "Set-Cookie",
        cookies.set_cookie(request.scope, token, ports.api.session_kept_s, cookies.OPERATORS),
    )
    return _me(who)


@router.get(
    PATH,
    response_model=OperatorSession,
    responses=SEEING | gives(200, {"me": ME, "provider": None}),
    openapi_extra=needs(None),
)
async def get_session(request: Request) -> OperatorSession:
    """Whether this browser is signed in, and who it is signed in as."""
    ports: OpsPorts = request.app.state.ports
    provider = None if ports.oidc is None else ports.oidc.called
    if cookies.token_in(request.scope, cookies.OPERATORS) is None:
        return OperatorSession(me=None, provider=provider)
    try:
        return OperatorSession(me=_me(await admit(request)), provider=provider)
    except ApiError as error:
        if error.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return OperatorSession(me=None, provider=provider)


@router.delete(
    PATH,
    status_code=204,
    responses=SEEING | gives(204, description="signed out"),
    openapi_extra=needs(OperatorRole.VIEWER),
)
async def sign_out(request: Request) -> Response:
    """End the session of this request, if it came by one."""
    ports: OpsPorts = request.app.state.ports
    who = operator_of(request)
    if who.session_id is not None:
        await ports.operators.end(who.key_id, who.session_id)
    session_ring(request).forget()
    response = Response(status_code=204)
    for line in cookies.forget_cookies(cookies.OPERATORS):
        response.headers.append("Set-Cookie", line)
    return response


def _me(who: Operator) -> OperatorMe:
    return OperatorMe(key_id=who.key_id, name=who.name, role=who.role.value)
