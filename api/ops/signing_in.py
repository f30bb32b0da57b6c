"""Signing in at a provider: `/ops/v1/sign-in` sends the browser there, and it comes back to
`/ops/v1/sign-in/callback`.

SignInRefused           nobody is signed in: a page says why
├── NotBegunHere        400  no attempt of this browser is answered: another site's, an old one's
├── ProviderRefused     403  the provider says no, or has redeemed the code before
├── TokenRejected       403  the ID token is not one for us, of now and of this attempt
├── NoRole              403  the claim gives none
├── TooManySignIns      429  of one address
└── ProviderAway        503  it does not answer, or with what nobody can read
"""

import html
import secrets
import time
from typing import Annotated, Any, ClassVar, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api import cookies
from api.answers import Answers, gives
from api.errors import ApiError, invalid
from api.limits import failure_claim
from api.ops.browser import leave, named_agent
from api.ops.gates import NOBODY, OpsRoute, needs
from api.ops.ports import OpsPorts, Provider
from api.ops.refusals import SEEING
from api.static_files import HEADERS
from domain.operators import OperatorRole
from domain.sign_in import (
    ATTEMPT_S,
    HOME,
    Person,
    SignInAttempt,
    claim_at,
    highest_role,
    own_page,
    person_of,
)
from runtime import logs
from runtime.oidc_settings import CALLBACK_PATH, OidcSettings
from schemas.errors import ErrorCode
from storage.accounts import Credential

log = logs.get(__name__)

PATH = "/ops/v1/sign-in"
MAX_CHARS = 4096
SEE_OTHER = 303
PAGE: Final[dict[str, Any]] = {"text/html": {}}
REFUSALS: Final[Answers] = {
    400: {"description": "it did not begin in this browser", "content": PAGE},
    403: {"description": "the provider refuses, or gives no role", "content": PAGE},
    429: {"description": "too many of one address", "content": PAGE},
    503: {"description": "the provider does not answer", "content": PAGE},
}
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class SignInRefused(Exception):
    """An expected refusal. Its text is for the log; a page has the class's."""

    status: ClassVar[int] = 403
    told: ClassVar[str] = ""


class NotBegunHere(SignInRefused):
    """No attempt of this browser."""

    status = 400
    told = "This sign-in did not begin in this browser, or it took too long. Begin again."


class ProviderRefused(SignInRefused):
    """The provider says no."""

    told = "The provider did not sign you in. Begin again, or ask who runs it."


class TokenRejected(SignInRefused):
    """What the provider signed is not for this sign-in."""

    told = "What the provider answered could not be trusted, so nobody is signed in. Begin again."


class NoRole(SignInRefused):
    """The claim gives none."""

    told = "The provider knows you, but gives you no role here. Ask who runs it for one."


class TooManySignIns(SignInRefused):
    """Of one address."""

    status = 429
    told = "Too many sign-ins from this address failed. Wait a little, then begin again."


class ProviderAway(SignInRefused):
    """It does not answer."""

    status = 503
    told = "The provider does not answer. Try again shortly, or sign in with an operator's key."


class PageRoute(OpsRoute):
    """A route that a browser is at, not a script: it takes what comes."""

    def _offered(self) -> str | None:
        return None


class CallbackRoute(PageRoute):
    """Where the provider's page sends the browser to: from another site, so that the attempt in
    its cookie, and not the page it comes from, says whose it is.
    """

    async def admitted(self, request: Request) -> Credential:
        """Everybody."""
        return NOBODY


router = APIRouter(route_class=PageRoute, tags=["session"])
callback = APIRouter(route_class=CallbackRoute, tags=["session"])


@router.get(
    PATH,
    response_class=HTMLResponse,
    status_code=SEE_OTHER,
    responses=SEEING | REFUSALS | gives(SEE_OTHER, description="to the provider"),
    openapi_extra=needs(None),
)
async def begin_sign_in(
    request: Request,
    page: Annotated[str, Query(max_length=600, description="the page of /ops to go to")] = HOME,
) -> Response:
    """Send this browser to the provider. For people: a page of it asks who they are."""
    ports: OpsPorts = request.app.state.ports
    settings, provider = _set_up(ports)
    to = own_page(page)
    if to is None:
        raise invalid(("query", "page"), "must be a page of /ops")
    attempt = SignInAttempt.begin(secrets.choice, time.time(), to)
    try:
        place = await provider.address(attempt)
    except SignInRefused as refused:
        return _refused(request, settings, refused)
    response = RedirectResponse(place, SEE_OTHER, _headers())
    response.headers.append(
        "Set-Cookie",
        cookies.attempt_cookie(attempt.written(), ATTEMPT_S, secure=settings.is_secure),
    )
    return response


