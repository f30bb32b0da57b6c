-- What audits found, so that the next one can go on where the last clean one ended (`looks audit --since last`).
-- `everything_before`: of what was created before it, nothing was open or on its way when the audit looked.
CREATE TABLE audits (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  looked_at         timestamptz NOT NULL,
  finished_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  since             timestamptz,
  everything_before timestamptz NOT NULL,
  requests          bigint NOT NULL,
  records           bigint NOT NULL,
  violations        bigint NOT NULL
);
