-- Who operates: keys with a role each, and the sign-ins of `/ops`, which stand for a key and end with it. Of keys and tokens only a
-- keyed hash is stored.
CREATE TABLE operator_keys (
  key_id       text PRIMARY KEY,
  name         text NOT NULL CHECK (name <> ''),
  role         text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  key_hash     bytea NOT NULL UNIQUE,
  last4        text NOT NULL,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  last_used_at timestamptz,
  revoked_at   timestamptz
);
CREATE TABLE operator_sessions (
  session_id text PRIMARY KEY,
  key_id     text NOT NULL REFERENCES operator_keys,
  token_hash bytea NOT NULL UNIQUE,
  agent      text NOT NULL,               -- the browser, as it names itself
  created_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

-- What is done about a tenant or a key has no place on a topic.
ALTER TABLE operator_actions
  ADD COLUMN role text,                   -- what the operator may do; null: at a terminal
  ADD COLUMN target text,                 -- a tenant, a key
  ADD COLUMN reference text;              -- of a grant
-- Commands of the release before show such an action without its place.
-- squawk-ignore ban-drop-not-null
ALTER TABLE operator_actions ALTER COLUMN topic DROP NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE operator_actions ALTER COLUMN partition DROP NOT NULL;
-- squawk-ignore ban-drop-not-null
ALTER TABLE operator_actions ALTER COLUMN "offset" DROP NOT NULL;
ALTER TABLE operator_actions ADD CONSTRAINT operator_actions_about
  CHECK ((topic IS NULL) = (partition IS NULL) AND (topic IS NULL) = ("offset" IS NULL)
         AND (topic IS NOT NULL OR target IS NOT NULL)) NOT VALID;
ALTER TABLE operator_actions ADD CONSTRAINT operator_actions_verbs
  CHECK (verb IN ('send', 'rerun', 'discard', 'rewind', 'erase', 'grant', 'add_operator', 'revoke_operator')) NOT VALID;
-- The new one allows all that the old one did.
-- squawk-ignore ban-drop-constraint
ALTER TABLE operator_actions DROP CONSTRAINT IF EXISTS operator_actions_verb_check;

-- The words that may go when a tenant is erased: the target and its reference too.
CREATE OR REPLACE FUNCTION forbid_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'operator_actions' THEN
    IF NEW.reason IN (OLD.reason, 'erased') AND NEW.outcome IN (OLD.outcome, 'erased')
       AND (NEW.target IS NOT DISTINCT FROM OLD.target OR OLD.target IS NOT NULL AND NEW.target = 'erased')
       AND (NEW.reference IS NOT DISTINCT FROM OLD.reference OR OLD.reference IS NOT NULL AND NEW.reference = 'erased')
       AND to_jsonb(NEW) - 'reason' - 'outcome' - 'target' - 'reference'
         = to_jsonb(OLD) - 'reason' - 'outcome' - 'target' - 'reference'
       AND EXISTS (SELECT FROM erasures WHERE finished_at IS NULL) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME;
END $$;
