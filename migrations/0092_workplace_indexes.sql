-- looks: outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS refused_requests_by_tenant ON refused_requests (tenant_id, environment, exchange_id DESC);
-- What is too old is found by these.
CREATE INDEX CONCURRENTLY IF NOT EXISTS refused_requests_by_time ON refused_requests (created_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS uploads_by_time ON uploads (created_at);
CREATE INDEX CONCURRENTLY IF NOT EXISTS console_drafts_by_time ON console_drafts (updated_at);
