-- looks: outside a transaction
-- Rows that were there: looked at beside the writers.
ALTER TABLE operator_actions VALIDATE CONSTRAINT operator_actions_known_verbs;
