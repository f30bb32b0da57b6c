"""The HTTP contract. Made from the OpenAPI document by `make contracts`."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from looks_client.model import Model, OpenWords, Sent


class ApiKey(Model):
    """A key, without its text."""

    id: str
    name: str = ""
    """what its tenant calls it; empty: nothing"""
    last4: str
    """its last characters"""
    capabilities: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """to the minute"""
    revoked_at: datetime | None
    replaces: str | None
    """the key that it followed, where it was rotated"""
    works: bool
    current: bool
    """whether this request came by it, or by a session of it"""


class ApiKeyList(Model):
    """Keys, newest first: those that work, and the last ones that ended."""

    items: tuple[ApiKey, ...]


class ApiKeyWithText(Model):
    """A new key. Its text is not shown again."""

    id: str
    name: str = ""
    """what its tenant calls it; empty: nothing"""
    last4: str
    """its last characters"""
    capabilities: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """to the minute"""
    revoked_at: datetime | None
    replaces: str | None
    """the key that it followed, where it was rotated"""
    works: bool
    current: bool
    """whether this request came by it, or by a session of it"""
    key: str
    """keep it; only a hash of it is stored"""


class ArtifactMeta(Model):
    """What an artifact's bytes are."""

    width: int
    """pixels"""
    height: int
    """pixels"""
    sha256: str
    content_type: str
    bytes: int


class Artifact(Model):
    """A picture, by a short-lived link."""

    image_url: str
    """presigned GET, short-lived"""
    kind: Literal["image"] | str = "image"
    role: Literal["intermediate", "final"] | str
    label: str
    item_index: int | None = None
    """of the garment in `items` that it shows; null: of the whole look"""
    meta: ArtifactMeta


class AskedItem(Model):
    """One garment of a look's request, as it was sent."""

    trial_image: str
    trial_item_category: str


class ErrorCode(OpenWords):
    """What an error envelope can say."""

    MALFORMED_REQUEST = "MALFORMED_REQUEST"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    CAPABILITY_MISSING = "CAPABILITY_MISSING"
    ORIGIN_REFUSED = "ORIGIN_REFUSED"
    NOT_FOUND = "NOT_FOUND"
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
    DELIVERY_NOT_FOUND = "DELIVERY_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    OUTCOME_CAME_FIRST = "OUTCOME_CAME_FIRST"
    LIMIT_REACHED = "LIMIT_REACHED"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    IDEMPOTENCY_IN_PROGRESS = "IDEMPOTENCY_IN_PROGRESS"
    IDEMPOTENCY_KEY_REUSED = "IDEMPOTENCY_KEY_REUSED"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    URI_TOO_LONG = "URI_TOO_LONG"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    RATE_LIMITED = "RATE_LIMITED"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    INTERNAL = "INTERNAL"
    UNAVAILABLE = "UNAVAILABLE"


class ValidationErrorItem(Model):
    """One thing that is wrong with a request."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class BatchProblem(Model):
    """Why a look of a batch was refused: nothing was charged for it."""

    status: int
    """as `POST /v1/look` would have answered"""
    code: ErrorCode
    message: str
    detail: tuple[ValidationErrorItem, ...]
    """of a 422: what is wrong where; places begin at the batch's body"""


class JobStatus(OpenWords):
    """Where a job stands. SUCCESS and FAILURE are final; a cancelled job is a FAILURE with the code
    `cancelled`.
    """

    NOT_STARTED = "NOT_STARTED"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"


class WorkflowAcceptedResponse(Model):
    """The request is on disk with its charge; the picture follows."""

    request_id: str
    """ULID that correlates with the row in request_logs"""
    job_id: str | None = None
    """an alias of `request_id`, kept: always the same"""
    status: JobStatus = JobStatus("NOT_STARTED")
    credits_cost: int
    """Credits deducted from the calling client. Refunded automatically on any failure path."""
    warnings: tuple[str, ...] | None = None
    """what of the request was ignored; left out where nothing was"""


class BatchedLook(Model):
    """What one look of a batch came to: one of the two."""

    accepted: WorkflowAcceptedResponse | None = None
    """what `POST /v1/look` would have answered with 202"""
    problem: BatchProblem | None = None


