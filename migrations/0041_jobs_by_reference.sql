-- looks: outside a transaction
-- A tenant's looks of one reference, newest first. Rows without a reference are not in it and cost nothing.
CREATE INDEX CONCURRENTLY IF NOT EXISTS request_logs_by_reference
  ON request_logs (tenant_id, environment, reference, request_id DESC) WHERE reference IS NOT NULL;
