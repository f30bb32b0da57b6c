// The HTTP contract. Made from the OpenAPI document by `make contracts`.

/** A key, without its text. */
export interface ApiKey {
  readonly id: string;
  /** what its tenant calls it; empty: nothing */
  readonly name?: string;
  /** its last characters */
  readonly last4: string;
  readonly capabilities: ReadonlyArray<string>;
  readonly created_at: string;
  readonly expires_at: string | null;
  /** to the minute */
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  /** the key that it followed, where it was rotated */
  readonly replaces: string | null;
  readonly works: boolean;
  /** whether this request came by it, or by a session of it */
  readonly current: boolean;
}

/** Keys, newest first: those that work, and the last ones that ended. */
export interface ApiKeyList {
  readonly items: ReadonlyArray<ApiKey>;
}

/** A new key. Its text is not shown again. */
export interface ApiKeyWithText {
  readonly id: string;
  /** what its tenant calls it; empty: nothing */
  readonly name?: string;
  /** its last characters */
  readonly last4: string;
  readonly capabilities: ReadonlyArray<string>;
  readonly created_at: string;
  readonly expires_at: string | null;
  /** to the minute */
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  /** the key that it followed, where it was rotated */
  readonly replaces: string | null;
  readonly works: boolean;
  /** whether this request came by it, or by a session of it */
  readonly current: boolean;
  /** keep it; only a hash of it is stored */
  readonly key: string;
}

/** What an artifact's bytes are. */
export interface ArtifactMeta {
  /** pixels */
  readonly width: number;
  /** pixels */
  readonly height: number;
  readonly sha256: string;
  readonly content_type: string;
  readonly bytes: number;
}

/** A picture, by a short-lived link. */
export interface Artifact {
  /** presigned GET, short-lived */
  readonly image_url: string;
  readonly kind?: "image" | (string & {});
  readonly role: "intermediate" | "final" | (string & {});
  readonly label: string;
  /** of the garment in `items` that it shows; null: of the whole look */
  readonly item_index?: number | null;
  readonly meta: ArtifactMeta;
}

/** One garment of a look's request, as it was sent. */
export interface AskedItem {
  readonly trial_image: string;
  readonly trial_item_category: string;
}

/** What an error envelope can say. */
export type ErrorCode =
  | "MALFORMED_REQUEST"
  | "UNAUTHENTICATED"
  | "INSUFFICIENT_BALANCE"
  | "CAPABILITY_MISSING"
  | "ORIGIN_REFUSED"
  | "NOT_FOUND"
  | "JOB_NOT_FOUND"
  | "WEBHOOK_NOT_FOUND"
  | "DELIVERY_NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "NOT_ACCEPTABLE"
  | "OUTCOME_CAME_FIRST"
  | "LIMIT_REACHED"
  | "WEBHOOK_DISABLED"
  | "IDEMPOTENCY_IN_PROGRESS"
  | "IDEMPOTENCY_KEY_REUSED"
  | "PAYLOAD_TOO_LARGE"
  | "URI_TOO_LONG"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "VALIDATION_ERROR"
  | "RATE_LIMITED"
  | "HEADERS_TOO_LARGE"
  | "REQUEST_TIMEOUT"
  | "INTERNAL"
  | "UNAVAILABLE"
  | (string & {});

/** One thing that is wrong with a request. */
export interface ValidationErrorItem {
  readonly loc: ReadonlyArray<string | number>;
  readonly msg: string;
  readonly type: string;
}

/** Why a look of a batch was refused: nothing was charged for it. */
export interface BatchProblem {
  /** as `POST /v1/look` would have answered */
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** of a 422: what is wrong where; places begin at the batch's body */
  readonly detail: ReadonlyArray<ValidationErrorItem>;
}

/** Where a job stands. SUCCESS and FAILURE are final; a cancelled job is a FAILURE with the code `cancelled`. */
export type JobStatus =
  | "NOT_STARTED"
  | "IN_PROGRESS"
  | "SUCCESS"
  | "FAILURE"
  | (string & {});

