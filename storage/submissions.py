"""What the API asks the ledger to accept, and what it can be answered: values."""

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.http import TrialItemInput, UserCategory

LOOK_ROUTE = "POST /v1/look"
"""Idempotency keys are told apart by route; those of this one name a request."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key and the fingerprint of what it was sent with."""

    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """A valid request that wants to be accepted, and the answer that it gets when it is."""

    request_id: str
    tenant_id: str
    environment: str
    user_category: UserCategory | None
    items: tuple[TrialItemInput, ...]
    runtime_config: dict[str, object] | None
    credits_cost: int
    deadline_s: float
    answer: bytes
    idempotency: IdempotencyKey | None = None
    traceparent: str = ""
    tenants_engine: str | None = None
    reference: str | None = None
    metadata: Mapping[str, str] | None = None
    key_id: str | None = None  # by which it was asked for

    @property
    def account(self) -> tuple[str, str]:
        """Who pays."""
        return self.tenant_id, self.environment

    @property
    def identity(self) -> tuple[str, str, str, str] | None:
        """What its idempotency key is unique within."""
        if self.idempotency is None:
            return None
        return self.tenant_id, self.environment, self.idempotency.route, self.idempotency.key


@dataclass(frozen=True, slots=True)
class Accepted:
    """On disk with its charge; `answer` is to be sent, byte for byte."""

    answer: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Unpaid:
    """The balance does not suffice; nothing was written."""

    available: int


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The idempotency key came with another body before; nothing was written."""


@dataclass(frozen=True, slots=True)
class KeyInProgress:
    """Another process is deciding on the same idempotency key at this moment."""


AcceptanceResult = Accepted | Unpaid | KeyReused | KeyInProgress
