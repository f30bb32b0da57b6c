-- looks: outside a transaction
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ledger_one_goodwill ON ledger_entries (request_id) WHERE kind = 'goodwill';
-- What a month's goodwill of a tenant is counted by.
CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_goodwill_by_time ON ledger_entries (tenant_id, environment, created_at) WHERE kind = 'goodwill';
