-- Whether a key's requests are refused for fields that nobody knows. Keys that were there keep working as they did, with a warning.
ALTER TABLE api_keys ADD COLUMN strict_fields boolean NOT NULL DEFAULT false;
ALTER TABLE api_keys ALTER COLUMN strict_fields SET DEFAULT true;