class Billing(Model):
    """The receipt of a job, from the ledger. Credits; null times: no such entry (yet)."""

    credits_charged: int = 0
    charged_at: datetime | None
    credits_refunded: int = 0
    refunded_at: datetime | None
    credits_goodwill: int = 0
    """given back for a bad picture, which stays yours"""
    charged: int
    """an alias of `credits_charged`, kept"""
    refunded: int
    """an alias of `credits_refunded`, kept"""
    goodwill: int = 0
    """an alias of `credits_goodwill`, kept"""


class BodyRegion(OpenWords):
    """What part of the body a garment dresses."""

    UPPER = "upper"
    LOWER = "lower"
    FULL = "full"
    FEET = "feet"
    HEAD = "head"
    NECK = "neck"
    WAIST = "waist"
    HAND = "hand"


class Capability(OpenWords):
    """What a key may do."""

    JOBS_CREATE = "jobs:create"
    JOBS_READ = "jobs:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    KEYS_MANAGE = "keys:manage"


class CategoryGuess(Model):
    """What an uploaded photo shows, as far as its shape tells."""

    upload_key: str
    category: str | None = None
    """null where the shape is not clear"""
    confidence: float | None = None
    """of the guess, 0 to 1"""
    message: str | None = None
    """why there is no guess, in words"""
    offered: bool = True
    """false: this service guesses only when a look is made"""


class CreateApiKey(Sent):
    """A new key."""

    capabilities: tuple[Capability, ...]
    name: str = ""
    """what its tenant calls it"""
    expires_in_s: int | None = None
    """seconds that it works; left out: until it is revoked"""


class WebhookEventType(OpenWords):
    """What an endpoint can be told of."""

    LOOK_COMPLETED = "look.completed"
    LOOK_FAILED = "look.failed"


class CreateWebhook(Sent):
    """A new endpoint."""

    url: str
    """https, port 443 or 8443, a public address"""
    event_types: tuple[WebhookEventType, ...] = (
        WebhookEventType("look.completed"),
        WebhookEventType("look.failed"),
    )
    """which events it is sent"""
    description: str = ""
    include_image_url: bool = False
    """`look.completed` carries a link to the picture, which needs no key and expires"""


class CreditNotice(Model):
    """Below which balance the tenant is told, by the console and by `balance_is_low`."""

    low_balance: int
    """credits; 0: never"""
    is_default: bool
    """the service's own rule: what 20 looks cost now"""


class LedgerEntryOut(Model):
    """One ledger entry; `amount` is signed."""

    id: int
    request_id: str | None
    kind: Literal["grant", "charge", "refund", "goodwill"] | str
    amount: int
    created_at: datetime


class Credits(Model):
    """The balance and the entries it is the sum of, newest first."""

    balance: int
    entries: tuple[LedgerEntryOut, ...]
    next_cursor: str | None
    count: int = 0
    """entries on this page"""


class DeliveryStatus(OpenWords):
    """Where a delivery stands. `skipped`: its endpoint was disabled; it can be redelivered."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SKIPPED = "skipped"


class DeliveryAttempt(Model):
    """The latest try."""

    at: datetime
    duration_ms: int
    status_code: int | None
    error: str | None
    """why there was no answer"""
    answer: str
    """the beginning of the answer's body; not kept for tests"""


class Delivery(Model):
    """One event on its way to one endpoint."""

    id: str
    event_id: str
    """the `webhook-id` header of every try: the event's id in Kafka too"""
    event_type: str
    request_id: str | None
    status: DeliveryStatus
    attempts: int
    """tries so far, redeliveries included"""
    next_attempt_at: datetime | None
    last_attempt: DeliveryAttempt | None
    created_at: datetime


class DeliveryInFull(Model):
    """One event on its way to one endpoint, with what is sent."""

    id: str
    event_id: str
    """the `webhook-id` header of every try: the event's id in Kafka too"""
    event_type: str
    request_id: str | None
    status: DeliveryStatus
    attempts: int
    """tries so far, redeliveries included"""
    next_attempt_at: datetime | None
    last_attempt: DeliveryAttempt | None
    created_at: datetime
    payload: Mapping[str, Any]
    """the body of each try, but for its spaces: signatures are of the body's bytes. `image_url` and
    `image_url_expires_at` are made anew at each try and not kept
    """


