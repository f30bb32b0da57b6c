"""One OpenID Connect provider: what it publishes, the code that it redeems, the ID token that it
signs.

Nothing of a token is believed before its signature, and nothing of a code or a token is ever in a
message or a log. Imported where a provider is set up alone: it brings packages that only operators'
processes have.
"""

import asyncio
import hmac
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
import jwt
import orjson

from api.ops.signing_in import ProviderAway, ProviderRefused, TokenRejected
from domain.sign_in import SignInAttempt, provider_url_problem
from runtime.oidc_settings import OidcSettings

ALGORITHMS: Final = {"RS256": ("RSA", None), "ES256": ("EC", "P-256")}
"""Those that sign: the kind and the curve of key that each takes. With any other, `none` and the
symmetric ones above all, a token is none.
"""
MIN_RSA_BITS: Final = 2048
LEEWAY_S: Final = 30
"""Clocks of two machines may differ by this much."""
KEPT_S: Final = 3600.0
"""What the provider publishes is asked for again after so long; its keys also when it signs with
one that is not among them.
"""
MAX_BYTES: Final = 256 * 1024
CONNECTIONS: Final = 10
_OK: Final = 200
_SERVERS_FAULT: Final = 500
_BUSY: Final = 429

Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Discovered:
    """Where the provider says its parts are. `posts_secret`: it takes the secret in the body
    alone.
    """

    authorization: str
    token: str
    keys: str
    posts_secret: bool


@dataclass(slots=True)
class _Kept:
    """What was asked for, and when."""

    value: Any = None
    at_s: float = field(default=float("-inf"))


