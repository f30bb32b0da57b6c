-- looks: outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS console_sessions_by_key ON console_sessions (key_id, seen_at DESC);
CREATE INDEX CONCURRENTLY IF NOT EXISTS console_sessions_by_expiry ON console_sessions (expires_at);
