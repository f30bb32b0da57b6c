"""What the API is given: stores over Postgres and S3; in tests subclasses of them that keep what
they are told in memory.
"""

from dataclasses import dataclass, field

from api.guesses import GuessMaker
from api.limits import Limiter, TokenBuckets
from api.photos import PhotoChecker
from runtime.egress import Egress
from runtime.settings import ApiSettings, EngineSettings, LookSettings, PhotoSettings
from storage.acceptance import Acceptance
from storage.accounts import AccountStore
from storage.cancellations import CancellationStore
from storage.drafts import DraftStore
from storage.goodwill import GoodwillStore
from storage.jobs import JobStore
from storage.pictures import PictureStore
from storage.presigned import Presigner
from storage.refused_requests import RefusedRequestStore
from storage.sessions import SessionStore
from storage.uploads import UploadStore
from storage.usage import UsageStore
from storage.webhook_deliveries import DeliveryStore
from storage.webhooks import WebhookStore


@dataclass(frozen=True, slots=True)
class Ports:
    """All of it. `targets` judges where webhooks may go, `links` makes short-lived links."""

    accounts: AccountStore
    acceptance: Acceptance
    jobs: JobStore
    cancellations: CancellationStore
    webhooks: WebhookStore
    deliveries: DeliveryStore
    targets: Egress
    links: Presigner
    uploads: UploadStore
    photos: PhotoChecker
    guesses: GuessMaker
    usage: UsageStore
    sessions: SessionStore
    pictures: PictureStore
    goodwill: GoodwillStore
    drafts: DraftStore
    refused: RefusedRequestStore
    api: ApiSettings
    look: LookSettings
    engine: EngineSettings = field(default_factory=EngineSettings)
    sources: PhotoSettings = field(default_factory=PhotoSettings)
    limiter: Limiter = field(default_factory=TokenBuckets)
