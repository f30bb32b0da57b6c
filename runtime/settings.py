"""Settings: environment variables prefixed `LOOKS_`, one frozen object per area, read once where a
process starts.

Any of them may instead be a file of that name in the folder LOOKS_SECRETS_DIR, as container
platforms mount secrets; a file wins over the environment, and an empty variable counts as none.
Secrets are `SecretStr`: neither `repr` nor a ValidationError shows them. Raises pydantic's
ValidationError, which names the variable, when one is missing or malformed.
"""

import re
import socket
from enum import StrEnum
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from pydantic import Field, SecretStr, model_validator

from domain.engines import url_problem
from runtime.areas import Area, NamespaceName, Seconds, SecretsSettings, area, names_of
from runtime.kafka_settings import KafkaSettings, SaslMechanism, SecurityProtocol
from runtime.oidc_settings import OidcSettings
from schemas.engines import EngineName
from schemas.namespace import Namespace
from schemas.topics import TOPICS

CLOSE_WITHIN_S = 3.0
KEPT_AT_LEAST_D = max(topic.retention_ms for topic in TOPICS) / 86_400_000 + 1
"""Rows outlive the records that speak of them: none that is read again finds its request gone."""
"""What a process may take to end when its work has."""


class DatabaseSettings(Area):
    """How to reach Postgres."""

    model_config = area("DATABASE_")

    url: SecretStr = Field(description="secret: postgresql://user:password@host:port/database")
    ca_file: Path | None = Field(
        default=None,
        description="PEM; given: TLS is required and the server must be who the URL names",
    )
    password_file: Path | None = Field(
        default=None,
        description="the password, in place of the URL's; read for each connection, so it may "
        "change (docs/deploying.md)",
    )
    reader_url: SecretStr | None = Field(
        default=None,
        description="secret: of replicas, for lists and usage, which may then be behind; None: of "
        "none",
    )
    pooled: bool = Field(
        default=False,
        description="LOOKS_DATABASE_URL is a pooler that keeps sessions for a transaction only "
        "(docs/deploying.md)",
    )
    direct_url: SecretStr | None = Field(
        default=None, description="secret: past the pooler, for what needs a session"
    )
    pool_max: int = Field(default=8, ge=1, description="connections of one process")
    statement_timeout_s: Seconds = Field(default=15.0)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.pooled and self.direct_url is None:
            raise ValueError("LOOKS_DATABASE_POOLED needs LOOKS_DATABASE_DIRECT_URL")
        return self

    @property
    def dsn(self) -> str:
        """What to connect with once, past any pooler: secret. Raises OSError when the password
        can't be read.
        """
        return self._with_password(self._with_tls(self.direct_url or self.url))

    @property
    def pool_dsn(self) -> str:
        """What a pool connects with, beside `password_now`: secret."""
        return self._with_tls(self.url)

    @property
    def reader_dsn(self) -> str | None:
        """The same of a pool that only reads; None: there is no such server."""
        return None if self.reader_url is None else self._with_tls(self.reader_url)

    def password_now(self) -> str | None:
        """What the file says now: secret; None: the URL has it. Raises OSError."""
        return None if self.password_file is None else self.password_file.read_text().strip()

    @property
    def direct(self) -> Self:
        """The same database past any pooler, for who needs a session."""
        direct = self.direct_url or self.url
        return self.model_copy(update={"url": direct, "pooled": False, "direct_url": None})

    def _with_tls(self, secret: SecretStr) -> str:
        url = secret.get_secret_value()
        if self.ca_file is None:
            return url
        tls = urlencode({"sslmode": "verify-full", "sslrootcert": str(self.ca_file)})
        return f"{url}{'&' if '?' in url else '?'}{tls}"

    def _with_password(self, url: str) -> str:
        password = self.password_now()
        if password is None:
            return url
        parts = urlsplit(url)
        user, _, hosts = parts.netloc.rpartition("@")
        name = user.partition(":")[0]
        place = f"{name}:{quote(password, safe='')}@{hosts}"
        return urlunsplit((parts.scheme, place, parts.path, parts.query, parts.fragment))


class AddressingStyle(StrEnum):
    """Where a bucket's name stands in a URL."""

    PATH = "path"
    VIRTUAL = "virtual"
    AUTO = "auto"


