-- looks: outside a transaction
-- What is not finished and what failed, newest first: few of a tenant's requests are, and a filter must not read past all the others.
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_logs_unfinished ON request_logs (tenant_id, environment, request_id DESC)
  WHERE status IN ('NOT_STARTED', 'IN_PROGRESS');
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_logs_failed ON request_logs (tenant_id, environment, request_id DESC)
  WHERE status = 'FAILURE';
