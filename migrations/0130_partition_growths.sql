-- Growths of the topics of requests: from `before` to `count` partition numbers, for request ids made at `since_ms` or
-- later. Null: being prepared; nothing is placed on a new number. One at a time, and never back.
CREATE TABLE partition_growths (
  count int PRIMARY KEY,
  before int NOT NULL UNIQUE CHECK (before > 0),
  since_ms bigint UNIQUE,
  begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (count > before)
);
CREATE UNIQUE INDEX partition_growths_prepared ON partition_growths ((true)) WHERE since_ms IS NULL;
