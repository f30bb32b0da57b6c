"""`looks topics`."""

import typer
from aiokafka.errors import KafkaError

from cli.settings import run
from runtime.settings import KafkaSettings
from runtime.topics_admin import TopicsDiffer
from runtime.topics_admin import apply as apply_topics
from schemas.topics import TOPICS

app = typer.Typer(no_args_is_help=True, help="Topics.")

_DAY_MS = 24 * 60 * 60 * 1000


@app.command()
def apply() -> None:
    """Create what is missing and set the declared settings. Safe to repeat."""
    settings = KafkaSettings()
    try:
        created = run(lambda: apply_topics(settings.bootstrap, settings.replication_factor))
    except (TopicsDiffer, KafkaError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    typer.echo("\n".join(f"created {name}" for name in created) or "up to date")


@app.command("list")
def show() -> None:
    """Show the declared topics."""
    for topic in TOPICS:
        days = topic.retention_ms // _DAY_MS
        typer.echo(f"{topic.name:<26} {topic.partitions:>3} partitions {days:>3} d  {topic.audience:<9} {topic.about}")
