"""How Kafka is reached: where it is, how we prove who we are, and what its topics are."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import NoDecode

from runtime.areas import Area, NamespaceName, Seconds, area, names_of
from schemas.namespace import Namespace
from schemas.topics import PARTITIONS


class SecurityProtocol(StrEnum):
    """How Kafka's listener is spoken to."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def encrypted(self) -> bool:
        """Whether it is TLS."""
        return self in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)

    @property
    def authenticated(self) -> bool:
        """Whether a password or a token is asked for."""
        return self in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


class SaslMechanism(StrEnum):
    """How a password or a token is shown to Kafka."""

    SCRAM_SHA_512 = "SCRAM-SHA-512"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    PLAIN = "PLAIN"
    OAUTHBEARER = "OAUTHBEARER"


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where tokens for OAUTHBEARER come from: one of `file`, `command`, `url` and `msk_region`."""

    file: Path | None
    command: str
    url: str | None
    client_id: str
    client_secret: SecretStr
    scope: str
    msk_region: str
    ca_file: Path | None


class KafkaSettings(Area):
    """How to reach Kafka."""

    model_config = area("KAFKA_")

    bootstrap: str = Field(default="127.0.0.1:9092", description="host:port[,host:port...]")
    namespace: NamespaceName = ""
    partitions: int = Field(
        default=PARTITIONS,
        ge=1,
        le=10_000,
        description="of each topic; more on a living system: `looks topics grow`",
    )
    topic_partitions: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        description="JSON: declared topic to number, where it is not LOOKS_KAFKA_PARTITIONS",
    )
    partitions_until: Annotated[dict[datetime, int], NoDecode] = Field(
        default={},
        description="JSON: time to the number before it; `looks topics grow` says what to set",
    )
    replication_factor: int = Field(
        default=1, ge=1, description="of topics that `looks topics apply` creates"
    )
    transaction_timeout_s: Seconds = Field(
        default=10.0, description="the coordinator aborts a transaction open for longer"
    )
    transaction_abort_interval_s: Seconds = Field(
        default=10.0,
        description="how often the coordinator looks for such transactions: the broker's "
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
    )
    session_timeout_s: Seconds = Field(
        default=10.0, description="a consumer silent for longer loses its partitions"
    )
    security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.PLAINTEXT, description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: SaslMechanism = Field(
        default=SaslMechanism.SCRAM_SHA_512,
        description="SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or OAUTHBEARER",
    )
    username: str = Field(
        default="", description="of this process alone: `looks.` and its name (`schemas/access.py`)"
    )
    password: SecretStr = Field(default=SecretStr(""), description="secret")
    ca_file: Path | None = Field(
        default=None, description="PEM; who vouches for the brokers. None: the system's authorities"
    )

    certificate_file: Path | None = Field(
        default=None,
        description="PEM; this process's own, for brokers that ask clients for one",
    )
    key_file: Path | None = Field(
        default=None, description="PEM; its key. None: it is in LOOKS_KAFKA_CERTIFICATE_FILE"
    )
    key_password: SecretStr = Field(
        default=SecretStr(""), description="secret: of a key that is encrypted"
    )
    token_file: Path | None = Field(
        default=None, description="OAUTHBEARER: the token lies there, and is renewed by others"
    )
    token_command: str = Field(
        default="", description="OAUTHBEARER: a command, run without a shell, that prints a token"
    )
    token_url: str | None = Field(
        default=None, description="OAUTHBEARER: gives tokens for OAuth 2 client credentials"
    )
    token_client_id: str = Field(default="", description="at LOOKS_KAFKA_TOKEN_URL")
    token_client_secret: SecretStr = Field(
        default=SecretStr(""), description="secret: of LOOKS_KAFKA_TOKEN_CLIENT_ID"
    )
    token_scope: str = Field(default="", description="what the token is to be for")
    token_ca_file: Path | None = Field(
        default=None,
        description="PEM; who vouches for LOOKS_KAFKA_TOKEN_URL. None: certifi's authorities",
    )
    token_msk_region: str = Field(
        default="",
        pattern=r"^([a-z]{2}(-[a-z]+)+-[0-9]+)?$",
        description="OAUTHBEARER: an AWS region, whose MSK clusters take AWS credentials (IAM)",
    )
    principals: Annotated[dict[str, str], NoDecode] = Field(
        default={},
        description="JSON: process to whom Kafka knows it as, where that is not `looks.PROCESS`: "
        "a certificate's subject, a service account (docs/security.md)",
    )

    @field_validator("topic_partitions", "partitions_until", "principals", mode="before")
    @classmethod
    def _from_json(cls, said: object, info: ValidationInfo) -> object:
        if not isinstance(said, str):
            return said
        try:
            return json.loads(said)
        except ValueError as error:
            name = f"LOOKS_KAFKA_{info.field_name}".upper()
            raise ValueError(f"{name} is no JSON: {error}") from None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if problem := self._sasl_problem():
            raise ValueError(problem)
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("LOOKS_KAFKA_KEY_FILE needs LOOKS_KAFKA_CERTIFICATE_FILE")
        _ = self.names
        return self

    def _sasl_problem(self) -> str | None:
        protocol = self.security_protocol
        if not protocol.authenticated:
            return None
        if self.with_tokens:
            return self._token_problem()
        if not (self.username and self.password.get_secret_value()):
            return f"{protocol} needs LOOKS_KAFKA_USERNAME and LOOKS_KAFKA_PASSWORD"
        return None

    def _token_problem(self) -> str | None:
        sources = {
            "LOOKS_KAFKA_TOKEN_FILE": self.token_file,
            "LOOKS_KAFKA_TOKEN_COMMAND": self.token_command,
            "LOOKS_KAFKA_TOKEN_URL": self.token_url,
            "LOOKS_KAFKA_TOKEN_MSK_REGION": self.token_msk_region,
        }
        if sum(bool(said) for said in sources.values()) != 1:
            return f"OAUTHBEARER needs one of {', '.join(sources)}"
        if self.token_url is None:
            return None
        if not (self.token_client_id and self.token_client_secret.get_secret_value()):
            return (
                "LOOKS_KAFKA_TOKEN_URL needs LOOKS_KAFKA_TOKEN_CLIENT_ID and "
                "LOOKS_KAFKA_TOKEN_CLIENT_SECRET"
            )
        there = urlsplit(self.token_url)
        if there.scheme != "https" and there.hostname not in {"127.0.0.1", "::1", "localhost"}:
            return "LOOKS_KAFKA_TOKEN_URL must begin with https://: a secret is sent there"
        return None

    @property
    def with_tokens(self) -> bool:
        """Whether we prove by a token who we are."""
        return (
            self.security_protocol.authenticated
            and self.sasl_mechanism is SaslMechanism.OAUTHBEARER
        )

    @property
    def token_source(self) -> TokenSource:
        """Where tokens come from, if `with_tokens`."""
        return TokenSource(
            self.token_file,
            self.token_command,
            self.token_url,
            self.token_client_id,
            self.token_client_secret,
            self.token_scope,
            self.token_msk_region,
            self.token_ca_file,
        )

    @property
    def names(self) -> Namespace:
        """What Kafka calls our topics and groups, and how many partitions it has of each."""
        until = tuple((_ms(at), count) for at, count in self.partitions_until.items())
        apart = tuple(self.topic_partitions.items())
        return names_of(self.namespace, self.partitions, apart, until)


def _ms(at: datetime) -> int:
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