class DeliveryList(Model):
    """A page of deliveries, newest first."""

    items: tuple[Delivery, ...]
    next_cursor: str | None
    count: int = 0
    """deliveries on this page"""


class DraftItem(Sent):
    """A garment of a draft."""

    trial_image: str
    trial_item_category: str
    """empty while it has not been chosen"""
    name: str = ""
    """what its file was called"""
    bytes: int | None = None
    thumb: str | None = None
    """what it looks like: a small JPEG in base64"""


class ErrorBody(Model):
    """What went wrong."""

    code: ErrorCode
    message: str
    exchange_id: str = ""
    """ULID of this HTTP exchange; quote it when you ask for help"""
    request_id: str
    """an alias of `exchange_id`, kept; no look's"""


class ErrorEnvelope(Model):
    """The body of every answer that is not 2xx."""

    error: ErrorBody


class EventType(OpenWords):
    """Kinds of job events."""

    QUEUED = "queued"
    STAGE = "stage"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Event(Model):
    """One step of a job. `seq` grows by one from 1 and is the same for every reader, and so is
    `event_id`.
    """

    event_id: str
    """ULID: `id` of the CloudEvent in Kafka, the same on every way by which an event travels"""
    seq: int
    status: JobStatus | None = None
    """of the job from this event on: what `event_type` says, in the words of `GET /v1/jobs`"""
    event_type: EventType
    """queued: NOT_STARTED; stage: IN_PROGRESS; succeeded: SUCCESS; failed: FAILURE"""
    visibility: Literal["public"] | str = "public"
    stage: str | None
    message: str
    artifacts: tuple[Artifact, ...] = ()
    extra: Mapping[str, Any]
    created_at: datetime


class EventList(Model):
    """Events after `since`, ascending."""

    items: tuple[Event, ...]
    latest_seq: int


class FailureCode(OpenWords):
    """Reason codes of a failed look. Each one refunds the whole charge."""

    OBJECT_NOT_FOUND = "object_not_found"
    OBJECT_FORBIDDEN = "object_forbidden"
    IMAGE_UNREADABLE = "image_unreadable"
    IMAGE_TOO_LARGE = "image_too_large"
    NO_GARMENT_FOUND = "no_garment_found"
    CATEGORY_MISMATCH = "category_mismatch"
    TIMEOUT = "timeout"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    PHOTO_NOT_PROCESSED = "photo_not_processed"
    CANNOT_BE_DRESSED = "cannot_be_dressed"
    IMAGE_FETCH_FAILED = "image_fetch_failed"
    CATEGORY_UNCLEAR = "category_unclear"


class FailureReason(Model):
    """Which item failed and why, in words that a shopper-facing team can act on."""

    code: FailureCode
    """Reason codes of a failed look. Each one refunds the whole charge."""
    message: str
    item_index: int | None = None
    """0-based index into `items`; null when no item is to blame"""
    cause: str | None = None
    """a narrower code, where there is one: `photo_not_processed`, `cannot_be_dressed`,
    `image_fetch_failed`, `category_unclear`. An open set: pass over what you do not know
    """


class GarmentCategory(OpenWords):
    """Category keys."""

    TOP = "top"
    T_SHIRT = "t-shirt"
    SHIRT = "shirt"
    BLOUSE = "blouse"
    POLO = "polo"
    SWEATER = "sweater"
    HOODIE = "hoodie"
    CARDIGAN = "cardigan"
    VEST = "vest"
    JACKET = "jacket"
    BLAZER = "blazer"
    COAT = "coat"
    TANK = "tank"
    CROP_TOP = "crop-top"
    DRESS = "dress"
    JUMPSUIT = "jumpsuit"
    SKIRT = "skirt"
    SHORTS = "shorts"
    JEANS = "jeans"
    TROUSERS = "trousers"
    LEGGINGS = "leggings"
    SHOES = "shoes"
    BOOTS = "boots"
    HAT = "hat"
    SCARF = "scarf"
    BAG = "bag"
    BELT = "belt"


