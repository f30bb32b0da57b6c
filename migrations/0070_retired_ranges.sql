-- Ranges of ids whose rows retention has taken away; what refers to them from elsewhere is accounted for by these.
CREATE TABLE retired_ranges (
  table_name text NOT NULL,
  before_id  text NOT NULL,               -- rows of smaller ids are gone
  row_count  bigint NOT NULL,             -- of this range alone
  retired_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (table_name, before_id)
);

-- A closed range of an account's ledger: how many entries there were, what they came to, and a SHA-256 over them in their order.
CREATE TABLE ledger_closings (
  tenant_id   text NOT NULL,
  environment text NOT NULL,
  before_id   text NOT NULL,              -- entries of smaller request ids
  entries     bigint NOT NULL,
  amount      bigint NOT NULL,
  checksum    bytea NOT NULL,
  transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
  closed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, environment, before_id)
);

-- Requests may be taken away by range, and with them what refers to them: no row of these would be of use without its request.
-- squawk-ignore ban-drop-constraint
ALTER TABLE cancellations DROP CONSTRAINT IF EXISTS cancellations_request_id_fkey;
-- squawk-ignore ban-drop-constraint
ALTER TABLE redrives DROP CONSTRAINT IF EXISTS redrives_request_id_fkey;
-- squawk-ignore ban-drop-constraint
ALTER TABLE redrives DROP CONSTRAINT IF EXISTS redrives_redriven_as_fkey;

-- An entry that carries a closed range's sum.
ALTER TABLE ledger_entries ADD CONSTRAINT ledger_entries_known_kinds
  CHECK (CASE kind WHEN 'grant'    THEN amount > 0 AND request_id IS NULL AND reference IS NOT NULL
                   WHEN 'charge'   THEN amount <= 0 AND request_id IS NOT NULL
                   WHEN 'refund'   THEN amount >= 0 AND request_id IS NOT NULL
                   WHEN 'goodwill' THEN amount > 0 AND request_id IS NOT NULL
                   WHEN 'carried'  THEN request_id IS NULL AND reference IS NOT NULL
                   ELSE false END) NOT VALID;
-- The new one allows all that the old ones did.
-- squawk-ignore ban-drop-constraint
ALTER TABLE ledger_entries DROP CONSTRAINT IF EXISTS ledger_entries_check;
-- squawk-ignore ban-drop-constraint
ALTER TABLE ledger_entries DROP CONSTRAINT IF EXISTS ledger_entries_kinds;

-- Two changes are let through: a tenant that is erased (its entries go under the pseudonym), and a range that is closed: its entries go
-- in the transaction that has noted their sum.
CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF to_jsonb(NEW) - 'tenant_id' - 'reference' = to_jsonb(OLD) - 'tenant_id' - 'reference'
       AND (NEW.reference IS NULL) = (OLD.reference IS NULL)
       AND EXISTS (SELECT FROM erasures e WHERE (e.tenant_id, e.pseudonym) = (OLD.tenant_id, NEW.tenant_id)) THEN
      RETURN NEW;
    END IF;
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.request_id IS NOT NULL
       AND EXISTS (SELECT FROM ledger_closings c
         WHERE (c.tenant_id, c.environment) = (OLD.tenant_id, OLD.environment)
           AND OLD.request_id < c.before_id AND c.transaction = pg_current_xact_id()) THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION 'ledger entries are never changed';
END $$;

-- Rows live for milliseconds: what they leave behind is cleared by their number, not by a share of a table that was large once.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
  autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0);
