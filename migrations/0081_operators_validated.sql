-- looks: outside a transaction
-- Rows that were there: looked at beside the writers.
ALTER TABLE operator_actions VALIDATE CONSTRAINT operator_actions_about;
ALTER TABLE operator_actions VALIDATE CONSTRAINT operator_actions_verbs;
CREATE INDEX CONCURRENTLY IF NOT EXISTS operator_sessions_by_key ON operator_sessions (key_id, seen_at DESC);
