-- Sign-ins of the console: each stands for the key that it was made with, and ends with it. Only a keyed hash of the
-- token that the browser has is stored.
CREATE TABLE console_sessions (
  session_id text PRIMARY KEY,
  key_id     text NOT NULL REFERENCES api_keys,
  token_hash bytea NOT NULL UNIQUE,
  agent      text NOT NULL,               -- the browser, as it names itself
  created_at timestamptz NOT NULL DEFAULT now(),
  seen_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);