class GarmentCategoryOut(Model):
    """A garment category."""

    key: GarmentCategory
    label: str
    body_region: BodyRegion
    layer: int
    """of two garments on the same region the higher layer lies over the lower"""
    synonyms: tuple[str, ...]


class GarmentCategoryList(Model):
    """All garment categories, innermost layer first."""

    items: tuple[GarmentCategoryOut, ...]


class HTTPValidationError(Model):
    """A 422: what is wrong, item by item, beside the envelope."""

    detail: tuple[ValidationErrorItem, ...]
    error: ErrorBody


class JobFailure(Model):
    """The same over HTTP, where `code` is the narrowest that there is."""

    code: FailureCode
    message: str
    item_index: int | None = None
    """0-based index into `items`; null when no item is to blame"""


class UserCategory(OpenWords):
    """Which mannequin wears the look."""

    MALE = "MALE"
    FEMALE = "FEMALE"


class RenderedGarment(Model):
    """Where one item of the request went in the picture, in the order of the request."""

    trial_image: str = ""
    """as it was sent"""
    trial_item_category: str
    layer_order: int | None = None
    """larger lies over smaller, as `layer` of `GET /v1/garment-categories`"""
    layer: str
    """`layer_order` as text, kept"""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1 in pixels of the picture; x1 and y1 exclusive"""
    warnings: tuple[str, ...]
    quality: float | None = None
    """0 to 1, how sellable its part of the picture is thought to be; null on older looks"""
    quality_reasons: tuple[str, ...] = ()
    """what lowers the quality, the worst first"""
    placed: Literal["dressed", "whole"] | str | None = None
    """dressed in parts, or placed whole where dressing it would not look right"""
    guessed_category: str | None = None
    """what it was taken for, where `trial_item_category` is `auto`"""
    guess_confidence: float | None = None
    """of the guess, 0 to 1"""


class Job(Model):
    """A job; `artifacts` holds the final picture and `garments` what is in it, once it is
    SUCCESS.
    """

    request_id: str
    job_id: str
    """an alias of `request_id`, kept: always the same"""
    job_type: str
    status: JobStatus
    credits_cost: int
    refunded: bool
    billing: Billing
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    error: JobFailure | None
    latest_event: Event | None
    user_category: UserCategory | None = None
    """the mannequin that was asked for"""
    items: tuple[AskedItem, ...] = ()
    """the garments that were asked for"""
    runtime_config: Mapping[str, Any] | None = None
    """the options that were asked for"""
    reference: str | None = None
    """your own name for the look"""
    metadata: Mapping[str, str] | None = None
    """your own pairs of words"""
    artifacts: tuple[Artifact, ...]
    garments: tuple[RenderedGarment, ...] = ()
    """in the order of the request"""


class JobSummary(Model):
    """A job without its artifacts."""

    request_id: str
    job_id: str
    """an alias of `request_id`, kept: always the same"""
    job_type: str
    status: JobStatus
    credits_cost: int
    refunded: bool
    billing: Billing
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    error: JobFailure | None
    latest_event: Event | None
    user_category: UserCategory | None = None
    """the mannequin that was asked for"""
    items: tuple[AskedItem, ...] = ()
    """the garments that were asked for"""
    runtime_config: Mapping[str, Any] | None = None
    """the options that were asked for"""
    reference: str | None = None
    """your own name for the look"""
    metadata: Mapping[str, str] | None = None
    """your own pairs of words"""


class JobList(Model):
    """A page of jobs, newest first."""

    items: tuple[JobSummary, ...]
    next_cursor: str | None
    count: int
    """jobs on this page"""


class ListedUpload(Model):
    """A photo that was uploaded earlier."""

    upload_key: str
    """what `trial_image` of `POST /v1/look` takes"""
    image_url: str
    """presigned GET, short-lived"""
    upload_id: str
    content_type: str
    bytes: int
    """how large the file is"""
    created_at: datetime


class LookBatchResult(Model):
    """One entry for each look, in the order of the request."""

    items: tuple[BatchedLook, ...]
    accepted: int
    """how many looks"""
    refused: int
    """how many looks"""
    credits_cost: int
    """of those that were accepted, together"""


class LookDraft(Sent):
    """What somebody is putting together. Nothing of it is checked before it is sent as a look."""

    items: tuple[DraftItem, ...]
    user_category: UserCategory | None = None
    runtime_config: Mapping[str, Any] | None = None
    reference: str = ""
    idempotency_key: str | None = None
    """under which this very draft was sent, where no answer came: sent again under it, it is
    charged once
    """


class LookOutcome(Model):
    """What an endpoint is told of a look: thin; `job_url` has the rest. The fields of the picture
    are there where the endpoint asks for them (`include_image_url`).
    """

    request_id: str
    status: JobStatus
    seq: int
    """of the event within its job: the last one"""
    credits_cost: int
    credits_refunded: int
    error: FailureReason | None = None
    job_url: str
    """path on the API: GET it with your key"""
    reference: str | None = None
    """the look's, as you sent it"""
    metadata: Mapping[str, str] | None = None
    """as you sent it"""
    image_url: str | None = None
    """GET it without a key before it expires; null: it could not be made, `job_url` has another"""
    image_url_expires_at: datetime | None = None