class ObjectStoreSettings(Area):
    """How to reach S3. Credentials come from wherever AWS's SDK looks for them: variables, files,
    roles.
    """

    model_config = area("S3_")

    bucket: str = "looks"
    namespace: NamespaceName = ""
    endpoint_url: str | None = Field(default=None, description="None for AWS itself")
    public_endpoint_url: str | None = Field(
        default=None, description="of presigned URLs, when clients reach S3 by another name"
    )
    region: str = "us-east-1"
    addressing_style: AddressingStyle = Field(
        default=AddressingStyle.PATH,
        description="path (endpoint/bucket/key), virtual (bucket.endpoint/key) or auto",
    )
    timeout_s: Seconds = Field(default=10.0, description="of one request, connecting included")
    presigned_ttl_s: int = Field(default=900, ge=1, le=3600)

    @property
    def names(self) -> Namespace:
        """Where in the bucket our own objects lie."""
        return names_of(self.namespace)

    @model_validator(mode="after")
    def _named(self) -> Self:
        _ = self.names
        return self


def _host_name() -> str:
    """As far as it can be an instance's name: in containers it is the container's or the pod's."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname())[:100] or "1"


class ProcessSettings(Area):
    """What every process has: a name among its like, a health port, a log level."""

    model_config = area("")

    instance: str = Field(
        default_factory=_host_name,
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        description="unique among the instances of one process; the host's name, if none is given",
    )
    health_host: str = "127.0.0.1"
    health_port: int = Field(default=0, ge=0, le=65535, description="0: any free port")
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    pre_stop_delay_s: float = Field(
        default=0.0,
        ge=0,
        description="after SIGTERM a process says that it is not ready and works on for so long, "
        "until balancers have heard of it",
    )
    drain_timeout_s: Seconds = Field(
        default=20.0, description="after that, work in hand may take this long"
    )

    @property
    def stops_within_s(self) -> float:
        """From SIGTERM to the exit: work in hand, work that was told to end, and closing."""
        return self.pre_stop_delay_s + 2 * self.drain_timeout_s + CLOSE_WITHIN_S


class FaultSettings(Area):
    """Breaking things on purpose."""

    model_config = area("FAULTS_")

    dir: Path | None = Field(
        default=None, description="faults are planted here (`runtime.faults`); None: never"
    )


class LookSettings(Area):
    """The pipeline's promises."""

    model_config = area("LOOK_")

    credits_cost: int = Field(default=10, ge=0)
    deadline_s: Seconds = Field(
        default=600.0, description="from acceptance; after it no picture is published"
    )
    clock_margin_s: Seconds = Field(
        default=5.0, description="clocks of two machines may differ by this much"
    )
    time_limit_s: Seconds = Field(default=60.0, description="of one attempt to compose one look")
    quality_floor: float = Field(
        default=0.4,
        ge=0,
        le=1,
        description="a garment of less quality is refused and refunded (docs/engine.md)",
    )
    quality_dress: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="a garment of less quality is placed whole, not dressed in parts",
    )
    workers: int = Field(default=2, ge=1, description="worker processes that compose")
    cutout_cache: bool = Field(
        default=True,
        description="keep cut-outs in the bucket, and use them when a photo is met again",
    )
    worker_memory_bytes: int = Field(
        default=2 * 1024**3, ge=256 * 1024**2, description="address space of one worker"
    )


