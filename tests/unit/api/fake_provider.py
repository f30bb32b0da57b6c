"""An OpenID Connect provider in memory, which signs with real keys and redeems each code once; and
the sign-ins that come of it.
"""

import base64
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from domain.operators import SESSION_PREFIX, Operator, OperatorRole
from domain.sessions import make_token
from domain.sign_in import Person
from storage.operators import OperatorKeyRow, OperatorSessionRow, OperatorStore

ISSUER = "https://login.test/realm"
CLIENT_ID, CLIENT_SECRET = "looks ops", "a:secret/of+many%signs and more than 32"
REDIRECT_URL = "https://api.test/ops/v1/sign-in/callback"

TOKEN = make_token(lambda text: text[7], SESSION_PREFIX)
BEFORE = make_token(lambda text: text[8], SESSION_PREFIX)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


FIRST, SECOND = rsa_key(), rsa_key()
CURVE = ec.generate_private_key(ec.SECP256R1())


def published(kid: str, key: PrivateKey, **more: Any) -> dict[str, Any]:
    """As a JWKS has it."""
    public: Any = key.public_key()
    way: Any = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    told: dict[str, Any] = way.to_jwk(public, as_dict=True)
    return {**told, "kid": kid, "use": "sig", **more}


def signed(
    claims: Mapping[str, Any], key: Any = FIRST, algorithm: str = "RS256", **head: Any
) -> str:
    return jwt.encode(dict(claims), key, algorithm, headers={"kid": "first", **head})


@dataclass
class FakeProvider:
    """What tests change is what it says next. `claims`: over those of an honest token; None takes
    one away. `token`: in place of what it would sign.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    token: Any = None
    keys: list[dict[str, Any]] = field(default_factory=lambda: [published("first", FIRST)])
    configuration: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    """By path: a response in place of its own, or an exception."""
    redirect_url: str = REDIRECT_URL
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def login(self, address: str) -> str:
        """Somebody signs in at the page that the browser was sent to: the code."""
        asked = {name: one for name, (one,) in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert (asked["client_id"], asked["redirect_uri"]) == (CLIENT_ID, self.redirect_url)
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        whole = await self._answer(request)
        streamed = httpx.ByteStream(whole.content)
        return httpx.Response(whole.status_code, headers=whole.headers, stream=streamed)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        given = self.answers.get(path)
        if isinstance(given, Exception):
            raise given
        if given is not None:
            answer: httpx.Response = await given() if callable(given) else given
            return answer
        if path == "/realm/.well-known/openid-configuration":
            return httpx.Response(200, json=self._configuration())
        if path == "/keys":
            return httpx.Response(200, json={"keys": self.keys})
        assert path == "/token"
        return self._redeem(request)

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.test/authorize",
            "token_endpoint": "https://login.test/token",
            "jwks_uri": "https://login.test/keys",
            **self.configuration,
        }

    def _redeem(self, request: httpx.Request) -> httpx.Response:
        form = {name: one for name, (one,) in parse_qs(request.content.decode()).items()}
        basic = base64.b64encode(
            b"looks+ops:a%3Asecret%2Fof%2Bmany%25signs+and+more+than+32"
        ).decode()
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        assert (request.headers.get("authorization") == f"Basic {basic}") != by_form
        asked = self.codes.pop(form["code"], None)
        challenge = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or form["redirect_uri"] != self.redirect_url
            or base64.urlsafe_b64encode(challenge).rstrip(b"=").decode() != asked["code_challenge"]
        ):
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = self.honest(asked["nonce"])
        token = signed(claims) if self.token is None else self.token(claims)
        return httpx.Response(200, json={"id_token": token, "access_token": "x"})

    def honest(self, nonce: str) -> dict[str, Any]:
        now_s = int(time.time())
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "sub": "person-1",
            "aud": CLIENT_ID,
            "iat": now_s,
            "exp": now_s + 300,
            "nonce": nonce,
            "email": "ada@example.com",
            "roles": ["looks-viewers"],
            **self.claims,
        }
        return {name: one for name, one in claims.items() if one is not None}


class PeopleStore(OperatorStore):
    """Sign-ins of people in memory."""

    def __init__(self) -> None:
        self.begun: list[tuple[Person, OperatorRole]] = []
        self.ended: list[str] = []

    async def begin_person(self, person: Person, role: OperatorRole, agent: str) -> tuple[str, str]:
        self.begun.append((person, role))
        return "s-1", TOKEN

    async def signed_in(self, token: str) -> Operator | None:
        if token == BEFORE:
            return Operator("k-planted", "planted", OperatorRole.VIEWER, "s-planted")
        if token != TOKEN or not self.begun:
            return None
        person, role = self.begun[-1]
        return Operator(person.person_id, person.shown, role, "s-1", is_person=True)

    async def keys(self) -> list[OperatorKeyRow]:
        return []

    async def sessions(self) -> list[OperatorSessionRow]:
        return []

    async def end(self, key_id: str, session_id: str) -> bool:
        self.ended.append(session_id)
        return True
