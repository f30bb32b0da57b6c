"""`looks db`."""

from typing import Annotated

import typer

from cli.maintain import maintain
from cli.rebuild import rebuild_projection, rewind_projection
from cli.recover import recover
from cli.settings import database, run, secret
from storage import roles as declared
from storage.migrations import MigrationChanged
from storage.migrations import migrate as apply_migrations

app = typer.Typer(no_args_is_help=True, help="Tables, logins, repairs and upkeep in Postgres.")
app.command("rebuild-projection")(rebuild_projection)
app.command("rewind-projection")(rewind_projection)
app.command("recover")(recover)
app.command("maintain")(maintain)


@app.callback()
def main() -> None:
    """Tables, logins, repairs and upkeep in Postgres."""


@app.command()
def migrate() -> None:
    """Create or update the tables of this release. Safe to repeat, and to run from several places
    at once.
    """
    url = database().dsn
    try:
        applied = run(lambda: apply_migrations(url))
    except MigrationChanged as error:
        typer.secho(
            f"{error} was applied and has been changed since: write a new migration instead",
            fg="red",
            err=True,
        )
        raise typer.Exit(1) from error
    typer.echo("\n".join(f"applied {name}" for name in applied) or "up to date")


@app.command()
def roles() -> None:
    """Create a Postgres role for each process, with the rights that it needs and no others. Run it
    after `looks db migrate`. Safe to repeat.
    """
    dsn = database().dsn
    fresh = run(lambda: declared.apply(dsn))
    typer.echo("\n".join(f"created {name}" for name in fresh) or "up to date")


@app.command()
def login(
    role: Annotated[str, typer.Argument(help="a process's role, such as api or operator")],
    name: Annotated[str, typer.Argument(help="the name to log in with")],
) -> None:
    """Create a login for a process's role, or give it a new password. The password is read from
    standard input.
    """
    if role not in declared.BY_PROCESS:
        typer.secho(
            f"there is no role {role}; there are {', '.join(declared.BY_PROCESS)}",
            fg="red",
            err=True,
        )
        raise typer.Exit(1)
    dsn, password = database().dsn, secret("password")
    try:
        run(lambda: declared.create_login(dsn, declared.BY_PROCESS[role], name, password))
    except declared.BadLogin as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{name} may log in as {role}")
