"""`looks topics`."""

from typing import Annotated

import typer

from cli import releases
from cli.lazy import Topics
from schemas import versions
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.topics import TOPICS

app = typer.Typer(cls=Topics, no_args_is_help=True, help="Kafka topics, rights, lag and growth.")

_DAY_MS = 24 * 60 * 60 * 1000


@app.command()
def apply(
    registry: Annotated[
        str | None,
        typer.Option(help="also register the released schemas with this schema registry"),
    ] = None,
    registry_compatibility: Annotated[
        str, typer.Option(help="the compatibility level to set in the registry")
    ] = "FULL_TRANSITIVE",
    registry_policy: Annotated[
        str | None, typer.Option(help="Confluent's compatibilityPolicy: LENIENT")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="show what would change; change nothing")
    ] = False,
) -> None:
    """Create missing topics and set the settings that schemas/topics.py declares, and no others.
    Safe to repeat.
    """
    from cli.settings import run  # noqa: PLC0415 (slow to import, and `list` needs none of it)
    from runtime import topics_admin  # noqa: PLC0415 (as above)
    from runtime.settings import KafkaSettings  # noqa: PLC0415 (as above)

    settings = KafkaSettings()
    try:
        done = run(lambda: topics_admin.plan(settings) if plan else topics_admin.apply(settings))
    except (topics_admin.TopicsDiffer, topics_admin.TopicsRefused) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    words = ("would create", "would set") if plan else ("created", "set")
    lines = [f"{words[0]} {topic.name}" for topic in done.missing] + [
        f"{words[1]} {change}" for change in done.changes
    ]
    typer.echo("\n".join(lines) or "up to date")
    if done.refused:
        typer.secho("\n".join(done.refused), fg="red", err=True)
        raise typer.Exit(1)
    if registry is not None and not plan:
        _register(registry, registry_compatibility, registry_policy)


def _register(url: str, compatibility: str, policy: str | None) -> None:
    """Every release of every topic's event type, oldest first."""
    import httpx  # noqa: PLC0415 (slow to import, rarely needed)

    from runtime.schema_registry import RegistryRefused, register  # noqa: PLC0415 (as above)
    from runtime.settings import KafkaSettings  # noqa: PLC0415 (as above)

    names = KafkaSettings().names
    of_topic = {
        names.topic(topic.name): releases.released(TYPE_OF[topic.event])
        for topic in TOPICS
        if topic.event is not None
    }
    subjects = {
        f"{name}-value": [of[version] for version in sorted(of)] for name, of in of_topic.items()
    }
    try:
        ids = register(url, subjects, compatibility=compatibility, policy=policy)
    except (RegistryRefused, httpx.HTTPError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(1) from error
    for subject, numbers in ids.items():
        typer.echo(f"registered {subject}: {', '.join(str(number) for number in numbers)}")


@app.command("list")
def show() -> None:
    """List the topics that schemas/topics.py declares."""
    for topic in TOPICS:
        days = topic.retention_ms // _DAY_MS
        typer.echo(
            f"{topic.name:<26} {topic.partitions:>3} partitions {days:>3} d  {topic.audience:<9} "
            f"{topic.about}"
        )


@app.command()
def release() -> None:
    """Save changed event schemas as new released versions. It refuses a change that would break a
    reader.
    """
    refused = False
    for event_type in EVENT_TYPES:
        match releases.release(event_type):
            case versions.Allowed(version):
                typer.echo(f"released {event_type} {versions.text(version)}")
            case versions.ReleaseRefused(reasons):
                refused = True
                for reason in reasons:
                    typer.secho(f"{event_type}: {reason}", fg="red", err=True)
            case versions.Unchanged(version):
                typer.echo(f"{event_type} {versions.text(version)} is current")
    if refused:
        typer.secho(
            "a change that readers can't follow is a new type beside the old one",
            fg="red",
            err=True,
        )
        raise typer.Exit(1)
