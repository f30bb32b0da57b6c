"""The operators' surface: `/ops/v1`, and the console at `/ops` that uses it."""
