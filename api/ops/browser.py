"""The session that a browser has: what a new sign-in needs of it, whichever way it comes."""

from fastapi import Request

from api import cookies
from api.keys import KeyRing
from api.ops.ports import OpsPorts
from domain.operators import Operator
from domain.sessions import MAX_AGENT_CHARS


def named_agent(request: Request) -> str:
    """The browser, as it names itself."""
    return request.headers.get("user-agent", "")[:MAX_AGENT_CHARS].replace("\x00", "")


async def leave(request: Request) -> None:
    """End the session that the browser has: a token that somebody else put there is never one that
    is signed in.
    """
    ports: OpsPorts = request.app.state.ports
    token = cookies.token_in(request.scope, cookies.OPERATORS)
    before = None if token is None else await ports.operators.signed_in(token)
    if before is not None and before.session_id is not None:
        await ports.operators.end(before.key_id, before.session_id)
        session_ring(request).forget()


def session_ring(request: Request) -> KeyRing[Operator]:
    """What remembers sign-ins shortly."""
    ring: KeyRing[Operator] = request.app.state.sessions
    return ring