class EngineSettings(Area):
    """Who makes the pictures: the engine of this project, or one over HTTP
    (docs/remote-engine.md).
    """

    model_config = area("ENGINE_")

    default: EngineName = Field(
        default=EngineName.CLASSICAL, description="of looks that ask for none: classical or remote"
    )
    url: str | None = Field(
        default=None,
        description="of the remote engine, for API and compositor; None: there is none",
    )
    token: SecretStr = Field(
        default=SecretStr(""),
        description="secret: the bearer token that the remote engine asks for",
    )
    timeout_s: Seconds = Field(
        default=45.0,
        description="for one look, connecting and all of the answer included; less than "
        "LOOKS_LOOK_TIME_LIMIT_S",
    )
    connect_timeout_s: Seconds = 5.0
    stall_timeout_s: Seconds = Field(
        default=10.0, description="an answer that has begun may pause for so long"
    )
    concurrency: int = Field(
        default=2, ge=1, description="looks of one compositor at the remote engine at once"
    )
    allow_plaintext: bool = Field(
        default=False, description="http:// to another machine; to this one it always may be"
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM; who vouches for the remote engine. None: the system's authorities",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.url is None and self.default is EngineName.REMOTE:
            raise ValueError("LOOKS_ENGINE_DEFAULT=remote needs LOOKS_ENGINE_URL")
        problem = (
            url_problem(self.url, plaintext=self.allow_plaintext) if self.url is not None else None
        )
        if problem is not None:
            raise ValueError(f"LOOKS_ENGINE_URL {problem}")
        token = self.token.get_secret_value()
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise ValueError("LOOKS_ENGINE_TOKEN must be visible ASCII characters")
        return self

    def check(self, look: LookSettings) -> None:
        """Raises ValueError when an answer might come after its look's time is up."""
        if self.url is not None and self.timeout_s >= look.time_limit_s:
            raise ValueError("LOOKS_ENGINE_TIMEOUT_S must be less than LOOKS_LOOK_TIME_LIMIT_S")


class ClientSettings(Area):
    """Where `looks submit` finds the HTTP surface."""

    model_config = area("API_")

    url: str = Field(description="http://host:port")
    key: SecretStr = Field(description="the API key that pays")


class ApiSettings(Area):
    """The HTTP surface."""

    model_config = area("API_")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    max_body_bytes: int = Field(default=1024 * 1024, ge=1024)
    header_timeout_s: Seconds = Field(
        default=8.0, description="a request's head that takes longer is refused"
    )
    body_timeout_s: Seconds = Field(
        default=8.0, description="a request body that takes longer is refused"
    )
    keep_alive_s: Seconds = Field(
        default=75.0,
        ge=1,
        description="a connection with no request is kept so long: longer than balancers keep "
        "theirs (60 s, mostly), or they send a request on one that is being closed",
    )
    upload_timeout_s: Seconds = Field(
        default=120.0, description="an upload that takes longer is refused"
    )
    uploads_max: int = Field(
        default=32, ge=1, description="uploads of one process at once; more are answered 503"
    )
    trusted_proxies: str = Field(
        default="", description="addresses whose X-Forwarded-For is believed, comma-separated"
    )
    rate_per_s: float = Field(
        default=1000.0, gt=0, description="requests that are not GET, per second and key, sustained"
    )
    rate_burst: int = Field(default=2000, ge=1, description="such requests at once")
    read_rate_per_s: float = Field(
        default=1000.0, gt=0, description="GET requests per second and key, sustained"
    )
    read_rate_burst: int = Field(default=2000, ge=1, description="GET requests at once")
    tenant_rate_factor: float = Field(
        default=2.0, ge=1, description="all keys of a tenant together: so many times one key"
    )
    unlimited_tenants: str = Field(
        default="", description="tenants whose requests no rate holds back, comma-separated"
    )
    rate_limit_uri: SecretStr = Field(
        default=SecretStr(""),
        description="secret: redis:// or rediss://, where all API processes count rates together; "
        "none: each by itself",
    )
    auth_failures_per_s: float = Field(
        default=10.0, gt=0, description="refused keys per second and client address, sustained"
    )
    auth_failures_burst: int = Field(
        default=100, ge=1, description="refused keys of one client address at once"
    )
    batch_max: int = Field(default=256, ge=1, description="accepted requests that share one commit")
    queue_max: int = Field(
        default=2000, ge=1, description="requests that may wait for a commit; more are answered 503"
    )
    streams_per_tenant: int = Field(
        default=1000, ge=1, description="event streams and long polls of one tenant in one process"
    )
    streams_max: int = Field(
        default=6000, ge=1, description="event streams and long polls in one process"
    )
    idempotency_kept_s: Seconds = Field(
        default=7 * 86_400.0, description="an Idempotency-Key is remembered for this long"
    )
    key_cache_ttl_s: Seconds = Field(
        default=0.5, description="a revoked key works for at most this long"
    )
    session_idle_s: Seconds = Field(
        default=12 * 3600.0, description="a sign-in of the console that is not used ends after this"
    )
    session_kept_s: Seconds = Field(
        default=7 * 86_400.0, description="a sign-in ends after this, however much it is used"
    )
    key_pepper: SecretStr = Field(
        default=SecretStr(""), description="secret mixed into the hash of API keys"
    )


class OpsSettings(Area):
    """The operators' surface, `/ops`, beside the tenants' or in an API process of its own."""

    model_config = area("OPS_")

    served: bool = Field(
        default=False, description="whether this API process serves /ops (docs/operators.md)"
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="secret: a login that may do what operators do; None: LOOKS_DATABASE_URL's",
    )
    processes: str = Field(
        default="",
        description="HOST:PORT, or NAME=HOST:PORT, of the health port of each process that /ops "
        "shows, comma-separated; a host with several addresses is all of them",
    )

    audit_limit_s: Seconds = Field(
        default=1800.0, description="an audit that is begun at /ops is stopped after so long"
    )

    def database(self, own: DatabaseSettings) -> DatabaseSettings:
        """What to connect with, past any pooler; `own`: this process's."""
        if self.database_url is None:
            return own.direct
        changed = {"url": self.database_url, "password_file": None}
        return own.direct.model_copy(update=changed)


class PhotoSettings(Area):
    """Fetching garment photos from URLs."""

    model_config = area("PHOTOS_")

    from_urls: bool = Field(
        default=True,
        description="a `trial_image` may be an https URL, which the compositor fetches",
    )
    allow_insecure_urls: bool = Field(
        default=False,
        description="also http, any port and private addresses: for development alone",
    )
    fetch_timeout_s: Seconds = Field(
        default=10.0, description="of one photo, from looking up its host to its last byte"
    )
    fetches: int = Field(
        default=8, ge=1, description="photos that one process fetches at once, in memory"
    )
    fetches_per_tenant: int = Field(
        default=2, ge=1, description="of these, photos of one tenant's looks"
    )


class WebhookSettings(Area):
    """Telling tenants' endpoints of finished looks."""

    model_config = area("WEBHOOKS_")

    allow_insecure_targets: bool = Field(
        default=False,
        description="also http, any port and private addresses: for development alone",
    )
    concurrency: int = Field(
        default=64, ge=1, description="deliveries that one process has under way"
    )


class RetentionSettings(Area):
    """For how long Postgres keeps rows; None: for ever (docs/operations.md)."""

    model_config = area("RETENTION_")

    request_logs_d: float | None = Field(
        default=None, ge=KEPT_AT_LEAST_D, description="days; longer than topics are kept"
    )
    job_events_d: float | None = Field(
        default=None, ge=KEPT_AT_LEAST_D, description="days; longer than topics are kept"
    )
    ledger_entries_d: float | None = Field(
        default=None,
        ge=KEPT_AT_LEAST_D,
        description="days; then one entry an account carries the sum; not before request_logs go",
    )

    @model_validator(mode="after")
    def _shown(self) -> Self:
        wanted, shown = self.ledger_entries_d, self.request_logs_d
        if wanted is not None and (shown is None or wanted < shown):
            raise ValueError(
                "LOOKS_RETENTION_LEDGER_ENTRIES_D must be LOOKS_RETENTION_REQUEST_LOGS_D or more: "
                "a request shows what it paid"
            )
        return self


class LakeSettings(Area):
    """Topics as Iceberg tables (docs/lake.md). Their files are reached as S3 is."""

    model_config = area("LAKE_")

    namespace: NamespaceName = ""
    catalog_uri: str | None = Field(
        default=None, description="an Iceberg REST catalog; None: there is no lake"
    )
    warehouse: str | None = Field(
        default=None, description="which of the catalog's warehouses, such as s3://warehouse/"
    )
    token: SecretStr = Field(
        default=SecretStr(""), description="secret: the bearer token that the catalog asks for"
    )
    credential: SecretStr = Field(
        default=SecretStr(""),
        description="secret: CLIENT_ID:CLIENT_SECRET, with which the catalog gives tokens",
    )
    oauth2_server_uri: str | None = Field(
        default=None, description="where to ask for tokens; None: at the catalog, v1/oauth/tokens"
    )
    signing_name: str | None = Field(
        default=None,
        description="sign requests as AWS does, in place of tokens: glue or s3tables",
    )
    schema_name: str = Field(
        default="looks",
        pattern=r"^[a-z][a-z0-9_]{0,60}$",
        description="what the tables are in: looks.look_completed; a namespace stands before it",
    )
    commit_every_s: Seconds = Field(
        default=60.0, description="records wait for so long to share one commit of their table"
    )
    commit_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1024, description="or until so many are gathered, in memory"
    )
    timeout_s: Seconds = Field(
        default=120.0, description="a commit that takes longer ends in a new beginning"
    )

    @property
    def schema_here(self) -> str:
        """What the tables are in; of an installation with a namespace, stage_looks."""
        own = names_of(self.namespace).name.replace("-", "_")
        return f"{own}_{self.schema_name}" if own else self.schema_name

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.catalog_uri is not None and self.warehouse is None:
            raise ValueError("LOOKS_LAKE_CATALOG_URI needs LOOKS_LAKE_WAREHOUSE")
        return self


__all__ = [
    "CLOSE_WITHIN_S",
    "AddressingStyle",
    "ApiSettings",
    "Area",
    "ClientSettings",
    "DatabaseSettings",
    "EngineSettings",
    "FaultSettings",
    "KafkaSettings",
    "LakeSettings",
    "LookSettings",
    "NamespaceName",
    "ObjectStoreSettings",
    "OidcSettings",
    "ProcessSettings",
    "SaslMechanism",
    "Seconds",
    "SecretsSettings",
    "SecurityProtocol",
    "WebhookSettings",
]
