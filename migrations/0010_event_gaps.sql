-- Finished jobs of whose events some numbers are not there. `missing` is null until everything that was written then has been
-- read: they may be on their way. After that they will not come (retention, a topic made anew, quarantine), and readers pass over them.
CREATE TABLE job_event_gaps (
  request_id text PRIMARY KEY,
  noticed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  missing    int[]
);
CREATE INDEX job_event_gaps_open ON job_event_gaps (noticed_at) WHERE missing IS NULL;
-- Jobs that ended before this table was there.
INSERT INTO job_event_gaps (request_id)
  SELECT request_id FROM job_events GROUP BY request_id
  HAVING bool_or(event_type IN ('succeeded', 'failed')) AND max(seq) > count(*);