@callback.get(
    CALLBACK_PATH,
    response_class=HTMLResponse,
    status_code=SEE_OTHER,
    responses=SEEING | REFUSALS | gives(SEE_OTHER, description="signed in, to a page of /ops"),
    openapi_extra=needs(None),
)
async def end_sign_in(
    request: Request,
    state: Annotated[str, Query(max_length=MAX_CHARS)] = "",
    code: Annotated[str, Query(max_length=MAX_CHARS)] = "",
    error: Annotated[str, Query(max_length=MAX_CHARS)] = "",
    iss: Annotated[str | None, Query(max_length=MAX_CHARS)] = None,
) -> Response:
    """Where the provider sends the browser back to."""
    ports: OpsPorts = request.app.state.ports
    settings, _ = _set_up(ports)
    try:
        attempt = _attempt(request, settings, state)
        if error or not code or iss not in (None, settings.issuer):
            raise ProviderRefused(f"it answered {error[:100]!r}")
        person, role = await _signed_in(request, attempt, code)
    except SignInRefused as refused:
        return _refused(request, settings, refused)
    # From a provider of another site no session comes along: the browser's new one replaces it
    await leave(request)
    _, token = await ports.operators.begin_person(person, role, named_agent(request))
    log.info("an operator signed in", operator=person.person_id, role=role.value)
    response = RedirectResponse(attempt.page, SEE_OTHER, _headers())
    kept_s = ports.api.session_kept_s
    given = cookies.set_cookie(
        request.scope, token, kept_s, cookies.OPERATORS, secure=settings.is_secure
    )
    for line in (given, cookies.forget_attempt(secure=settings.is_secure)):
        response.headers.append("Set-Cookie", line)
    return response


def _set_up(ports: OpsPorts) -> tuple[OidcSettings, Provider]:
    if ports.oidc is None or ports.provider is None:
        raise ApiError(ErrorCode.NOT_FOUND, "Nobody signs in at a provider here.")
    return ports.oidc, ports.provider


def _attempt(request: Request, settings: OidcSettings, state: str) -> SignInAttempt:
    """The attempt of this browser that `state` answers. Raises NotBegunHere."""
    text = cookies.attempt_in(request.scope, secure=settings.is_secure)
    attempt = None if text is None else SignInAttempt.read(text)
    if attempt is None or not attempt.is_answered_by(state):
        raise NotBegunHere("no attempt of this browser has this state")
    if attempt.is_over(time.time()):
        raise NotBegunHere("its time is up")
    return attempt


async def _signed_in(
    request: Request, attempt: SignInAttempt, code: str
) -> tuple[Person, OperatorRole]:
    """Who the provider says it is, in which role. Raises SignInRefused."""
    ports: OpsPorts = request.app.state.ports
    settings, provider = _set_up(ports)
    host = request.client.host if request.client else None
    claim, buckets = failure_claim(ports.api, host), ports.failed_sign_ins
    if not buckets.take_now([claim], time.monotonic()).allowed:
        raise TooManySignIns(f"from {host}")
    claims = await provider.claims(attempt, code)
    person = person_of(settings.issuer or "", claims)
    if person is None:
        raise TokenRejected("its sub is none")
    role = highest_role(claim_at(claims, settings.roles_claim), settings.roles)
    if role is None:
        raise NoRole(person.person_id)
    buckets.give_back(claim, time.monotonic())
    return person, role


def _refused(request: Request, settings: OidcSettings, why: SignInRefused) -> Response:
    log.warning("a sign-in at the provider was refused", kind=type(why).__name__, why=str(why))
    page = f"""<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Not signed in · Looks operations</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <link rel="icon" href="/ops/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/console/console.css">
    <link rel="stylesheet" href="/ops/ops.css">
  </head>
  <body class="gated">
    <main><div class="gate">
      <h1>Not signed in</h1>
      <p class="problem" role="alert">{html.escape(why.told)}</p>
      <p>Provider: {html.escape(settings.called)}</p>
      <p><a href="/ops">Back to the sign-in</a></p>
    </div></main>
  </body>
</html>
"""
    response = HTMLResponse(page, why.status, _headers())
    response.headers["Content-Security-Policy"] = POLICY
    response.headers.append("Set-Cookie", cookies.forget_attempt(secure=settings.is_secure))
    return response


def _headers() -> dict[str, str]:
    return {**HEADERS, "Cache-Control": "no-store"}
