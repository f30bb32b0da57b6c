"""The cookie of a console's session: read strictly, and set so that no script and no other site has
any use of it.
"""

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

from domain.sessions import RequestOrigin, is_token

NAME: Final = "looks_session"
SECURE_NAME: Final = f"__Host-{NAME}"
"""Over https: a browser takes it from this host alone, and from no other site of the same domain
(https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis).
"""


def origin_of(scope: Scope) -> RequestOrigin:
    """What the browser says of where this request comes from."""
    return RequestOrigin(
        method=scope["method"],
        host=_one(scope, b"host") or "",
        origin=_one(scope, b"origin"),
        fetch_site=_one(scope, b"sec-fetch-site"),
    )


def token_in(scope: Scope) -> str | None:
    """The one well-formed token among the cookies; None for none or several. Over https only the
    cookie that another site of the domain can't set.
    """
    names = {SECURE_NAME} if scope.get("scheme") == "https" else {SECURE_NAME, NAME}
    found = {value for name, value in _cookies(scope) if name in names and is_token(value)}
    return found.pop() if len(found) == 1 else None


def is_secure(scope: Scope) -> bool:
    """Whether the browser reached us over https, also where a proxy before us ended it."""
    return scope.get("scheme") == "https" or (_one(scope, b"origin") or "").startswith("https://")


def set_cookie(scope: Scope, token: str, kept_s: float) -> str:
    """The header by which a browser keeps the token."""
    return f"{_named(scope, token)}; Max-Age={int(kept_s)}"


def forget_cookies() -> list[str]:
    """The headers by which it forgets it, by whichever name it was kept."""
    return [f"{_plain(NAME, '')}; Max-Age=0", f"{_plain(SECURE_NAME, '')}; Secure; Max-Age=0"]


def _named(scope: Scope, token: str) -> str:
    if is_secure(scope):
        return f"{_plain(SECURE_NAME, token)}; Secure"
    return _plain(NAME, token)


def _plain(name: str, value: str) -> str:
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict"


def _cookies(scope: Scope) -> Iterable[tuple[str, str]]:
    for name, value in scope["headers"]:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, _, text = pair.strip().partition("=")
                yield key, text


def _one(scope: Scope, wanted: bytes) -> str | None:
    """A header that came once; one that came twice is worth nothing."""
    values: list[str] = [
        value.decode("latin-1") for name, value in scope["headers"] if name == wanted
    ]
    if not values:
        return None
    return values[0] if len(values) == 1 else ""
