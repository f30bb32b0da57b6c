"""`looks dlq`: what operators see of failed requests and quarantined records, and what they do
about them.

Reading joins no group and moves nobody's offsets. Nothing is ever deleted from Kafka.
"""

from cli.letters.dead import app
from cli.letters.quarantine import app as quarantine_app

app.add_typer(quarantine_app, name="quarantine")

__all__ = ["app"]
