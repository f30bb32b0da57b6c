"""The cookie of a console's session: read strictly, and set so that no script and no other site has
any use of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

from domain.operators import SESSION_PREFIX
from domain.sessions import PREFIX, RequestOrigin, is_token

SECURE: Final = "__Host-"
"""Over https: a browser takes it from this host alone, and from no other site of the same domain
(https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis).
"""


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """A cookie's name, and how its tokens begin."""

    name: str
    prefix: str

    @property
    def secure_name(self) -> str:
        """What it is called over https."""
        return f"{SECURE}{self.name}"


TENANTS: Final = SessionCookie("looks_session", PREFIX)
OPERATORS: Final = SessionCookie("looks_ops_session", SESSION_PREFIX)
ATTEMPT: Final = "looks_ops_sign_in"


def origin_of(scope: Scope) -> RequestOrigin:
    """What the browser says of where this request comes from."""
    return RequestOrigin(
        method=scope["method"],
        host=_one(scope, b"host") or "",
        origin=_one(scope, b"origin"),
        fetch_site=_one(scope, b"sec-fetch-site"),
    )


def token_in(scope: Scope, cookie: SessionCookie = TENANTS) -> str | None:
    """The one well-formed token among the cookies; None for none or several. Over https only the
    cookie that another site of the domain can't set.
    """
    names = {cookie.secure_name} | ({cookie.name} if scope.get("scheme") != "https" else set())
    found = {
        value for name, value in _cookies(scope) if name in names and is_token(value, cookie.prefix)
    }
    return found.pop() if len(found) == 1 else None


def is_secure(scope: Scope) -> bool:
    """Whether the browser reached us over https, also where a proxy before us ended it."""
    return scope.get("scheme") == "https" or (_one(scope, b"origin") or "").startswith("https://")


def set_cookie(
    scope: Scope,
    token: str,
    kept_s: float,
    cookie: SessionCookie = TENANTS,
    *,
    secure: bool = False,
) -> str:
    """The header by which a browser keeps the token. `secure`: it is known to come over https."""
    named = _plain(cookie.name, token)
    if secure or is_secure(scope):
        named = f"{_plain(cookie.secure_name, token)}; Secure"
    return f"{named}; Max-Age={int(kept_s)}"


def forget_cookies(cookie: SessionCookie = TENANTS) -> list[str]:
    """The headers by which it forgets it, by whichever name it was kept."""
    return [
        f"{_plain(cookie.name, '')}; Max-Age=0",
        f"{_plain(cookie.secure_name, '')}; Secure; Max-Age=0",
    ]


def attempt_in(scope: Scope, *, secure: bool) -> str | None:
    """What the browser has of a sign-in at a provider; None for none or several."""
    found = {value for name, value in _cookies(scope) if name == _attempt_name(secure=secure)}
    return found.pop() if len(found) == 1 else None


def attempt_cookie(value: str, kept_s: float, *, secure: bool) -> str:
    """The header by which it keeps that. It comes along when the provider's page leads back here,
    which no cookie does that is SameSite=Strict.
    """
    named = f"{_attempt_name(secure=secure)}={value}; Path=/; HttpOnly; SameSite=Lax"
    return f"{named}{'; Secure' if secure else ''}; Max-Age={int(kept_s)}"


def forget_attempt(*, secure: bool) -> str:
    """The header by which it forgets that."""
    return attempt_cookie("", 0, secure=secure)


def _attempt_name(*, secure: bool) -> str:
    return f"{SECURE}{ATTEMPT}" if secure else ATTEMPT


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
