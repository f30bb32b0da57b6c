-- looks: outside a transaction
-- Rows that were there: looked at beside the writers.
ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_known_kinds;
ALTER TABLE operator_actions VALIDATE CONSTRAINT operator_actions_verb_check;
