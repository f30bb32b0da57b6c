-- Sign-ins of people whom an OpenID Connect provider names, in the role that it gave them: they have no key. Processes of the release
-- before look for the key of a sign-in, and so know none of these.
ALTER TABLE operator_sessions
  ADD COLUMN issuer  text,
  ADD COLUMN subject text,                -- with the issuer: who it is, for good
  ADD COLUMN name    text,                -- who it is, for readers
  ADD COLUMN role    text;
-- Processes of the release before write a key with each.
-- squawk-ignore ban-drop-not-null
ALTER TABLE operator_sessions ALTER COLUMN key_id DROP NOT NULL;
ALTER TABLE operator_sessions ADD CONSTRAINT operator_sessions_whose
  CHECK (num_nonnulls(issuer, subject, name, role) = CASE WHEN key_id IS NULL THEN 4 ELSE 0 END) NOT VALID;
ALTER TABLE operator_sessions ADD CONSTRAINT operator_sessions_roles
  CHECK (role IN ('viewer', 'operator', 'admin')) NOT VALID;
