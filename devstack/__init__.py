"""Real Kafka, Postgres and S3 from package registries, and every process of ours, supervised,
without Docker.
"""