class TrialItemInput(Sent):
    """One garment: its photo and a garment category key."""

    trial_image: str
    """the garment photo: an S3 object key, the `upload_key` of POST /v1/uploads, an https URL that
    we fetch, or a `data:image/...;base64,` URL. Keys and https URLs have 1024 characters at most
    """
    trial_item_category: str
    """garment category key, see GET /v1/garment-categories; or `auto`: guessed from the photo's
    shape
    """


class LookRequest(Sent):
    """The garments to compose on one mannequin."""

    user_category: UserCategory | None = None
    """MALE, FEMALE or null for the default mannequin"""
    items: tuple[TrialItemInput, ...]
    runtime_config: Mapping[str, Any] | None = None
    """rendering options; unknown ones are refused, and for keys from before that rule ignored and
    named in the warnings
    """
    reference: str | None = None
    """your own name for the look: jobs, events and webhooks carry it, and `GET /v1/jobs?reference=`
    finds it. It need not be unique
    """
    metadata: Mapping[str, str] | None = None
    """your own pairs of words, carried along and given back; 4096 bytes of JSON in all"""


class LookValidation(Model):
    """What `POST /v1/look` would say to the same body now. Nothing was charged or stored."""

    credits_cost: int
    balance: int
    sufficient: bool
    """whether the balance covers the cost"""
    warnings: tuple[str, ...]
    """what of the body would be ignored"""


class RateAllowance(Model):
    """A bucket that requests take from."""

    name: str
    """as `RateLimit-Policy` calls it"""
    per_s: float
    """requests a second, sustained"""
    burst: int
    """requests at once"""


class MyAccount(Model):
    """The key of this request, with what its tenant has and may ask for."""

    tenant_id: str
    environment: str
    """live or test"""
    key_id: str
    """what operators call the key by; not the key"""
    key_name: str = ""
    """what its tenant calls the key"""
    capabilities: tuple[str, ...]
    """jobs:create, jobs:read, webhooks:manage, keys:manage"""
    object_key_prefixes: tuple[str, ...]
    """what a `trial_image` may begin with"""
    strict_fields: bool
    """whether unknown fields of a look are refused; else they are warned of"""
    strict_options: bool = False
    """whether unknown options of `runtime_config` are refused; else they are warned of"""
    session_id: str | None = None
    """the console's session that this request came by"""
    balance: int | None
    """credits of this environment; null for a key that may not read them"""
    low_balance: int | None
    """the balance is low when it is below this"""
    balance_is_low: bool | None
    limits: tuple[RateAllowance, ...]
    """of this key and of all keys of its tenant"""


class Notice(Model):
    """What a test delivery says."""

    message: str = "A test of your endpoint. No look is behind it."


class Operation(Model):
    """Something that can be asked for, and its price."""

    name: str
    op_class: str
    credits_cost: int
    enabled: bool


class OperationList(Model):
    """All operations."""

    items: tuple[Operation, ...]


class PhotoLink(Model):
    """The photo of a garment."""

    image_url: str
    """presigned GET, short-lived; a browser saves it"""


class PhotoType(OpenWords):
    """What a garment photo may be."""

    IMAGE_JPEG = "image/jpeg"
    IMAGE_PNG = "image/png"
    IMAGE_WEBP = "image/webp"
    IMAGE_AVIF = "image/avif"
    IMAGE_HEIC = "image/heic"


