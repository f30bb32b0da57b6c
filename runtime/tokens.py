"""Tokens that Kafka is shown for a password (SASL OAUTHBEARER): fetched where the settings say, and
kept until shortly before they end.

A broker ends a connection when its token ends; the next one is made with a fresh token. Nothing of
a token is ever in a message or a log.
"""

import asyncio
import base64
import binascii
import shlex
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import cast

import aiokafka.conn
import orjson
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError

from runtime.kafka_settings import TokenSource

WITHIN_S = 20.0
"""What fetching a token may take."""
UNTOLD_S = 60.0
"""A token that does not say when it ends is fetched again after so long."""
RENEWED_AT = 0.8
"""Of its lifetime."""
MSK_TOKEN_S = 900


class TokenRefused(KafkaError):  # type: ignore[misc]  # aiokafka has no types
    """No token could be had: the message says where, and not with what. It can heal by itself."""


@dataclass(frozen=True, slots=True)
class Token:
    """What Kafka is shown, and until when; seconds since 1970."""

    text: str = field(repr=False)
    ends_s: float


class Answering(aiokafka.conn.OAuthAuthenticator):  # type: ignore[misc]  # aiokafka has no types
    """Hears a broker that refuses a token.

    Such a broker sends its reason and waits for an answer before it says no (RFC 7628, 3.2.3).
    aiokafka 0.14 takes the reason for a yes: its client then knows no broker, and waits for ever.
    """

    async def step(self, payload: bytes | None) -> tuple[bytes, bool] | None:
        """As aiokafka asks: what to send next; None: nothing."""
        if payload:
            return b"\x01", True
        return cast("tuple[bytes, bool] | None", await super().step(payload))


aiokafka.conn.OAuthAuthenticator = Answering


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # aiokafka has no types
    """One source's tokens, for any number of clients of one process."""

    def __init__(self, fetch: Callable[[], Token], clock: Callable[[], float] = time.time) -> None:
        """`fetch` may block; `clock` gives seconds since 1970."""
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: Token | None = None
        self._renew_s = 0.0

    def current(self) -> Token:
        """One that does not end soon. Blocks while it is fetched. Raises TokenRefused."""
        with self._lock:
            now_s = self._clock()
            if self._kept is None or now_s >= self._renew_s:
                fresh = self._fetch()
                if fresh.ends_s <= now_s:
                    raise TokenRefused("the token that was given has ended already")
                self._kept = fresh
                self._renew_s = now_s + RENEWED_AT * (fresh.ends_s - now_s)
            return self._kept

    async def token(self) -> str:
        """As aiokafka asks for it."""
        return (await asyncio.to_thread(self.current)).text

    def for_confluent(self, _config: str) -> tuple[str, float]:
        """As confluent-kafka asks for it; what is raised here it tries again."""
        token = self.current()
        return token.text, token.ends_s


@lru_cache
def tokens_of(source: TokenSource) -> Tokens:
    """The same for every client of a process: they share what is fetched."""
    return Tokens(_fetching(source))


def _fetching(source: TokenSource) -> Callable[[], Token]:
    if source.file is not None:
        return partial(from_file, source.file)
    if source.command:
        return partial(from_command, source.command)
    if source.url is not None:
        return partial(from_client_credentials, source)
    return partial(from_aws, source.msk_region)


def from_file(file: Path) -> Token:
    """The file's text. Raises TokenRefused."""
    try:
        return _told(file.read_text().strip(), f"LOOKS_KAFKA_TOKEN_FILE {file}")
    except (OSError, UnicodeDecodeError) as error:
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_FILE: {error}") from error


def from_command(command: str) -> Token:
    """What the command prints. Raises TokenRefused, with the last of what it complained of."""
    try:
        done = subprocess.run(
            shlex.split(command), capture_output=True, text=True, timeout=WITHIN_S, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_COMMAND: {type(error).__name__}") from error
    if done.returncode != 0:
        said = f"exit {done.returncode}: {done.stderr.strip()[-200:]}"
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_COMMAND: {said}")
    return _told(done.stdout.strip(), "LOOKS_KAFKA_TOKEN_COMMAND")


def from_client_credentials(source: TokenSource) -> Token:
    """OAuth 2.0 client credentials (RFC 6749, 4.4). Raises TokenRefused."""
    import httpx  # noqa: PLC0415 (slow to import, and few need it)

    asked = {"grant_type": "client_credentials"} | ({"scope": source.scope} if source.scope else {})
    verify: ssl.SSLContext | bool = (
        True if source.ca_file is None else ssl.create_default_context(cafile=str(source.ca_file))
    )
    try:
        answer = httpx.post(
            str(source.url),
            data=asked,
            auth=(source.client_id, source.client_secret.get_secret_value()),
            timeout=WITHIN_S,
            verify=verify,
        )
    except httpx.HTTPError as error:
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_URL: {type(error).__name__}") from error
    try:
        told = orjson.loads(answer.content)
        text, lives_s = str(told["access_token"]), float(told.get("expires_in", UNTOLD_S))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{answer.status_code}, and no access_token"
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_URL answered {why}") from error
    return Token(text, time.time() + lives_s)


def from_aws(region: str) -> Token:
    """What MSK takes for a password under IAM: a presigned request, by the SDK's own credentials.

    The form is that of AWS's signer for MSK: a query signed for `kafka-cluster:Connect`, in base64.
    Raises TokenRefused.
    """
    import boto3  # noqa: PLC0415 (slow to import, and few need it)
    from botocore.auth import SigV4QueryAuth  # noqa: PLC0415 (as above)
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 (as above)
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 (as above)

    try:
        credentials = boto3.Session().get_credentials()
        if credentials is None:
            raise TokenRefused("LOOKS_KAFKA_TOKEN_MSK_REGION: there are no AWS credentials")
        request = AWSRequest(
            "GET",
            f"https://kafka.{region}.amazonaws.com/",
            params={"Action": "kafka-cluster:Connect"},
        )
        SigV4QueryAuth(credentials, "kafka-cluster", region, expires=MSK_TOKEN_S).add_auth(request)
    except BotoCoreError as error:
        raise TokenRefused(f"LOOKS_KAFKA_TOKEN_MSK_REGION: {type(error).__name__}") from error
    signed = f"{request.url}&User-Agent=looks"
    text = base64.urlsafe_b64encode(signed.encode()).rstrip(b"=").decode()
    return Token(text, time.time() + MSK_TOKEN_S)


def _told(text: str, where: str) -> Token:
    """A token that says itself when it ends, where it is a JWT."""
    if not text or not text.isascii() or len(text.split()) != 1:
        raise TokenRefused(f"{where} holds no token")
    return Token(text, _end_of(text) or time.time() + UNTOLD_S)


def _end_of(jwt: str) -> float | None:
    """Its `exp`; nothing of it is verified: the broker does that."""
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(jwt.split(".")[1] + "=="))
        return float(claims["exp"])
    except (IndexError, binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
