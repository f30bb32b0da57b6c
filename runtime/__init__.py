"""Plumbing shared by every process: settings, logs, metrics, health, Kafka."""
