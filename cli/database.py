"""`looks db`."""

import typer

from cli.settings import database, run
from storage.migrations import MigrationChanged
from storage.migrations import migrate as apply_migrations

app = typer.Typer(no_args_is_help=True, help="The database.")


@app.callback()
def main() -> None:
    """The database."""


@app.command()
def migrate() -> None:
    """Apply what was not applied yet. Safe to repeat and to run side by side."""
    url = database().url.get_secret_value()
    try:
        applied = run(lambda: apply_migrations(url))
    except MigrationChanged as error:
        typer.secho(f"{error} was applied and has been changed since: write a new migration instead", fg="red", err=True)
        raise typer.Exit(1) from error
    typer.echo("\n".join(f"applied {name}" for name in applied) or "up to date")