class ReportReason(OpenWords):
    """What is wrong with a picture."""

    CUT_OUT = "cut_out"
    SHAPE = "shape"
    WRONG_GARMENT = "wrong_garment"
    COLOUR = "colour"
    OTHER = "other"


class PictureReport(Model):
    """The first report of a picture, and what came of it."""

    request_id: str
    reason: ReportReason
    note: str
    credited: int
    """credits given back, as `goodwill` in the ledger"""
    withheld: Literal["too_late", "monthly_limit", "nothing_charged"] | str | None
    """why none were: see docs/console.md for the rule"""
    created_at: datetime


class PresignedUpload(Model):
    """A form that a client posts to the object store itself: `fields` first, in this order, then
    the file as `file`.
    """

    upload_key: str
    """what `trial_image` of `POST /v1/look` takes, once the file is there"""
    url: str
    fields: Mapping[str, str]
    expires_at: datetime


class PresignedUploadRequest(Sent):
    """What will be uploaded."""

    content_type: PhotoType
    bytes: int
    """how large the file is"""


class RefusedRequest(Model):
    """A request that was refused."""

    exchange_id: str = ""
    """as its error and `X-Request-Id` said it"""
    request_id: str
    """an alias of `exchange_id`, kept; no look's"""
    key_id: str
    method: str
    path: str
    """without its query"""
    status: int
    code: str
    message: str
    created_at: datetime


class RefusedRequestList(Model):
    """A page of refused requests, newest first."""

    items: tuple[RefusedRequest, ...]
    next_cursor: str | None
    count: int = 0
    """requests on this page"""


class RenameApiKey(Sent):
    """Another name."""

    name: str
    """what its tenant calls it"""


class RenderLayer(Model):
    """A part of a finished look by itself, transparent around. Laid over one another in this order,
    they are the look; left out, the look without them.
    """

    item_index: int | None
    """of the garment in `items`; null: the mannequin that wears nothing"""
    worn: Literal["with_others", "alone"] | str
    """`alone`: as it is worn without what lies over it; there where that differs"""
    box: tuple[int, int, int, int]
    """x0, y0, x1, y1: where it lies, in pixels of the picture; x1 and y1 exclusive"""
    image_url: str
    """presigned GET, short-lived"""
    meta: ArtifactMeta


class Render(Model):
    """A finished look."""

    request_id: str
    user_category: UserCategory | None
    """the mannequin that was asked for"""
    items: tuple[AskedItem, ...] = ()
    """the garments that were asked for"""
    runtime_config: Mapping[str, Any] | None = None
    """the options that were asked for"""
    reference: str | None = None
    """your own name for the look"""
    metadata: Mapping[str, str] | None = None
    """your own pairs of words"""
    picture: Artifact
    cutouts: tuple[Artifact, ...]
    """the garments cut out of their photos, where those are kept"""
    garments: tuple[RenderedGarment, ...]
    layers: tuple[RenderLayer, ...] = ()
    """from the skin outwards, where the look was made with the option `layers`"""
    created_at: datetime
    """when the look was accepted"""
    completed_at: datetime


class RenderList(Model):
    """A page of finished looks, newest first."""

    items: tuple[Render, ...]
    next_cursor: str | None
    count: int = 0
    """looks on this page, as `GET /v1/jobs` says it"""


class ReportPicture(Sent):
    """A bad picture."""

    reason: ReportReason = ReportReason("other")
    """`cut_out`: background in it, or parts missing; `shape`: the garment is bent or lies wrongly;
    `wrong_garment`: it is taken for something else; `colour`
    """
    note: str = ""
    """in your words; we read it"""


class RotateApiKey(Sent):
    """How long the key before goes on working."""

    overlap_s: int = 86400
    """seconds"""


class RotateSecret(Sent):
    """How long the secret before goes on signing beside the new one."""

    overlap_s: int = 86400
    """seconds"""


