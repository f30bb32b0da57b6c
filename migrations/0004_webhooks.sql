-- Endpoints of tenants that are told of finished and failed looks.
CREATE TABLE webhooks (
  webhook_id      text PRIMARY KEY,
  tenant_id       text NOT NULL REFERENCES tenants,
  environment     text NOT NULL CHECK (environment IN ('live', 'test')),
  url             text NOT NULL CHECK (length(url) <= 2048),
  event_types     text[] NOT NULL,
  description     text NOT NULL DEFAULT '',
  disabled_reason text CHECK (disabled_reason IN ('owner', 'gone', 'failing')), -- null: enabled
  disabled_at     timestamptz,
  failing_since   timestamptz,            -- first failed try since the last one that succeeded
  failures        int NOT NULL DEFAULT 0, -- in a row
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((disabled_reason IS NULL) = (disabled_at IS NULL)),
  CHECK ((failures = 0) = (failing_since IS NULL))
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id, environment, webhook_id DESC);

-- What deliveries are signed with, so in plain text, and in a table of its own: the API only ever writes it
-- (INSERT, DELETE, UPDATE of expires_at), `consumers.webhooks` only reads it. Grant no more than that.
CREATE TABLE webhook_secrets (
  secret_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_id text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  secret     text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at timestamptz                  -- null: the current one
);
CREATE UNIQUE INDEX webhook_secrets_current ON webhook_secrets (webhook_id) WHERE expires_at IS NULL;
CREATE INDEX webhook_secrets_by_webhook ON webhook_secrets (webhook_id);
REVOKE ALL ON webhook_secrets FROM PUBLIC;

-- One event on its way to one endpoint; (webhook_id, event_id) makes it once, however often the event is read.
CREATE TABLE webhook_deliveries (
  delivery_id      text PRIMARY KEY,
  webhook_id       text NOT NULL REFERENCES webhooks ON DELETE CASCADE,
  event_id         text NOT NULL,
  event_type       text NOT NULL,
  request_id       text,
  payload          bytea NOT NULL,        -- the body, byte for byte the same at every try
  status           text NOT NULL CHECK (status IN ('pending', 'delivered', 'failed', 'skipped')),
  attempts         int NOT NULL DEFAULT 0,
  tries            int NOT NULL DEFAULT 0, -- of the schedule; a redelivery begins it anew
  due_at           timestamptz,           -- of the next try
  leased_until     timestamptz,           -- a try is under way; past: whoever made it is gone
  last_at          timestamptz,
  last_duration_ms int,
  last_status_code int,
  last_error       text,
  last_answer      text NOT NULL DEFAULT '',
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (webhook_id, event_id),
  CHECK ((status = 'pending') = (due_at IS NOT NULL)),
  CHECK (status = 'pending' OR leased_until IS NULL)
) WITH (fillfactor = 80);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (leased_until) WHERE leased_until IS NOT NULL;
CREATE INDEX webhook_deliveries_listed ON webhook_deliveries (webhook_id, delivery_id DESC);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at) WHERE status <> 'pending';
