-- Reports of bad pictures. Credits given for one are a kind of ledger entry of their own: no refund, for the look was made.
CREATE TABLE look_reports (
  request_id  text PRIMARY KEY,
  tenant_id   text NOT NULL,
  environment text NOT NULL,
  reason      text NOT NULL,
  note        text NOT NULL,
  credited    bigint NOT NULL,            -- credits given; 0: none, `withheld` says why
  withheld    text,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_kinds
  CHECK (CASE kind WHEN 'grant'    THEN amount > 0 AND request_id IS NULL AND reference IS NOT NULL
                   WHEN 'charge'   THEN amount <= 0 AND request_id IS NOT NULL
                   WHEN 'refund'   THEN amount >= 0 AND request_id IS NOT NULL
                   WHEN 'goodwill' THEN amount > 0 AND request_id IS NOT NULL
                   ELSE false END) NOT VALID;
