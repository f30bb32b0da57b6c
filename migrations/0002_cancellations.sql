-- Who asked to cancel what: once per request. The command itself goes through the outbox; the pipeline decides.
CREATE TABLE cancellations (
  request_id   text PRIMARY KEY REFERENCES request_logs,
  requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
