-- Photos that tenants uploaded through the API, so that an earlier one is found again. The photo itself lies in the object
-- store below `object_key`; a row that is gone takes nothing from it.
CREATE TABLE uploads (
  upload_id    text NOT NULL,
  tenant_id    text NOT NULL,
  environment  text NOT NULL,
  object_key   text NOT NULL,
  content_type text NOT NULL,
  bytes        bigint NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, environment, upload_id)
);
-- The look that somebody is putting together in the console, one for each key: it is found again in another browser.
CREATE TABLE console_drafts (
  key_id     text PRIMARY KEY REFERENCES api_keys,
  draft      text NOT NULL,                -- JSON, read as a whole and never asked about
  updated_at timestamptz NOT NULL DEFAULT now()
);
