-- What operators did about dead letters and quarantined records. Rows are only added: the intent before the effect, its end after it.
CREATE TABLE operator_actions (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  action_id        text NOT NULL,
  step             text NOT NULL CHECK (step IN ('intended', 'done', 'failed')),
  verb             text NOT NULL CHECK (verb IN ('send', 'rerun', 'discard')),
  topic            text NOT NULL,         -- the record's place
  partition        int NOT NULL,
  "offset"         bigint NOT NULL,
  origin_topic     text,                  -- of a quarantined record: the place that it came from
  origin_partition int,
  origin_offset    bigint,
  request_id       text,
  operator         text NOT NULL CHECK (operator <> ''),
  reason           text NOT NULL DEFAULT '',
  outcome          text NOT NULL DEFAULT '',
  at               timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK ((origin_topic IS NULL) = (origin_partition IS NULL) AND (origin_topic IS NULL) = (origin_offset IS NULL))
);
CREATE UNIQUE INDEX operator_actions_one_intent ON operator_actions (topic, partition, "offset") WHERE step = 'intended';
CREATE UNIQUE INDEX operator_actions_one_origin ON operator_actions (origin_topic, origin_partition, origin_offset)
  WHERE step = 'intended' AND verb = 'send' AND origin_topic IS NOT NULL;
CREATE UNIQUE INDEX operator_actions_one_end ON operator_actions (action_id) WHERE step = 'done';
CREATE INDEX operator_actions_by_action ON operator_actions (action_id);

CREATE FUNCTION forbid_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME; END $$;
CREATE TRIGGER operator_actions_append_only BEFORE UPDATE OR DELETE ON operator_actions
  FOR EACH ROW EXECUTE FUNCTION forbid_rewriting();
CREATE TRIGGER operator_actions_no_truncate BEFORE TRUNCATE ON operator_actions
  FOR EACH STATEMENT EXECUTE FUNCTION forbid_rewriting();

-- Failed requests that were made good by a new one at no cost: once per request.
CREATE TABLE redrives (
  request_id  text PRIMARY KEY REFERENCES request_logs,
  redriven_as text NOT NULL UNIQUE REFERENCES request_logs,
  action_id   text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TRIGGER redrives_append_only BEFORE UPDATE OR DELETE ON redrives FOR EACH ROW EXECUTE FUNCTION forbid_rewriting();
CREATE TRIGGER redrives_no_truncate BEFORE TRUNCATE ON redrives FOR EACH STATEMENT EXECUTE FUNCTION forbid_rewriting();
