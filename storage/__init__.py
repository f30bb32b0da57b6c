"""Adapters: SQL in repositories, the object store."""
