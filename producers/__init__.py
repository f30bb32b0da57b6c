"""Processes that only produce: the outbox relay and the deadline sweeper."""
