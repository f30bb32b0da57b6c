"""Operators who sign in at an OpenID Connect provider."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from domain.operators import OperatorRole
from domain.sign_in import place_problem
from runtime.areas import Area, Seconds, area

CALLBACK_PATH = "/ops/v1/sign-in/callback"


class OidcSettings(Area):
    """Operators who sign in to /ops at an OpenID Connect provider; off without an issuer
    (docs/operators.md).
    """

    model_config = area("OPS_OIDC_")

    issuer: str | None = Field(
        default=None,
        description="https:// and what the provider calls itself, letter by letter; None: "
        "operators have keys alone",
    )
    client_id: str = Field(default="", description="as the provider knows this service")
    client_secret: SecretStr = Field(
        default=SecretStr(""), description="secret: what it is shown for it"
    )
    public_url: str = Field(
        default="",
        description="https:// and the host by which browsers reach /ops; the provider is told "
        "this and /ops/v1/sign-in/callback",
    )
    roles_claim: str = Field(
        default="roles",
        min_length=1,
        description="the claim of the ID token that says what somebody may do: a text or a list "
        "of texts. Where no claim has this whole name, names with dots between them lead into "
        "objects: realm_access.roles",
    )
    roles: dict[str, OperatorRole] = Field(
        default={},
        description="JSON: each value of it that counts, with the role that it gives, as "
        '{"looks-admins": "admin"}',
    )
    scopes: str = Field(
        default="openid profile email",
        description="what the provider is asked for, with blanks between; openid among it",
    )
    name: str = Field(
        default="",
        max_length=64,
        description="as the page calls the provider; None: by its host",
    )
    ca_file: Path | None = Field(
        default=None,
        description="PEM; who vouches for the provider. None: the authorities that httpx brings",
    )
    timeout_s: Seconds = Field(
        default=10.0,
        description="of one question to the provider, connecting and all of its answer included",
    )

    @property
    def redirect_url(self) -> str:
        """Where the provider sends browsers back to, as it must know it."""
        return f"{self.public_url}{CALLBACK_PATH}"

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach /ops over https."""
        return self.public_url.startswith("https://")

    @property
    def called(self) -> str:
        """The provider's name for readers."""
        return self.name or urlsplit(self.issuer or "").hostname or ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.issuer is None:
            return self
        for name in ("client_id", "client_secret", "public_url", "roles"):
            value = getattr(self, name)
            if not (value.get_secret_value() if isinstance(value, SecretStr) else value):
                raise ValueError(f"LOOKS_OPS_OIDC_ISSUER needs LOOKS_OPS_OIDC_{name.upper()}")
        for name in ("issuer", "public_url"):
            problem = place_problem(getattr(self, name))
            if problem is not None:
                raise ValueError(f"LOOKS_OPS_OIDC_{name.upper()} {problem}")
        if urlsplit(self.public_url).path:
            raise ValueError("LOOKS_OPS_OIDC_PUBLIC_URL must hold no path, nor a / at its end")
        if "openid" not in self.scopes.split():
            raise ValueError("LOOKS_OPS_OIDC_SCOPES must hold openid")
        return self