/** The request is on disk with its charge; the picture follows. */
export interface WorkflowAcceptedResponse {
  /** ULID that correlates with the row in request_logs */
  readonly request_id: string;
  /** an alias of `request_id`, kept: always the same */
  readonly job_id?: string | null;
  readonly status?: JobStatus;
  /** Credits deducted from the calling client. Refunded automatically on any failure path. */
  readonly credits_cost: number;
  /** what of the request was ignored; left out where nothing was */
  readonly warnings?: ReadonlyArray<string> | null;
}

/** What one look of a batch came to: one of the two. */
export interface BatchedLook {
  /** what `POST /v1/look` would have answered with 202 */
  readonly accepted?: WorkflowAcceptedResponse | null;
  readonly problem?: BatchProblem | null;
}

/** The receipt of a job, from the ledger. Credits; null times: no such entry (yet). */
export interface Billing {
  readonly credits_charged?: number;
  readonly charged_at: string | null;
  readonly credits_refunded?: number;
  readonly refunded_at: string | null;
  /** given back for a bad picture, which stays yours */
  readonly credits_goodwill?: number;
  /** an alias of `credits_charged`, kept */
  readonly charged: number;
  /** an alias of `credits_refunded`, kept */
  readonly refunded: number;
  /** an alias of `credits_goodwill`, kept */
  readonly goodwill?: number;
}

/** What part of the body a garment dresses. */
export type BodyRegion =
  | "upper"
  | "lower"
  | "full"
  | "feet"
  | "head"
  | "neck"
  | "waist"
  | "hand"
  | (string & {});

/** What a key may do. */
export type Capability =
  | "jobs:create"
  | "jobs:read"
  | "webhooks:manage"
  | "keys:manage"
  | (string & {});

/** What an uploaded photo shows, as far as its shape tells. */
export interface CategoryGuess {
  readonly upload_key: string;
  /** null where the shape is not clear */
  readonly category?: string | null;
  /** of the guess, 0 to 1 */
  readonly confidence?: number | null;
  /** why there is no guess, in words */
  readonly message?: string | null;
  /** false: this service guesses only when a look is made */
  readonly offered?: boolean;
}

/** A new key. */
export interface CreateApiKey {
  readonly capabilities: ReadonlyArray<Capability>;
  /** what its tenant calls it */
  readonly name?: string;
  /** seconds that it works; left out: until it is revoked */
  readonly expires_in_s?: number | null;
}

/** What an endpoint can be told of. */
export type WebhookEventType =
  | "look.completed"
  | "look.failed"
  | (string & {});

/** A new endpoint. */
export interface CreateWebhook {
  /** https, port 443 or 8443, a public address */
  readonly url: string;
  /** which events it is sent */
  readonly event_types?: ReadonlyArray<WebhookEventType>;
  readonly description?: string;
  /** `look.completed` carries a link to the picture, which needs no key and expires */
  readonly include_image_url?: boolean;
}

/** Below which balance the tenant is told, by the console and by `balance_is_low`. */
export interface CreditNotice {
  /** credits; 0: never */
  readonly low_balance: number;
  /** the service's own rule: what 20 looks cost now */
  readonly is_default: boolean;
}

/** One ledger entry; `amount` is signed. */
export interface LedgerEntryOut {
  readonly id: number;
  readonly request_id: string | null;
  readonly kind: "grant" | "charge" | "refund" | "goodwill" | (string & {});
  readonly amount: number;
  readonly created_at: string;
}

/** The balance and the entries it is the sum of, newest first. */
export interface Credits {
  readonly balance: number;
  readonly entries: ReadonlyArray<LedgerEntryOut>;
  readonly next_cursor: string | null;
  /** entries on this page */
  readonly count?: number;
}

/** Where a delivery stands. `skipped`: its endpoint was disabled; it can be redelivered. */
export type DeliveryStatus =
  | "pending"
  | "delivered"
  | "failed"
  | "skipped"
  | (string & {});

