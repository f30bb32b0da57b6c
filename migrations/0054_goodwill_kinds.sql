ALTER TABLE ledger_entries VALIDATE CONSTRAINT ledger_entries_kinds;
-- The new one allows all that the old one did.
-- squawk-ignore ban-drop-constraint
ALTER TABLE ledger_entries DROP CONSTRAINT IF EXISTS ledger_entries_check;
