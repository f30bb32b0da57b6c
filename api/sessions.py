"""`/v1/session`: a key is given once and becomes a cookie that no script can read; `/v1/sessions`:
where a key is signed in.

The cookie stands for its key: it may do what that may, and ends with it. Each sign-in makes a new
token and ends the session that the browser had before, so that a token that somebody else put there
is never one that is signed in.
"""

from fastapi import APIRouter, Request, Response

from api import cookies, examples, present
from api.answers import gives, header, takes
from api.errors import ApiError
from api.gates import GatedRoute, admit, admit_key, credential_of
from api.keys import KeyRing
from api.ports import Ports
from api.refusals import READING, WITH_A_BODY, but, only, refusals
from domain.sessions import MAX_AGENT_CHARS
from schemas.errors import ErrorCode
from schemas.reads import Me
from schemas.sessions import ConsoleSession, ConsoleSessionList, CurrentSession, SignIn
from storage.accounts import Credential

PATH = "/v1/session"
NOBODY = Credential("", "", "", frozenset(), ())
EXAMPLE_ID = "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV"


class SignInRoute(GatedRoute):
    """Open to whoever has a key to give, but not to other sites' pages: they could sign their
    visitors in as somebody else.
    """

    async def admitted(self, request: Request) -> Credential:
        """Nobody yet. Raises ApiError 403."""
        if cookies.origin_of(request.scope).is_foreign:
            raise ApiError(ErrorCode.ORIGIN_REFUSED, "Sign in on this service's own page.")
        return NOBODY


class SignedInRoute(GatedRoute):
    """For every key that works, and for its sessions."""

    needs = dict.fromkeys(("GET", "DELETE"), "")


door = APIRouter(route_class=SignInRoute, tags=["sessions"])
router = APIRouter(route_class=SignedInRoute, tags=["sessions"])

COOKIE = {"Set-Cookie": header("HttpOnly, SameSite=Strict; over https Secure too")}
NO_SESSION = refusals({404: "NOT_FOUND, also for another key's"})


@door.post(
    PATH,
    status_code=201,
    response_model=Me,
    responses=but(READING, 503)
    | only(WITH_A_BODY, 408, 413, 415)
    | refusals({503: "UNAVAILABLE: try again"})
    | gives(201, examples.ME | {"session_id": EXAMPLE_ID}, headers=COOKIE),
    operation_id="sign_in",
    openapi_extra={"security": [], **takes({"key": "sk_live_..."})},
)
async def sign_in(request: Request, response: Response, body: SignIn) -> Me:
    """Turn a key into a session, kept by the browser as a cookie."""
    ports: Ports = request.app.state.ports
    who = await admit_key(request.scope, body.key.get_secret_value(), "")
    await _leave(request)
    agent = request.headers.get("user-agent", "")[:MAX_AGENT_CHARS]
    session_id, token = await ports.sessions.begin(who.key_id, agent.replace("\x00", ""))
    response.headers.append(
        "Set-Cookie", cookies.set_cookie(request.scope, token, ports.api.session_kept_s)
    )
    return present.me(who).model_copy(update={"session_id": session_id})


@door.get(
    PATH,
    response_model=CurrentSession,
    responses=but(READING, 401) | gives(200, {"me": None}),
    operation_id="get_session",
    openapi_extra={"security": []},
)
async def get_session(request: Request) -> CurrentSession:
    """Whether this browser is signed in, and whose key it is signed in with."""
    if cookies.token_in(request.scope) is None:
        return CurrentSession(me=None)
    try:
        return CurrentSession(me=present.me(await admit(request.scope, (), "")))
    except ApiError as error:
        if error.code is not ErrorCode.UNAUTHENTICATED:
            raise
        return CurrentSession(me=None)


@router.delete(
    PATH,
    status_code=204,
    responses=READING | gives(204, headers=COOKIE, description="signed out"),
    operation_id="sign_out",
)
async def sign_out(request: Request) -> Response:
    """End the session of this request, if it came by one."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    if who.session_id is not None:
        await ports.sessions.end(who.key_id, who.session_id)
    return _left(request)


@router.get(
    "/v1/sessions",
    response_model=ConsoleSessionList,
    responses=READING
    | gives(
        200,
        {
            "items": [
                {
                    "id": EXAMPLE_ID,
                    "current": True,
                    "agent": "Mozilla/5.0",
                    "created_at": "2026-01-02T03:04:05Z",
                    "last_seen_at": "2026-01-02T04:04:05Z",
                    "expires_at": "2026-01-09T03:04:05Z",
                }
            ]
        },
    ),
    operation_id="list_sessions",
)
async def list_sessions(request: Request) -> ConsoleSessionList:
    """Where this key is signed in, the last used first."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    return ConsoleSessionList(
        items=[
            ConsoleSession(
                id=row.session_id,
                current=row.session_id == who.session_id,
                agent=row.agent,
                created_at=row.created_at,
                last_seen_at=row.seen_at,
                expires_at=row.expires_at,
            )
            for row in await ports.sessions.sessions(who.key_id)
        ]
    )


@router.delete(
    "/v1/sessions",
    status_code=204,
    responses=READING | gives(204, headers=COOKIE, description="signed out everywhere"),
    operation_id="sign_out_everywhere",
)
async def sign_out_everywhere(request: Request) -> Response:
    """End every session of this key. The key itself goes on working."""
    ports: Ports = request.app.state.ports
    await ports.sessions.end_all(credential_of(request).key_id)
    return _left(request)


@router.delete(
    "/v1/sessions/{session_id}",
    status_code=204,
    responses=READING | NO_SESSION | gives(204, description="ended"),
    operation_id="end_session",
)
async def end_session(request: Request, session_id: str) -> Response:
    """End one session of this key."""
    ports: Ports = request.app.state.ports
    who = credential_of(request)
    if "\x00" in session_id or not await ports.sessions.end(who.key_id, session_id):
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such session.")
    _ring(request).forget()
    return Response(status_code=204)


async def _leave(request: Request) -> None:
    """End the session that the browser has."""
    ports: Ports = request.app.state.ports
    token = cookies.token_in(request.scope)
    before = None if token is None else await ports.sessions.credential(token)
    if before is not None and before.session_id is not None:
        await ports.sessions.end(before.key_id, before.session_id)
        _ring(request).forget()


def _left(request: Request) -> Response:
    """The answer after which the browser has no cookie, nor this process a memory."""
    _ring(request).forget()
    response = Response(status_code=204)
    for line in cookies.forget_cookies():
        response.headers.append("Set-Cookie", line)
    return response


def _ring(request: Request) -> KeyRing[Credential]:
    ring: KeyRing[Credential] = request.app.state.sessions
    return ring
