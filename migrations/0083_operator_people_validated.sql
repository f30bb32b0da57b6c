-- looks: outside a transaction
ALTER TABLE operator_sessions VALIDATE CONSTRAINT operator_sessions_whose;
ALTER TABLE operator_sessions VALIDATE CONSTRAINT operator_sessions_roles;
CREATE INDEX CONCURRENTLY IF NOT EXISTS operator_sessions_by_person ON operator_sessions (issuer, subject, seen_at DESC);