class OidcProvider:
    """What a sign-in asks of it. For one event loop."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`transport`: in place of the network; `clock` does not go backwards."""
        self._settings = settings
        self._issuer = settings.issuer or ""
        self._transport = transport
        self._clock = clock
        self._trust: ssl.SSLContext | bool = (
            True
            if settings.ca_file is None
            else ssl.create_default_context(cafile=str(settings.ca_file))
        )
        self._places = _Kept()
        self._keys = _Kept()
        self._asking = asyncio.Semaphore(CONNECTIONS)

    async def address(self, attempt: SignInAttempt) -> str:
        """Where the browser is sent to. Raises ProviderAway."""
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._settings.redirect_url,
            "scope": self._settings.scopes,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        place = (await self._discovered()).authorization
        return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"

    async def claims(self, attempt: SignInAttempt, code: str) -> Told:
        """What the provider says of who signed in, for the code that it gave. Raises ProviderAway,
        ProviderRefused or TokenRejected.
        """
        return await self._checked(await self._redeemed(attempt, code), attempt.nonce)

    async def _redeemed(self, attempt: SignInAttempt, code: str) -> str:
        places = await self._discovered()
        own = (self._settings.client_id, self._settings.client_secret.get_secret_value())
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.redirect_url,
            "code_verifier": attempt.verifier,
        }
        auth: httpx.BasicAuth | None = None
        if places.posts_secret:
            form |= dict(zip(("client_id", "client_secret"), own, strict=True))
        else:  # RFC 6749, 2.3.1: both are encoded as a form's fields first
            auth = httpx.BasicAuth(*(quote_plus(one) for one in own))
        status, told = await self._asked("POST", places.token, data=form, auth=auth)
        if status != _OK:
            raise ProviderRefused(f"the token endpoint answered {status}")
        token = told.get("id_token")
        if not isinstance(token, str):
            raise TokenRejected("the answer holds no ID token")
        return token

    async def _checked(self, token: str, nonce: str) -> Told:
        """OpenID Connect Core 1.0, 3.1.3.7."""
        try:
            head = jwt.get_unverified_header(token)
            algorithm = head.get("alg")
            if algorithm not in ALGORITHMS:
                raise TokenRejected("it is not signed by RS256 or ES256")
            key = await self._key(head.get("kid"), algorithm)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._settings.client_id,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat", "nonce"]},
            )
        except jwt.PyJWTError as error:
            raise TokenRejected(type(error).__name__) from None
        own = self._settings.client_id
        if claims.get("azp", own) != own or (_is_several(claims["aud"]) and "azp" not in claims):
            raise TokenRejected("it was made for somebody else")
        told = claims["nonce"]
        if not isinstance(told, str) or not hmac.compare_digest(
            told.encode("utf-8", "replace"), nonce.encode()
        ):
            raise TokenRejected("it answers another sign-in")
        return claims

    async def _key(self, kid: object, algorithm: str) -> Any:
        """The public key that the token says it was signed with; asked for anew once, where it is
        not among those that are known.
        """
        old = self._clock() - self._keys.at_s >= KEPT_S
        for anew in (True,) if old else (False, True):
            found = [one for one in await self._published(anew=anew) if _fits(one, kid, algorithm)]
            if len(found) == 1:
                return _public_key(found[0], algorithm)
        raise TokenRejected("it is signed with a key that the provider does not publish")

    async def _published(self, *, anew: bool) -> list[Told]:
        if anew:
            status, told = await self._asked("GET", (await self._discovered()).keys)
            keys = told.get("keys")
            if status != _OK or not isinstance(keys, list):
                raise ProviderAway("it publishes no keys")
            self._keys = _Kept([one for one in keys if isinstance(one, dict)], self._clock())
        found: list[Told] = self._keys.value
        return found

    async def _discovered(self) -> Discovered:
        if self._clock() - self._places.at_s >= KEPT_S:
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            status, told = await self._asked("GET", url)
            if status != _OK or told.get("issuer") != self._issuer:
                raise ProviderAway("its configuration is not that of LOOKS_OPS_OIDC_ISSUER")
            self._places = _Kept(_places(told), self._clock())
        found: Discovered = self._places.value
        return found

    async def _asked(self, method: str, url: str, **more: Any) -> tuple[int, Told]:
        """Ask once: the status, and the object of the answer. Raises ProviderAway."""
        try:
            async with asyncio.timeout(self._settings.timeout_s), self._asking:
                return await self._answered(method, url, **more)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:  # TimeoutError is of these
            raise ProviderAway(type(error).__name__) from None

    async def _answered(self, method: str, url: str, **more: Any) -> tuple[int, Told]:
        client = httpx.AsyncClient(
            verify=self._trust,
            transport=self._transport,
            timeout=self._settings.timeout_s,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        body = bytearray()
        async with client, client.stream(method, url, **more) as response:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise ProviderAway(f"an answer has more than {MAX_BYTES} bytes")
        if response.status_code >= _SERVERS_FAULT or response.status_code == _BUSY:
            raise ProviderAway(f"it answered {response.status_code}")
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            told = None
        if isinstance(told, dict):
            return response.status_code, told
        if response.status_code != _OK:
            return response.status_code, {}
        raise ProviderAway("an answer is no JSON object")


def _places(told: Told) -> Discovered:
    named = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    for name in named:
        if not isinstance(told.get(name), str) or provider_url_problem(told[name]) is not None:
            raise ProviderAway(f"its configuration has no {name} over https")
    ways = told.get("token_endpoint_auth_methods_supported")
    posts = isinstance(ways, list) and "client_secret_basic" not in ways
    authorization, token, keys = (str(told[name]) for name in named)
    return Discovered(authorization, token, keys, posts)


def _fits(key: Told, kid: object, algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    return (
        (kid is None or key.get("kid") == kid)
        and key.get("kty") == kind
        and (curve is None or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )


def _public_key(told: Told, algorithm: str) -> Any:
    """Raises TokenRejected for a key that is too weak, or none."""
    public = {
        name: value for name, value in told.items() if name in ("kty", "crv", "n", "e", "x", "y")
    }
    try:
        key: Any = jwt.PyJWK(public, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenRejected("the provider's key for it is none") from None
    if algorithm == "RS256" and key.key_size < MIN_RSA_BITS:
        raise TokenRejected(f"it is signed with a key of less than {MIN_RSA_BITS} bits")
    return key


def _is_several(audience: object) -> bool:
    return isinstance(audience, list) and len(audience) > 1
