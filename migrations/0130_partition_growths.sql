-- Growths of the topics of requests: from `before` to `count` partition numbers, for request ids made at `since_ms` or
-- later. Null: being prepared; nothing is placed on a new number. One at a time, and never back.
CREATE TABLE partition_growths (
  count bigint PRIMARY KEY,
  before bigint NOT NULL UNIQUE CHECK (before > 0),
  since_ms bigint UNIQUE NULLS NOT DISTINCT,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (count > before)
);
