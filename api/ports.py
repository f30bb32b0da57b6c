"""What the API is given. Tests give it fakes; `python -m api` gives it Postgres and S3."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import BinaryIO, Protocol

from compositing import GarmentError
from domain.webhook_events import WebhookMessage
from runtime.settings import ApiSettings, EngineSettings, LookSettings
from storage.accounts import Credential, LedgerEntry
from storage.jobs import JobFilter, JobRow, News
from storage.submissions import AcceptanceResult, IdempotencyKey, Submission
from storage.uploads import Form
from storage.usage import UsageRow
from storage.webhook_deliveries import DeliveryPage, DeliveryRow, EndpointDisabled
from storage.webhooks import NewSecret, NewWebhook, WebhookChange, WebhookRow


class Accounts(Protocol):
    """Keys and credits."""

    async def credential(self, key: str) -> Credential | None:
        """Who a key speaks for."""

    async def mark_used(self, key_ids: Sequence[str]) -> None:
        """Note that these keys were used just now."""

    async def working_keys(self, key_ids: Collection[str]) -> set[str]:
        """Those of these keys that still work."""

    async def balance(self, tenant_id: str, environment: str) -> int:
        """Credits that can be spent."""

    async def statement(
        self, tenant_id: str, environment: str, limit: int, before: int | None = None
    ) -> list[LedgerEntry]:
        """Ledger entries, newest first."""


class Accepts(Protocol):
    """Charges and records requests."""

    async def accept(self, submission: Submission) -> AcceptanceResult:
        """Durable when it returns `Accepted`."""


class Jobs(Protocol):
    """Reads jobs of one tenant."""

    async def job(self, tenant_id: str, environment: str, request_id: str) -> JobRow | None:
        """One job."""

    async def jobs(
        self, tenant_id: str, environment: str, chosen: JobFilter, limit: int
    ) -> list[JobRow]:
        """A page of jobs."""

    async def news(self, since: Mapping[str, int]) -> dict[str, News]:
        """Jobs, and their events after some seq each."""

    async def renders(
        self,
        tenant_id: str,
        environment: str,
        limit: int,
        *,
        before: str | None = None,
        only: str | None = None,
    ) -> list[JobRow]:
        """A page of jobs with pictures."""


class Uses(Protocol):
    """Sums what a tenant used."""

    async def by_day(
        self, tenant_id: str, environment: str, first: date, last: date
    ) -> list[UsageRow]:
        """By day and operation."""


class Cancellations(Protocol):
    """Carries cancel commands to the pipeline."""

    async def cancel(self, tenant_id: str, environment: str, request_id: str) -> bool:
        """Durable when it returns; False when there was nothing to ask."""


class Webhooks(Protocol):
    """Manages endpoints of one tenant."""

    async def create(self, tenant_id: str, environment: str, new: NewWebhook) -> WebhookRow | None:
        """None when the tenant has as many as it may."""

    async def webhook(self, tenant_id: str, environment: str, webhook_id: str) -> WebhookRow | None:
        """One endpoint."""

    async def webhooks(
        self, tenant_id: str, environment: str, limit: int, before: str | None = None
    ) -> list[WebhookRow]:
        """A page of endpoints."""

    async def update(
        self, tenant_id: str, environment: str, webhook_id: str, change: WebhookChange
    ) -> WebhookRow | None:
        """The endpoint as it is then."""

    async def delete(self, tenant_id: str, environment: str, webhook_id: str) -> bool:
        """False when there is none."""

    async def rotate(
        self, tenant_id: str, environment: str, webhook_id: str, new: NewSecret
    ) -> datetime | None:
        """Until when the secret before signs too."""


class Deliveries(Protocol):
    """Reads and repeats deliveries of one tenant."""

    async def delivery(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | None:
        """One delivery."""

    async def deliveries(
        self, tenant_id: str, environment: str, webhook_id: str, chosen: DeliveryPage
    ) -> list[DeliveryRow]:
        """A page of deliveries."""

    async def redeliver(
        self, tenant_id: str, environment: str, webhook_id: str, delivery_id: str
    ) -> DeliveryRow | EndpointDisabled | None:
        """The delivery, due again."""

    async def send(
        self, tenant_id: str, environment: str, webhook_id: str, event: WebhookMessage
    ) -> DeliveryRow | EndpointDisabled | None:
        """A new delivery of this event alone."""


class Targets(Protocol):
    """Judges where webhooks may go."""

    async def problem(self, url: str) -> str | None:
        """Why this URL can't be a target; None when it can."""


class Links(Protocol):
    """Makes short-lived links."""

    def get(self, bucket: str, key: str) -> str:
        """A link to one object."""


class Uploads(Protocol):
    """Takes photos."""

    async def put(self, key: str, file: BinaryIO, content_type: str) -> None:
        """Store a file from its beginning. Raises StoreError."""

    async def delete(self, key: str) -> None:
        """Remove an object. Raises StoreError."""

    def link(self, key: str) -> str:
        """A link to one object, to save."""

    def form(self, key: str, content_type: str) -> Form:
        """A form with which a client stores one object itself."""

    async def recall(
        self, tenant_id: str, environment: str, idempotency: IdempotencyKey
    ) -> tuple[str, bool] | None:
        """The object key stored under an idempotency key, and whether for the same bytes."""

    async def remember(
        self,
        tenant_id: str,
        environment: str,
        idempotency: IdempotencyKey,
        upload_id: str,
        object_key: str,
    ) -> bool:
        """Keep what an idempotency key came to; False when another request was first."""


class PhotoCheck(Protocol):
    """Decodes photos to see whether that can be done."""

    async def problem(self, file: BinaryIO, size_bytes: int) -> GarmentError | None:
        """What is wrong with a photo; None: it can be decoded."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All of it."""

    accounts: Accounts
    acceptance: Accepts
    jobs: Jobs
    cancellations: Cancellations
    webhooks: Webhooks
    deliveries: Deliveries
    targets: Targets
    links: Links
    uploads: Uploads
    photos: PhotoCheck
    usage: Uses
    api: ApiSettings
    look: LookSettings
    engine: EngineSettings = field(default_factory=EngineSettings)
