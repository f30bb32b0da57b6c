-- Whether a key's looks are refused for rendering options that nobody knows. Keys that were there keep working as they did, with a warning.
ALTER TABLE api_keys ADD COLUMN strict_options boolean NOT NULL DEFAULT false;
ALTER TABLE api_keys ALTER COLUMN strict_options SET DEFAULT true;
