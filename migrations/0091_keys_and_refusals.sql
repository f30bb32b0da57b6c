-- What its tenant calls a key.
ALTER TABLE api_keys ADD COLUMN name text NOT NULL DEFAULT '';
-- The key that a look was asked for with; null: it was before keys were noted, or the row was made anew from Kafka.
ALTER TABLE request_logs ADD COLUMN key_id text;
-- Below how many credits the tenant wants to be told; null: the service's own rule, 0: never.
ALTER TABLE credit_accounts ADD COLUMN low_balance bigint;
-- Requests that were refused, by the id that their answer says to quote. Kept for a week.
CREATE TABLE refused_requests (
  exchange_id text PRIMARY KEY,
  tenant_id   text NOT NULL,
  environment text NOT NULL,
  key_id      text NOT NULL,
  method      text NOT NULL,
  path        text NOT NULL,              -- without its query
  status      bigint NOT NULL,
  code        text NOT NULL,
  message     text NOT NULL,
  created_at  timestamptz NOT NULL
);