/** The latest try. */
export interface DeliveryAttempt {
  readonly at: string;
  readonly duration_ms: number;
  readonly status_code: number | null;
  /** why there was no answer */
  readonly error: string | null;
  /** the beginning of the answer's body; not kept for tests */
  readonly answer: string;
}

/** One event on its way to one endpoint. */
export interface Delivery {
  readonly id: string;
  /** the `webhook-id` header of every try: the event's id in Kafka too */
  readonly event_id: string;
  readonly event_type: string;
  readonly request_id: string | null;
  readonly status: DeliveryStatus;
  /** tries so far, redeliveries included */
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_attempt: DeliveryAttempt | null;
  readonly created_at: string;
}

/** One event on its way to one endpoint, with what is sent. */
export interface DeliveryInFull {
  readonly id: string;
  /** the `webhook-id` header of every try: the event's id in Kafka too */
  readonly event_id: string;
  readonly event_type: string;
  readonly request_id: string | null;
  readonly status: DeliveryStatus;
  /** tries so far, redeliveries included */
  readonly attempts: number;
  readonly next_attempt_at: string | null;
  readonly last_attempt: DeliveryAttempt | null;
  readonly created_at: string;
  /** the body of each try, but for its spaces: signatures are of the body's bytes. `image_url` and `image_url_expires_at` are made anew at each try and not kept */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** A page of deliveries, newest first. */
export interface DeliveryList {
  readonly items: ReadonlyArray<Delivery>;
  readonly next_cursor: string | null;
  /** deliveries on this page */
  readonly count?: number;
}

/** A garment of a draft. */
export interface DraftItem {
  readonly trial_image: string;
  /** empty while it has not been chosen */
  readonly trial_item_category: string;
  /** what its file was called */
  readonly name?: string;
  readonly bytes?: number | null;
  /** what it looks like: a small JPEG in base64 */
  readonly thumb?: string | null;
}

/** What went wrong. */
export interface ErrorBody {
  readonly code: ErrorCode;
  readonly message: string;
  /** ULID of this HTTP exchange; quote it when you ask for help */
  readonly exchange_id?: string;
  /** an alias of `exchange_id`, kept; no look's */
  readonly request_id: string;
}

/** The body of every answer that is not 2xx. */
export interface ErrorEnvelope {
  readonly error: ErrorBody;
}

/** Kinds of job events. */
export type EventType =
  | "queued"
  | "stage"
  | "succeeded"
  | "failed"
  | (string & {});

/** One step of a job. `seq` grows by one from 1 and is the same for every reader, and so is `event_id`. */
export interface Event {
  /** ULID: `id` of the CloudEvent in Kafka, the same on every way by which an event travels */
  readonly event_id: string;
  readonly seq: number;
  /** of the job from this event on: what `event_type` says, in the words of `GET /v1/jobs` */
  readonly status?: JobStatus | null;
  /** queued: NOT_STARTED; stage: IN_PROGRESS; succeeded: SUCCESS; failed: FAILURE */
  readonly event_type: EventType;
  readonly visibility?: "public" | (string & {});
  readonly stage: string | null;
  readonly message: string;
  readonly artifacts?: ReadonlyArray<Artifact>;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly created_at: string;
}

/** Events after `since`, ascending. */
export interface EventList {
  readonly items: ReadonlyArray<Event>;
  readonly latest_seq: number;
}

/** Reason codes of a failed look. Each one refunds the whole charge. */
export type FailureCode =
  | "object_not_found"
  | "object_forbidden"
  | "image_unreadable"
  | "image_too_large"
  | "no_garment_found"
  | "category_mismatch"
  | "timeout"
  | "expired"
  | "cancelled"
  | "internal"
  | "photo_not_processed"
  | "cannot_be_dressed"
  | "image_fetch_failed"
  | "category_unclear"
  | (string & {});

/** Which item failed and why, in words that a shopper-facing team can act on. */
export interface FailureReason {
  /** Reason codes of a failed look. Each one refunds the whole charge. */
  readonly code: FailureCode;
  readonly message: string;
  /** 0-based index into `items`; null when no item is to blame */
  readonly item_index?: number | null;
  /** a narrower code, where there is one: `photo_not_processed`, `cannot_be_dressed`, `image_fetch_failed`, `category_unclear`. An open set: pass over what you do not know */
  readonly cause?: string | null;
}

/** Category keys. */
export type GarmentCategory =
  | "top"
  | "t-shirt"
  | "shirt"
  | "blouse"
  | "polo"
  | "sweater"
  | "hoodie"
  | "cardigan"
  | "vest"
  | "jacket"
  | "blazer"
  | "coat"
  | "tank"
  | "crop-top"
  | "dress"
  | "jumpsuit"
  | "skirt"
  | "shorts"
  | "jeans"
  | "trousers"
  | "leggings"
  | "shoes"
  | "boots"
  | "hat"
  | "scarf"
  | "bag"
  | "belt"
  | (string & {});

/** A garment category. */
export interface GarmentCategoryOut {
  readonly key: GarmentCategory;
  readonly label: string;
  readonly body_region: BodyRegion;
  /** of two garments on the same region the higher layer lies over the lower */
  readonly layer: number;
  readonly synonyms: ReadonlyArray<string>;
}

/** All garment categories, innermost layer first. */
export interface GarmentCategoryList {
  readonly items: ReadonlyArray<GarmentCategoryOut>;
}

/** A 422: what is wrong, item by item, beside the envelope. */
export interface HTTPValidationError {
  readonly detail: ReadonlyArray<ValidationErrorItem>;
  readonly error: ErrorBody;
}

/** The same over HTTP, where `code` is the narrowest that there is. */
export interface JobFailure {
  readonly code: FailureCode;
  readonly message: string;
  /** 0-based index into `items`; null when no item is to blame */
  readonly item_index?: number | null;
}

/** Which mannequin wears the look. */
export type UserCategory =
  | "MALE"
  | "FEMALE"
  | (string & {});

/** Where one item of the request went in the picture, in the order of the request. */
export interface RenderedGarment {
  /** as it was sent */
  readonly trial_image?: string;
  readonly trial_item_category: string;
  /** larger lies over smaller, as `layer` of `GET /v1/garment-categories` */
  readonly layer_order?: number | null;
  /** `layer_order` as text, kept */
  readonly layer: string;
  /** x0, y0, x1, y1 in pixels of the picture; x1 and y1 exclusive */
  readonly box: readonly [number, number, number, number];
  readonly warnings: ReadonlyArray<string>;
  /** 0 to 1, how sellable its part of the picture is thought to be; null on older looks */
  readonly quality?: number | null;
  /** what lowers the quality, the worst first */
  readonly quality_reasons?: ReadonlyArray<string>;
  /** dressed in parts, or placed whole where dressing it would not look right */
  readonly placed?: "dressed" | "whole" | (string & {}) | null;
  /** what it was taken for, where `trial_item_category` is `auto` */
  readonly guessed_category?: string | null;
  /** of the guess, 0 to 1 */
  readonly guess_confidence?: number | null;
}

/** A job; `artifacts` holds the final picture and `garments` what is in it, once it is SUCCESS. */
export interface Job {
  readonly request_id: string;
  /** an alias of `request_id`, kept: always the same */
  readonly job_id: string;
  readonly job_type: string;
  readonly status: JobStatus;
  readonly credits_cost: number;
  readonly refunded: boolean;
  readonly billing: Billing;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deadline_at: string;
  readonly error: JobFailure | null;
  readonly latest_event: Event | null;
  /** the mannequin that was asked for */
  readonly user_category?: UserCategory | null;
  /** the garments that were asked for */
  readonly items?: ReadonlyArray<AskedItem>;
  /** the options that were asked for */
  readonly runtime_config?: Readonly<Record<string, unknown>> | null;
  /** your own name for the look */
  readonly reference?: string | null;
  /** your own pairs of words */
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly artifacts: ReadonlyArray<Artifact>;
  /** in the order of the request */
  readonly garments?: ReadonlyArray<RenderedGarment>;
}

/** A job without its artifacts. */
export interface JobSummary {
  readonly request_id: string;
  /** an alias of `request_id`, kept: always the same */
  readonly job_id: string;
  readonly job_type: string;
  readonly status: JobStatus;
  readonly credits_cost: number;
  readonly refunded: boolean;
  readonly billing: Billing;
  readonly created_at: string;
  readonly updated_at: string;
  readonly deadline_at: string;
  readonly error: JobFailure | null;
  readonly latest_event: Event | null;
  /** the mannequin that was asked for */
  readonly user_category?: UserCategory | null;
  /** the garments that were asked for */
  readonly items?: ReadonlyArray<AskedItem>;
  /** the options that were asked for */
  readonly runtime_config?: Readonly<Record<string, unknown>> | null;
  /** your own name for the look */
  readonly reference?: string | null;
  /** your own pairs of words */
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/** A page of jobs, newest first. */
export interface JobList {
  readonly items: ReadonlyArray<JobSummary>;
  readonly next_cursor: string | null;
  /** jobs on this page */
  readonly count: number;
}

/** A photo that was uploaded earlier. */
export interface ListedUpload {
  /** what `trial_image` of `POST /v1/look` takes */
  readonly upload_key: string;
  /** presigned GET, short-lived */
  readonly image_url: string;
  readonly upload_id: string;
  readonly content_type: string;
  /** how large the file is */
  readonly bytes: number;
  readonly created_at: string;
}

/** One entry for each look, in the order of the request. */
export interface LookBatchResult {
  readonly items: ReadonlyArray<BatchedLook>;
  /** how many looks */
  readonly accepted: number;
  /** how many looks */
  readonly refused: number;
  /** of those that were accepted, together */
  readonly credits_cost: number;
}

/** What somebody is putting together. Nothing of it is checked before it is sent as a look. */
export interface LookDraft {
  readonly items: ReadonlyArray<DraftItem>;
  readonly user_category?: UserCategory | null;
  readonly runtime_config?: Readonly<Record<string, unknown>> | null;
  readonly reference?: string;
  /** under which this very draft was sent, where no answer came: sent again under it, it is charged once */
  readonly idempotency_key?: string | null;
}

/** What an endpoint is told of a look: thin; `job_url` has the rest. The fields of the picture are there where the endpoint asks for them (`include_image_url`). */
export interface LookOutcome {
  readonly request_id: string;
  readonly status: JobStatus;
  /** of the event within its job: the last one */
  readonly seq: number;
  readonly credits_cost: number;
  readonly credits_refunded: number;
  readonly error?: FailureReason | null;
  /** path on the API: GET it with your key */
  readonly job_url: string;
  /** the look's, as you sent it */
  readonly reference?: string | null;
  /** as you sent it */
  readonly metadata?: Readonly<Record<string, string>> | null;
  /** GET it without a key before it expires; null: it could not be made, `job_url` has another */
  readonly image_url?: string | null;
  readonly image_url_expires_at?: string | null;
}

/** One garment: its photo and a garment category key. */
export interface TrialItemInput {
  /** the garment photo: an S3 object key, the `upload_key` of POST /v1/uploads, an https URL that we fetch, or a `data:image/...;base64,` URL. Keys and https URLs have 1024 characters at most */
  readonly trial_image: string;
  /** garment category key, see GET /v1/garment-categories; or `auto`: guessed from the photo's shape */
  readonly trial_item_category: string;
}

/** The garments to compose on one mannequin. */
export interface LookRequest {
  /** MALE, FEMALE or null for the default mannequin */
  readonly user_category?: UserCategory | null;
  readonly items: ReadonlyArray<TrialItemInput>;
  /** rendering options; unknown ones are refused, and for keys from before that rule ignored and named in the warnings */
  readonly runtime_config?: Readonly<Record<string, unknown>> | null;
  /** your own name for the look: jobs, events and webhooks carry it, and `GET /v1/jobs?reference=` finds it. It need not be unique */
  readonly reference?: string | null;
  /** your own pairs of words, carried along and given back; 4096 bytes of JSON in all */
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/** What `POST /v1/look` would say to the same body now. Nothing was charged or stored. */
export interface LookValidation {
  readonly credits_cost: number;
  readonly balance: number;
  /** whether the balance covers the cost */
  readonly sufficient: boolean;
  /** what of the body would be ignored */
  readonly warnings: ReadonlyArray<string>;
}

/** A bucket that requests take from. */
export interface RateAllowance {
  /** as `RateLimit-Policy` calls it */
  readonly name: string;
  /** requests a second, sustained */
  readonly per_s: number;
  /** requests at once */
  readonly burst: number;
}

/** The key of this request, with what its tenant has and may ask for. */
export interface MyAccount {
  readonly tenant_id: string;
  /** live or test */
  readonly environment: string;
  /** what operators call the key by; not the key */
  readonly key_id: string;
  /** what its tenant calls the key */
  readonly key_name?: string;
  /** jobs:create, jobs:read, webhooks:manage, keys:manage */
  readonly capabilities: ReadonlyArray<string>;
  /** what a `trial_image` may begin with */
  readonly object_key_prefixes: ReadonlyArray<string>;
  /** whether unknown fields of a look are refused; else they are warned of */
  readonly strict_fields: boolean;
  /** whether unknown options of `runtime_config` are refused; else they are warned of */
  readonly strict_options?: boolean;
  /** the console's session that this request came by */
  readonly session_id?: string | null;
  /** credits of this environment; null for a key that may not read them */
  readonly balance: number | null;
  /** the balance is low when it is below this */
  readonly low_balance: number | null;
  readonly balance_is_low: boolean | null;
  /** of this key and of all keys of its tenant */
  readonly limits: ReadonlyArray<RateAllowance>;
}

/** What a test delivery says. */
export interface Notice {
  readonly message?: string;
}

/** Something that can be asked for, and its price. */
export interface Operation {
  readonly name: string;
  readonly op_class: string;
  readonly credits_cost: number;
  readonly enabled: boolean;
}

/** All operations. */
export interface OperationList {
  readonly items: ReadonlyArray<Operation>;
}

/** The photo of a garment. */
export interface PhotoLink {
  /** presigned GET, short-lived; a browser saves it */
  readonly image_url: string;
}

/** What a garment photo may be. */
export type PhotoType =
  | "image/jpeg"
  | "image/png"
  | "image/webp"
  | "image/avif"
  | "image/heic"
  | (string & {});

/** What is wrong with a picture. */
export type ReportReason =
  | "cut_out"
  | "shape"
  | "wrong_garment"
  | "colour"
  | "other"
  | (string & {});

/** The first report of a picture, and what came of it. */
export interface PictureReport {
  readonly request_id: string;
  readonly reason: ReportReason;
  readonly note: string;
  /** credits given back, as `goodwill` in the ledger */
  readonly credited: number;
  /** why none were: see docs/console.md for the rule */
  readonly withheld: "too_late" | "monthly_limit" | "nothing_charged" | (string & {}) | null;
  readonly created_at: string;
}

/** A form that a client posts to the object store itself: `fields` first, in this order, then the file as `file`. */
export interface PresignedUpload {
  /** what `trial_image` of `POST /v1/look` takes, once the file is there */
  readonly upload_key: string;
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly expires_at: string;
}

/** What will be uploaded. */
export interface PresignedUploadRequest {
  readonly content_type: PhotoType;
  /** how large the file is */
  readonly bytes: number;
}

/** A request that was refused. */
export interface RefusedRequest {
  /** as its error and `X-Request-Id` said it */
  readonly exchange_id?: string;
  /** an alias of `exchange_id`, kept; no look's */
  readonly request_id: string;
  readonly key_id: string;
  readonly method: string;
  /** without its query */
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly created_at: string;
}

/** A page of refused requests, newest first. */
export interface RefusedRequestList {
  readonly items: ReadonlyArray<RefusedRequest>;
  readonly next_cursor: string | null;
  /** requests on this page */
  readonly count?: number;
}

/** Another name. */
export interface RenameApiKey {
  /** what its tenant calls it */
  readonly name: string;
}

/** A part of a finished look by itself, transparent around. Laid over one another in this order, they are the look; left out, the look without them. */
export interface RenderLayer {
  /** of the garment in `items`; null: the mannequin that wears nothing */
  readonly item_index: number | null;
  /** `alone`: as it is worn without what lies over it; there where that differs */
  readonly worn: "with_others" | "alone" | (string & {});
  /** x0, y0, x1, y1: where it lies, in pixels of the picture; x1 and y1 exclusive */
  readonly box: readonly [number, number, number, number];
  /** presigned GET, short-lived */
  readonly image_url: string;
  readonly meta: ArtifactMeta;
}

/** A finished look. */
export interface Render {
  readonly request_id: string;
  /** the mannequin that was asked for */
  readonly user_category: UserCategory | null;
  /** the garments that were asked for */
  readonly items?: ReadonlyArray<AskedItem>;
  /** the options that were asked for */
  readonly runtime_config?: Readonly<Record<string, unknown>> | null;
  /** your own name for the look */
  readonly reference?: string | null;
  /** your own pairs of words */
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly picture: Artifact;
  /** the garments cut out of their photos, where those are kept */
  readonly cutouts: ReadonlyArray<Artifact>;
  readonly garments: ReadonlyArray<RenderedGarment>;
  /** from the skin outwards, where the look was made with the option `layers` */
  readonly layers?: ReadonlyArray<RenderLayer>;
  /** when the look was accepted */
  readonly created_at: string;
  readonly completed_at: string;
}

/** A page of finished looks, newest first. */
export interface RenderList {
  readonly items: ReadonlyArray<Render>;
  readonly next_cursor: string | null;
  /** looks on this page, as `GET /v1/jobs` says it */
  readonly count?: number;
}

/** A bad picture. */
export interface ReportPicture {
  /** `cut_out`: background in it, or parts missing; `shape`: the garment is bent or lies wrongly; `wrong_garment`: it is taken for something else; `colour` */
  readonly reason?: ReportReason;
  /** in your words; we read it */
  readonly note?: string;
}

/** How long the key before goes on working. */
export interface RotateApiKey {
  /** seconds */
  readonly overlap_s?: number;
}

/** How long the secret before goes on signing beside the new one. */
export interface RotateSecret {
  /** seconds */
  readonly overlap_s?: number;
}

/** The key that follows a rotated one. */
export interface RotatedApiKey {
  readonly id: string;
  /** what its tenant calls it; empty: nothing */
  readonly name?: string;
  /** its last characters */
  readonly last4: string;
  readonly capabilities: ReadonlyArray<string>;
  readonly created_at: string;
  readonly expires_at: string | null;
  /** to the minute */
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
  /** the key that it followed, where it was rotated */
  readonly replaces: string | null;
  readonly works: boolean;
  /** whether this request came by it, or by a session of it */
  readonly current: boolean;
  /** keep it; only a hash of it is stored */
  readonly key: string;
  readonly previous_valid_until: string;
}

/** The draft of this key; both null where there is none. */
export interface SavedDraft {
  readonly draft: LookDraft | null;
  readonly updated_at: string | null;
}

/** A rule of the tenant's own, or none. */
export interface SetCreditNotice {
  /** credits; 0: never told; null: the service's own rule */
  readonly low_balance: number | null;
}

/** What is to change; the rest stays. */
export interface UpdateWebhook {
  readonly url?: string | null;
  readonly event_types?: ReadonlyArray<WebhookEventType> | null;
  readonly description?: string | null;
  /** from the next try on, of what waits too */
  readonly include_image_url?: boolean | null;
  /** true ends every kind of disablement and forgets past failures */
  readonly enabled?: boolean | null;
}

/** A photo in the object store. */
export interface Upload {
  /** what `trial_image` of `POST /v1/look` takes */
  readonly upload_key: string;
  /** presigned GET, short-lived */
  readonly image_url: string;
}

/** A page of uploads, newest first. */
export interface UploadList {
  readonly items: ReadonlyArray<ListedUpload>;
  readonly next_cursor: string | null;
  /** uploads on this page */
  readonly count?: number;
}

/** One day (UTC) and operation. All that came of a request belongs to the day on which it was accepted. */
export interface UsageDay {
  readonly day: string;
  readonly operation: string;
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly credits_charged: number;
  readonly credits_refunded: number;
  /** charged less refunded */
  readonly credits_net: number;
}

/** Use by day and operation, newest first; days without requests are left out. */
export interface Usage {
  readonly first_day: string;
  /** included */
  readonly last_day: string;
  readonly items: ReadonlyArray<UsageDay>;
}

/** One day, operation and key. */
export interface UsageOfKey {
  readonly day: string;
  readonly operation: string;
  readonly requests: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly credits_charged: number;
  readonly credits_refunded: number;
  /** charged less refunded */
  readonly credits_net: number;
  /** null: asked for before keys were noted, or restored from a backup */
  readonly key_id: string | null;
  /** what its tenant calls it now */
  readonly key_name: string;
  /** the key's last characters */
  readonly key_last4: string | null;
}

/** Use by day, operation and key, newest first; what there was none of is left out. */
export interface UsageByKey {
  readonly first_day: string;
  /** included */
  readonly last_day: string;
  readonly items: ReadonlyArray<UsageOfKey>;
}

/** An endpoint, without its secret. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly event_types: ReadonlyArray<WebhookEventType>;
  readonly description: string;
  /** whether `look.completed` carries a link to the picture */
  readonly include_image_url: boolean;
  readonly enabled: boolean;
  /** `owner`: by you; `gone`: it answered 410; `failing`: every try failed for days */
  readonly disabled_reason: "owner" | "gone" | "failing" | (string & {}) | null;
  readonly disabled_at: string | null;
  /** the first failed try since the last one that succeeded */
  readonly failing_since: string | null;
  readonly created_at: string;
}

/** A page of endpoints, newest first. */
export interface WebhookList {
  readonly items: ReadonlyArray<Webhook>;
  readonly next_cursor: string | null;
  /** endpoints on this page */
  readonly count?: number;
}

/** The body of a delivery. */
export interface WebhookPayload {
  readonly type: "look.completed" | "look.failed" | "webhook.test" | (string & {});
  /** when it happened */
  readonly timestamp: string;
  readonly data: LookOutcome | Notice;
}

/** A new secret. It is not shown again. */
export interface WebhookSecret {
  readonly secret: string;
  /** until then deliveries carry the signature of the one before too */
  readonly previous_valid_until: string;
}

/** A new endpoint with the secret that its deliveries are signed with. It is not shown again. */
export interface WebhookWithSecret {
  readonly id: string;
  readonly url: string;
  readonly event_types: ReadonlyArray<WebhookEventType>;
  readonly description: string;
  /** whether `look.completed` carries a link to the picture */
  readonly include_image_url: boolean;
  readonly enabled: boolean;
  /** `owner`: by you; `gone`: it answered 410; `failing`: every try failed for days */
  readonly disabled_reason: "owner" | "gone" | "failing" | (string & {}) | null;
  readonly disabled_at: string | null;
  /** the first failed try since the last one that succeeded */
  readonly failing_since: string | null;
  readonly created_at: string;
  /** `whsec_` and 32 random bytes in base64; keep it */
  readonly secret: string;
}
