"""Every metric, each with its meaning and what to do when it moves. Exported on the health port at
/metrics.
"""

from prometheus_client import Counter, Gauge, Histogram

PROCESS_READY = Gauge(
    "looks_process_ready",
    "1 while a process does its work and lacks nothing for it. 0 for minutes: its log says what it "
    "lacks.",
    ["process"],
)
HTTP_REQUESTS = Counter(
    "looks_http_requests_total",
    "Requests answered, by route and status. A rising share of 5xx: the fault is ours, read the "
    "API's log.",
    ["method", "route", "status"],
)
HTTP_SECONDS = Histogram(
    "looks_http_request_seconds",
    "Time from a request's arrival to the head of its answer. Growing with flat load: Postgres or "
    "the store is slow, or add instances.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
FINISH_SECONDS = Histogram(
    "looks_finish_seconds",
    "Time from a look's acceptance to its outcome, by outcome. Near the deadline "
    "(`LOOKS_LOOK_DEADLINE_S`): add compositors.",
    ["outcome"],
    buckets=(0.25, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320),
)
LOOP_LATE_SECONDS = Histogram(
    "looks_event_loop_late_seconds",
    "By how much a process's event loop is late for what it should do now, looked at every "
    "second. Over 0.1 for long: it has too little CPU, or something blocks it.",
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
DATABASE_CONNECTIONS = Gauge(
    "looks_database_connections",
    "Connections to Postgres that a process has, idle or in use. All in use for long "
    "(LOOKS_DATABASE_POOL_MAX): Postgres is slow, or allow more.",
    ["state"],
)
STORE_SECONDS = Histogram(
    "looks_store_seconds",
    "Time of one read or write of S3, by what came of it: ok, object, refused, unavailable. Of the "
    "compositor's workers it is not counted. `refused`: see to our credentials and rights.",
    ["operation", "outcome"],
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20),
)
RECORDS = Counter(
    "looks_records_total",
    "Records handled, by what they came to. A rising share of `quarantined` or `rejected`: read "
    "the records (`looks dlq`).",
    ["consumer", "topic", "outcome"],
)
HANDLE_SECONDS = Histogram(
    "looks_handle_seconds",
    "Time from a record's arrival at its consumer to its decision. Growing with flat load: a "
    "dependency is slow.",
    ["consumer"],
    buckets=(0.005, 0.02, 0.1, 0.3, 1, 3, 10, 30, 100),
)
COMMIT_SECONDS = Histogram(
    "looks_commit_seconds",
    "Time of one commit: a Kafka transaction or an SQL transaction with its offsets. Growing: "
    "Kafka or Postgres is slow.",
    ["consumer"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 1, 3, 10),
)
IN_FLIGHT = Gauge(
    "looks_in_flight",
    "Records taken and not yet committed. At its limit for long: add instances.",
    ["consumer"],
)
LAG_RECORDS = Gauge(
    "looks_consumer_lag_records",
    "Offsets between what a consumer has read and what it could read. Growing: add instances, or "
    "see why it is slow.",
    ["consumer", "topic", "partition"],
)
DEAD_LETTERS = Counter(
    "looks_dead_letters_total",
    "Requests failed and refunded, by reason. A rising rate of `internal`, `timeout` or `expired`: "
    "the fault is ours.",
    ["reason"],
)
EVENT_COLLISIONS = Counter(
    "looks_event_collisions_total",
    "Events met whose number within their request is another event's. Both are kept. Any: two "
    "owners, or one that forgot.",
)
OFFSET_JUMPS = Counter(
    "looks_offset_jumps_total",
    "Times a consumer's place was not in its partition any more: records were deleted before they "
    "were read, or the topic was made anew. Any: see what was lost.",
    ["consumer", "topic"],
)
EVENTS_LOST = Counter(
    "looks_events_lost_total",
    "Events of finished jobs that the projection will never see: deleted, or in quarantine. "
    "Readers pass over them.",
)
DEFERRED = Gauge(
    "looks_deferred",
    "Records read and put off because their tenant has a window full at work. Growing for long: "
    "add instances.",
    ["consumer"],
)
SESSION_RESTARTS = Counter(
    "looks_session_restarts_total",
    "Times a consumer threw its Kafka session away and began anew. More than a few an hour: read "
    "the log for the cause.",
    ["consumer", "cause"],
)
LANES_REOPENED = Counter(
    "looks_lanes_reopened_total",
    "Times one partition of a consumer began anew because Kafka did not answer in time. More than "
    "a few an hour: see to Kafka.",
    ["consumer"],
)
LANES_NOT_OPEN = Gauge(
    "looks_lanes_not_open",
    "Partition numbers that a consumer owns and does not work on yet. Over 0 for minutes: a "
    "transaction that somebody left "
    "open is in what it must have read first (`looks topics transactions`).",
    ["consumer"],
)
OPEN_TRANSACTION_RECORDS = Gauge(
    "looks_open_transaction_records",
    "Offsets between the last stable one, up to which readers of committed records see, and the "
    "end of a partition. "
    "Over 0 in between is normal.",
    ["consumer", "topic", "partition"],
)
OPEN_TRANSACTION_SECONDS = Gauge(
    "looks_open_transaction_seconds",
    "For how long the last stable offset of a partition has stood before its end. Over 60: a "
    "transaction was left open, and "
    "nobody sees what was written after its first record: `looks topics transactions` names it.",
    ["consumer", "topic", "partition"],
)
PARTITIONS_DIFFER = Gauge(
    "looks_partitions_differ",
    "Partitions that a topic has beyond those declared; below 0: that it lacks. Not 0: its "
    "consumers are not ready.",
    ["consumer", "topic"],
)
BREAKER_TRIPS = Counter(
    "looks_breaker_trips_total",
    "Times a consumer stopped itself because most failures were its own fault. Any: find the fault "
    "before looks expire.",
    ["consumer"],
)
OUTBOX_PUBLISHED = Counter(
    "looks_outbox_published_total",
    "Outbox rows acknowledged by Kafka and removed. Flat while requests are accepted: the relay is "
    "stuck.",
)
OUTBOX_UNREADABLE = Counter(
    "looks_outbox_unreadable_total",
    "Outbox rows, of the sample that the relay reads, that their subscribers can't read. Any: what "
    "wrote them is wrong; their looks will be in quarantine.",
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "looks_outbox_oldest_seconds",
    "Age of the oldest row in the outbox. Over 10: Kafka or the relay is down.",
)
EXPIRED = Counter(
    "looks_expired_total",
    "Requests failed because their deadline passed. Any: the compositor is down, stuck or too "
    "slow.",
)
AUDITED_AT_SECONDS = Gauge(
    "looks_last_audit_timestamp_seconds",
    "When the newest audit ended, wherever it ran; the sweeper tells it. 0: there was none. Old: "
    "it can't check or is not run.",
)
AUDIT_FOUND = Gauge(
    "looks_last_audit_violations",
    "Violations that the newest audit found; the sweeper tells it. Any: run `looks audit`.",
)
REFUNDS = Counter(
    "looks_refunds_total",
    "Refunds by what came of them: `applied`, or `repeated` when the ledger had it already.",
    ["result"],
)
WEBHOOK_TRIES = Counter(
    "looks_webhook_tries_total",
    "Tries to deliver a webhook: `delivered`, `retry`, `failed` (its last). All failing, of all "
    "tenants: our network.",
    ["result"],
)
WEBHOOK_TRY_SECONDS = Histogram(
    "looks_webhook_try_seconds",
    "Time of one try, from looking up the host to the answer. Growing for all: our resolver or "
    "network is slow.",
    buckets=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 15),
)
WEBHOOK_OLDEST_DUE_SECONDS = Gauge(
    "looks_webhook_oldest_due_seconds",
    "For how long the oldest due delivery has waited for its try. Over 60: add instances of "
    "`consumers.webhooks`.",
)
WEBHOOKS_DISABLED = Counter(
    "looks_webhooks_disabled_total",
    "Endpoints disabled, by reason: `gone` (410) or `failing`. Many at once: our network, not "
    "theirs.",
    ["reason"],
)
GROUP_LAG_RECORDS = Gauge(
    "looks_group_lag_records",
    "Offsets between what a consumer group has committed and the end of a topic (`looks topics lag "
    "--watch`). "
    "Growing with flat load: the group is too slow or down; its owner is who runs its members.",
    ["group", "topic"],
)
GROUP_LAG_SECONDS = Gauge(
    "looks_group_lag_seconds",
    "Age of the oldest record that a group has not done, over a topic's partitions. "
    "Near the topic's retention: it will lose records.",
    ["group", "topic"],
)
AUTH_FAILURES = Counter(
    "looks_auth_failures_total",
    "Requests refused for their key: `malformed`, `unknown` (also revoked and expired) or "
    "`limited`. Rising: somebody "
    "guesses keys, or a client was forgotten when a key was rotated.",
    ["reason"],
)
RATE_LIMITED = Counter(
    "looks_rate_limited_total",
    "Requests answered 429, by the limit that was met. Rising: a client loops, or a tenant has "
    "outgrown its limits.",
    ["limit"],
)
UPLOADS = Counter(
    "looks_uploads_total",
    "Uploads by what came of them: `stored`, `replayed`, `refused` or `failed`. `failed` rising: "
    "S3 is slow or away.",
    ["result"],
)
PHOTO_FETCHES = Counter(
    "looks_photo_fetches_total",
    "Photos that looks name by URL: `fetched`, `later` (it may heal, and is tried again) or "
    "`failed`. `later` rising for many tenants: our own way out is blocked.",
    ["result"],
)
WAITING = Gauge(
    "looks_waiting",
    "Clients that wait for news of a job: `stream` or `poll`. Near LOOKS_API_STREAMS_MAX: add API "
    "processes.",
    ["how"],
)
STREAM_ENDS = Counter(
    "looks_stream_ends_total",
    "Event streams by why they ended. Many `slow`: clients or a proxy do not read. Many `gone` "
    "early: look at the proxy.",
    ["why"],
)
DATABASE_NOT_WRITABLE = Gauge(
    "looks_database_not_writable",
    "1 while a process can't write to its database: it is away, or the server at the address only "
    "reads, as an old primary after a failover.",
)
SHARED_LIMITS_AWAY = Counter(
    "looks_shared_limits_away_total",
    "Times the store of shared rate limits (LOOKS_API_RATE_LIMIT_URI) did not answer: for 2 s the "
    "process counts by itself. Rising: see to the store.",
)
REPLICA_READS_FAILED = Counter(
    "looks_replica_reads_failed_total",
    "Lists and sums that replicas (LOOKS_DATABASE_READER_URL) did not answer: for 10 s the primary "
    "is asked in their place. Rising: see to them, or the primary has their load.",
)
LISTENER_RECONNECTS = Counter(
    "looks_listener_reconnects_total",
    "Times an API process lost the connection on which it hears of news and polled. Rising: "
    "Postgres, or a proxy before it.",
)
IDEMPOTENCY_PURGED = Counter(
    "looks_idempotency_purged_total",
    "Idempotency keys removed because of their age. Flat for days: no API process purges, the "
    "table grows.",
)