class RotatedApiKey(Model):
    """The key that follows a rotated one."""

    id: str
    name: str = ""
    """what its tenant calls it; empty: nothing"""
    last4: str
    """its last characters"""
    capabilities: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """to the minute"""
    revoked_at: datetime | None
    replaces: str | None
    """the key that it followed, where it was rotated"""
    works: bool
    current: bool
    """whether this request came by it, or by a session of it"""
    key: str
    """keep it; only a hash of it is stored"""
    previous_valid_until: datetime


class SavedDraft(Model):
    """The draft of this key; both null where there is none."""

    draft: LookDraft | None
    updated_at: datetime | None


class SetCreditNotice(Sent):
    """A rule of the tenant's own, or none."""

    low_balance: int | None
    """credits; 0: never told; null: the service's own rule"""


class UpdateWebhook(Sent):
    """What is to change; the rest stays."""

    url: str | None = None
    event_types: tuple[WebhookEventType, ...] | None = None
    description: str | None = None
    include_image_url: bool | None = None
    """from the next try on, of what waits too"""
    enabled: bool | None = None
    """true ends every kind of disablement and forgets past failures"""


class Upload(Model):
    """A photo in the object store."""

    upload_key: str
    """what `trial_image` of `POST /v1/look` takes"""
    image_url: str
    """presigned GET, short-lived"""


class UploadList(Model):
    """A page of uploads, newest first."""

    items: tuple[ListedUpload, ...]
    next_cursor: str | None
    count: int = 0
    """uploads on this page"""


class UsageDay(Model):
    """One day (UTC) and operation. All that came of a request belongs to the day on which it was
    accepted.
    """

    day: date
    operation: str
    requests: int
    succeeded: int
    failed: int
    credits_charged: int
    credits_refunded: int
    credits_net: int
    """charged less refunded"""


class Usage(Model):
    """Use by day and operation, newest first; days without requests are left out."""

    first_day: date
    last_day: date
    """included"""
    items: tuple[UsageDay, ...]


class UsageOfKey(Model):
    """One day, operation and key."""

    day: date
    operation: str
    requests: int
    succeeded: int
    failed: int
    credits_charged: int
    credits_refunded: int
    credits_net: int
    """charged less refunded"""
    key_id: str | None
    """null: asked for before keys were noted, or restored from a backup"""
    key_name: str
    """what its tenant calls it now"""
    key_last4: str | None
    """the key's last characters"""


class UsageByKey(Model):
    """Use by day, operation and key, newest first; what there was none of is left out."""

    first_day: date
    last_day: date
    """included"""
    items: tuple[UsageOfKey, ...]


class Webhook(Model):
    """An endpoint, without its secret."""

    id: str
    url: str
    event_types: tuple[WebhookEventType, ...]
    description: str
    include_image_url: bool
    """whether `look.completed` carries a link to the picture"""
    enabled: bool
    disabled_reason: Literal["owner", "gone", "failing"] | str | None
    """`owner`: by you; `gone`: it answered 410; `failing`: every try failed for days"""
    disabled_at: datetime | None
    failing_since: datetime | None
    """the first failed try since the last one that succeeded"""
    created_at: datetime


class WebhookList(Model):
    """A page of endpoints, newest first."""

    items: tuple[Webhook, ...]
    next_cursor: str | None
    count: int = 0
    """endpoints on this page"""


class WebhookPayload(Model):
    """The body of a delivery."""

    type: Literal["look.completed", "look.failed", "webhook.test"] | str
    timestamp: datetime
    """when it happened"""
    data: LookOutcome | Notice


class WebhookSecret(Model):
    """A new secret. It is not shown again."""

    secret: str
    previous_valid_until: datetime
    """until then deliveries carry the signature of the one before too"""


class WebhookWithSecret(Model):
    """A new endpoint with the secret that its deliveries are signed with. It is not shown again."""

    id: str
    url: str
    event_types: tuple[WebhookEventType, ...]
    description: str
    include_image_url: bool
    """whether `look.completed` carries a link to the picture"""
    enabled: bool
    disabled_reason: Literal["owner", "gone", "failing"] | str | None
    """`owner`: by you; `gone`: it answered 410; `failing`: every try failed for days"""
    disabled_at: datetime | None
    failing_since: datetime | None
    """the first failed try since the last one that succeeded"""
    created_at: datetime
    secret: str
    """`whsec_` and 32 random bytes in base64; keep it"""
