"""The contracts: HTTP models, events, topics, codes. Imports nothing else of this project."""
