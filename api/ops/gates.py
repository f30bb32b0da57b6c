"""Who may ask /ops for what: each route names the role that it needs, and none has no rule."""

import re
from typing import Annotated, Any, Final
from urllib.parse import unquote

from fastapi import Query, Request
from starlette.types import Scope

from api import cookies
from api.errors import ApiError
from api.gates import GatedRoute, bearer
from api.keys import KeyRing, unauthenticated
from api.queries import whole
from domain.operators import Operator, OperatorRole
from schemas.errors import ErrorCode
from storage.accounts import Credential

RowLimit = Annotated[int, Query(ge=1, le=500, description="rows at most"), whole]
RULE: Final = "x-needs-role"
NOBODY: Final = Credential("", "", "", frozenset(), ())
"""What the gates before every route are shown of whom: operators are no tenants."""
_KEY = re.compile(r"op_[0-9A-Za-z]{49}")


def needs(role: OperatorRole | None, example: Any = None) -> dict[str, Any]:
    """A route's `openapi_extra`: the least role that it needs (None: open to who has none yet),
    and an example of its body.
    """
    rule: dict[str, Any] = {RULE: role.value if role else "none"}
    if role is None:
        rule["security"] = []
    if example is not None:
        rule["requestBody"] = {"content": {"application/json": {"example": example}}}
    return rule


class OpsRoute(GatedRoute):
    """A route for operators of a role, and those above it."""

    async def admitted(self, request: Request) -> Credential:
        """Who asks is in `request.state.operator`. Raises ApiError 401, 403 or 429."""
        rule = (self.openapi_extra or {})[RULE]
        if rule == "none":
            if cookies.origin_of(request.scope).is_foreign:
                raise ApiError(ErrorCode.ORIGIN_REFUSED, "Sign in on this service's own page.")
            return NOBODY
        who = await admit(request)
        if not who.role.may(OperatorRole(rule)):
            raise ApiError(
                ErrorCode.CAPABILITY_MISSING, f"This needs the role {rule}; yours is {who.role}."
            )
        request.state.operator = who
        return NOBODY


async def admit(request: Request) -> Operator:
    """Who asks: by the one key in the one right place, or by the cookie of a sign-in, which counts
    from our own pages alone. Raises ApiError 401, 403 or 429.
    """
    given = request.headers.getlist("authorization")
    token = None if given else cookies.token_in(request.scope, cookies.OPERATORS)
    if token is None:
        if _KEY.search(unquote(request.scope["query_string"].decode("latin-1"))):
            raise unauthenticated()
        return await by_key(request.scope, bearer(given, request.scope["query_string"]))
    if not cookies.origin_of(request.scope).may_use_cookie:
        raise ApiError(
            ErrorCode.ORIGIN_REFUSED,
            "A session is for this service's own pages; this request came from elsewhere.",
        )
    return await _of(request.scope, request.app.state.sessions, token)


async def by_key(scope: Scope, key: str) -> Operator:
    """Who a key speaks for. Raises ApiError 401 or 429."""
    return await _of(scope, scope["app"].state.keys, key)


async def _of(scope: Scope, ring: KeyRing[Operator], text: str) -> Operator:
    client = scope.get("client")
    return await ring.credential(text, client[0] if client else None)


def operator_of(request: Request) -> Operator:
    """Who the gates let in."""
    who: Operator = request.state.operator
    return who
