-- A look's own name and pairs of words, given by its client. Null: none were given.
ALTER TABLE request_logs ADD COLUMN reference text;
ALTER TABLE request_logs ADD COLUMN metadata jsonb;
