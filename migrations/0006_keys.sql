-- A key made by rotation names the key that it follows: one successor each, so that two rotations at once make one.
ALTER TABLE api_keys ADD COLUMN replaces text REFERENCES api_keys;
CREATE UNIQUE INDEX api_keys_one_successor ON api_keys (replaces) WHERE replaces IS NOT NULL;
