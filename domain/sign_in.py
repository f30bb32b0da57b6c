"""Signing in by an OpenID Connect provider: what binds an attempt to one browser, and who comes of
it.

An attempt is one random token that only its browser has, and the page to go to. State, nonce and
PKCE's verifier are derived from both, so none of them is kept here, none can be told from another,
and an attempt that was changed has another state than the provider was given.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from domain.engines import is_this_machine
from domain.operators import MAX_NAME_CHARS, OperatorRole
from domain.sessions import is_token, make_token
from domain.webhook_targets import target_of

ATTEMPT_PREFIX: Final = "oidc_"
ATTEMPT_S: Final = 600
"""An attempt ends after so long."""
HOME: Final = "/ops"
MAX_SUBJECT_CHARS: Final = 255
"""OpenID Connect Core 1.0, 2: of a `sub`."""

_SUBJECT: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
_OWN_PAGE: Final = re.compile(r"/ops(#/[A-Za-z0-9._~!$&'*+,;=:@/?%-]{0,500})?")
_SHOWN_CLAIMS: Final = ("email", "name", "preferred_username")


def own_page(text: str) -> str | None:
    """The page of /ops that this is; None: it leads anywhere else."""
    return text if _OWN_PAGE.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class SignInAttempt:
    """One that has begun. `begun_s`: seconds since 1970."""

    token: str
    begun_s: int
    page: str

    @classmethod
    def begin(cls, choose: Callable[[str], str], now_s: float, page: str) -> Self:
        """A new one. `choose` picks one character of a string at random; pass `secrets.choice`."""
        return cls(make_token(choose, ATTEMPT_PREFIX), int(now_s), page)

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What a cookie holds; None: no attempt."""
        parts = text.split(".")
        if len(parts) != 3 or not is_token(parts[0], ATTEMPT_PREFIX):
            return None
        if not re.fullmatch(r"[0-9]{1,12}", parts[1]):
            return None
        try:
            page = own_page(base64.urlsafe_b64decode(parts[2] + "==").decode("ascii"))
        except ValueError:
            return None
        return None if page is None else cls(parts[0], int(parts[1]), page)

    def written(self) -> str:
        """As a cookie holds it."""
        return f"{self.token}.{self.begun_s}.{_base64url(self.page.encode())}"

    def is_over(self, now_s: float) -> bool:
        """Whether its time is up."""
        return not 0 <= now_s - self.begun_s < ATTEMPT_S

    @property
    def state(self) -> str:
        """What the provider sends back with its answer."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the ID token must hold."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """PKCE's secret (RFC 7636), shown when the code is redeemed."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """Its S256, shown when the code is asked for."""
        return _base64url(hashlib.sha256(self.verifier.encode()).digest())

    def is_answered_by(self, state: str) -> bool:
        """Whether the provider's answer is to this attempt."""
        return hmac.compare_digest(self.state.encode(), state.encode("utf-8", "replace"))

    def _derived(self, what: str) -> str:
        told = f"{what}\n{self.begun_s}\n{self.page}".encode()
        return _base64url(hmac.digest(self.token.encode(), told, "sha256"))


@dataclass(frozen=True, slots=True)
class Person:
    """Who a provider says somebody is: `subject` is unique at `issuer` and never anybody else's;
    `shown` is for readers, and may be anybody's.
    """

    issuer: str
    subject: str
    shown: str

    @property
    def person_id(self) -> str:
        """By which the person is known here."""
        return f"{self.issuer} {self.subject}"


def person_of(issuer: str, claims: Mapping[str, object]) -> Person | None:
    """Whom checked claims speak of; None: their `sub` is none."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or len(subject) > MAX_SUBJECT_CHARS:
        return None
    if not _SUBJECT.fullmatch(subject):
        return None
    told = {name: claims.get(name) for name in _SHOWN_CLAIMS}
    if claims.get("email_verified") is False:
        told["email"] = None
    names = (_readable(one) for one in told.values() if isinstance(one, str))
    return Person(issuer, subject, next((one for one in names if one), subject[:MAX_NAME_CHARS]))


def claim_at(claims: Mapping[str, object], name: str) -> object:
    """The claim of this name; where there is none, names with dots between them lead into objects,
    as `realm_access.roles` does. None: there is nothing.
    """
    if name in claims:
        return claims[name]
    found: object = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def highest_role(value: object, roles: Mapping[str, OperatorRole]) -> OperatorRole | None:
    """The highest that a claim gives, which is a text or a list of texts; None: it gives none."""
    values = value if isinstance(value, list) else [value]
    given = {roles[one] for one in values if isinstance(one, str) and one in roles}
    return next((role for role in reversed(OperatorRole) if role in given), None)


def provider_url_problem(url: str) -> str | None:
    """What is wrong with an address of a provider, or of ours that it is told; None: nothing. In
    clear to this machine alone.
    """
    target = target_of(url, insecure=True)
    if isinstance(target, str):
        return target
    if target.scheme == "http" and not is_this_machine(target.host):
        return "must begin with https://"
    return None


def place_problem(url: str) -> str | None:
    """The same of one that others are made from, by adding a path to it."""
    return "must not hold a query" if urlsplit(url).query else provider_url_problem(url)


def _readable(text: str) -> str:
    """Parentheses are ours: what stands in them in a record is the person's id."""
    kept = "".join(one for one in text if one.isprintable() and one not in "()")
    return kept.strip()[:MAX_NAME_CHARS]


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
