-- Tenants and their keys. Only a keyed hash of an API key is stored.
CREATE TABLE tenants (
  tenant_id    text PRIMARY KEY CHECK (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  key_prefixes text[] NOT NULL,           -- object keys that the tenant may name, whole segments, each ending in '/'
  created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
  key_id       text PRIMARY KEY,
  tenant_id    text NOT NULL REFERENCES tenants,
  environment  text NOT NULL CHECK (environment IN ('live', 'test')),
  key_hash     bytea NOT NULL UNIQUE,
  last4        text NOT NULL,
  capabilities text[] NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_by_tenant ON api_keys (tenant_id);

-- Money. The balance is one number, decided under its row lock; entries are only ever added.
CREATE TABLE credit_accounts (
  tenant_id   text NOT NULL REFERENCES tenants,
  environment text NOT NULL CHECK (environment IN ('live', 'test')),
  balance     bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
  PRIMARY KEY (tenant_id, environment)
) WITH (fillfactor = 10);

CREATE TABLE ledger_entries (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id   text NOT NULL,
  environment text NOT NULL,
  kind        text NOT NULL,
  amount      bigint NOT NULL,            -- signed: what the entry adds to the balance
  request_id  text,
  reference   text,                       -- of a grant: the granter's own id, so that a grant is made once
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  FOREIGN KEY (tenant_id, environment) REFERENCES credit_accounts,
  CHECK (CASE kind WHEN 'grant'  THEN amount > 0 AND request_id IS NULL AND reference IS NOT NULL
                   WHEN 'charge' THEN amount <= 0 AND request_id IS NOT NULL
                   WHEN 'refund' THEN amount >= 0 AND request_id IS NOT NULL
                   ELSE false END)
);
CREATE UNIQUE INDEX ledger_one_charge ON ledger_entries (request_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX ledger_one_refund ON ledger_entries (request_id) WHERE kind = 'refund';
CREATE UNIQUE INDEX ledger_one_grant ON ledger_entries (tenant_id, environment, reference) WHERE kind = 'grant';
CREATE INDEX ledger_statement ON ledger_entries (tenant_id, environment, id DESC);

CREATE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'ledger entries are never changed'; END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entries FOR EACH ROW EXECUTE FUNCTION forbid_change();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION forbid_change();

-- Requests: written once by the API, kept current by the status projection alone.
CREATE TABLE request_logs (
  request_id       text PRIMARY KEY,
  tenant_id        text NOT NULL,
  environment      text NOT NULL,
  job_type         text NOT NULL DEFAULT 'look',
  status           text NOT NULL DEFAULT 'NOT_STARTED' CHECK (status IN ('NOT_STARTED', 'IN_PROGRESS', 'SUCCESS', 'FAILURE')),
  user_category    text,
  items            jsonb NOT NULL,
  runtime_config   jsonb,
  credits_cost     bigint NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  deadline_at      timestamptz NOT NULL,
  error_code       text,
  error_message    text,
  error_item_index int,
  result           jsonb,                 -- the body of look.completed, once SUCCESS
  CHECK ((status = 'FAILURE') = (error_code IS NOT NULL)),
  CHECK ((status = 'SUCCESS') = (result IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX request_logs_by_tenant ON request_logs (tenant_id, environment, request_id DESC);
CREATE INDEX request_logs_open ON request_logs (deadline_at) WHERE status IN ('NOT_STARTED', 'IN_PROGRESS');

CREATE TABLE job_events (
  request_id text NOT NULL,
  seq        int NOT NULL CHECK (seq >= 1), -- given by the pipeline, the same for every reader
  event_id   text NOT NULL,
  event_type text NOT NULL CHECK (event_type IN ('queued', 'stage', 'succeeded', 'failed')),
  stage      text,
  message    text NOT NULL DEFAULT '',
  extra      jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  PRIMARY KEY (request_id, seq)
);

-- How far the projection has read: moved in the transaction that applies what was read.
CREATE TABLE projection_offsets (
  topic       text NOT NULL,
  partition   int NOT NULL,
  next_offset bigint NOT NULL,
  PRIMARY KEY (topic, partition)
);

-- The first dead letter of a request wins: it alone becomes look.failed and credit.refund.
CREATE TABLE failure_claims (
  request_id text PRIMARY KEY,
  topic      text NOT NULL,
  partition  int NOT NULL,
  "offset"   bigint NOT NULL,
  code       text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT now()
);

-- Records on their way to Kafka, written in the transaction that made them true; removed once acknowledged.
CREATE TABLE outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  shard      smallint NOT NULL GENERATED ALWAYS AS (mod(hashtext(key) & 2147483647, 16)) STORED,
  topic      text NOT NULL,
  key        text NOT NULL,
  value      bytea NOT NULL,
  headers    jsonb NOT NULL,              -- [[name, text], ...]
  created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_by_shard ON outbox (shard, id);

CREATE TABLE idempotency_keys (
  tenant_id   text NOT NULL,
  environment text NOT NULL,
  route       text NOT NULL,
  key         text NOT NULL,
  fingerprint bytea NOT NULL,             -- SHA-256 of the canonical body
  request_id  text NOT NULL,
  status_code int NOT NULL,
  body        bytea NOT NULL,             -- the stored answer, byte for byte
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, environment, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
