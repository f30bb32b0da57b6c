"""The audit: every promise of the system, over Postgres, Kafka, S3 and the lake, while it runs."""
