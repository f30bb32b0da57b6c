"""`looks store`."""

from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from runtime.settings import ObjectStoreSettings
from storage import lifecycle
from storage.object_store import new_client

app = typer.Typer(no_args_is_help=True, help="Lifecycle rules of the bucket.")


@app.callback()
def main() -> None:
    """The bucket."""


@app.command()
def apply(
    plan: Annotated[
        bool, typer.Option("--plan", help="show what would change; change nothing")
    ] = False,
) -> None:
    """Set the bucket's lifecycle rules: cut-outs, fetched photos and unfinished uploads are deleted
    after a time. Rules that others set stay. Safe to repeat. Exit 2: S3 did not answer, or refused.
    """
    settings = ObjectStoreSettings()
    do = lifecycle.plan if plan else lifecycle.apply
    try:
        done = do(new_client(settings), settings.bucket, settings.names)
    except (ClientError, BotoCoreError) as error:
        typer.secho(f"{settings.bucket}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    for line in done.lines:
        typer.echo(f"would {line}" if plan else line)
    if not done.lines:
        typer.echo("up to date")
