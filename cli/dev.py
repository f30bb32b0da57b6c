"""`looks dev`: the development stack."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from devstack.demo import DemoFailed, upload
from devstack.demo import run as run_demo
from devstack.folder import CHECKOUT, default_folder
from devstack.stack import ALL, Stack, StackFailed
from devstack.surroundings import settle
from devstack.wardrobe import WARDROBE

OPEN_TO_ANY = ("LOOKS_WEBHOOKS_ALLOW_INSECURE_TARGETS", "LOOKS_PHOTOS_ALLOW_INSECURE_URLS")

app = typer.Typer(
    no_args_is_help=True, help="The development stack: real Kafka, Postgres, S3 and every process."
)


PartName = Annotated[str, typer.Argument(help="a process or service, as `status` names it")]
PartNames = Annotated[
    list[str], typer.Argument(help="processes or services, as `status` names them")
]


@app.callback()
def dev() -> None:
    """Whatever the shell is set up for."""
    settle()


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _stack() -> Stack:
    return Stack(default_folder().root)


@contextmanager
def _failing(*errors: type[Exception]) -> Iterator[None]:
    """Such an error ends the command with what it says."""
    try:
        yield
    except errors as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(1) from error


@app.command()
def up() -> None:
    """Start the stack in the background and wait until it is ready. Safe to repeat."""
    stack = _stack()
    with _failing(StackFailed):
        stack.start(_say)
    env = stack.env
    typer.echo(f"Console   {env['LOOKS_API_URL']}/console")
    typer.echo(f"key       {env['LOOKS_API_KEY']}  (tenant demo: paste it into the console)")
    typer.echo(f"Operators {env['LOOKS_API_URL']}/ops  (key: LOOKS_OPS_KEY in the settings)")
    typer.echo(f"API       {env['LOOKS_API_URL']}  (docs at /docs)")
    typer.echo(f"Kafka     {env['LOOKS_KAFKA_BOOTSTRAP']}")
    typer.echo(f"Postgres  {env['LOOKS_DATABASE_URL']}")
    typer.echo(f"S3        {env['LOOKS_S3_ENDPOINT_URL']}")
    typer.echo(f"settings  . {stack.folder.env}")
    if any(env.get(name) == "true" for name in OPEN_TO_ANY):
        typer.echo(
            "Note      webhooks and photo URLs may use http and private addresses on this stack"
        )


@app.command()
def down() -> None:
    """Stop the stack. Its data stays. Safe to repeat."""
    with _failing(StackFailed):
        _stack().stop()


@app.command()
def reset() -> None:
    """Stop the stack and delete all its data."""
    with _failing(StackFailed):
        _stack().forget()


@app.command()
def restart(name: PartName) -> None:
    """Restart one process or service."""
    with _failing(StackFailed):
        _stack().restart(name)


@app.command()
def stop(names: PartNames) -> None:
    """Stop some parts while the others run on, until `start` or `up`."""
    with _failing(StackFailed):
        _stack().leave_out(names)


@app.command()
def start(names: PartNames) -> None:
    """Start parts again that were stopped, and wait until they are ready."""
    with _failing(StackFailed):
        _stack().bring_back(names)


@app.command()
def status() -> None:
    """Show which processes and services run."""
    stack = _stack()
    typer.echo(stack.phase)
    for name in ("kafka", "postgres", "s3", *ALL):
        try:
            typer.echo(f"{name:<18} {stack.pid(name)}")
        except StackFailed:
            typer.echo(f"{name:<18} -")


@app.command()
def logs(
    name: PartName, lines: Annotated[int, typer.Option("-n", help="so many lines")] = 50
) -> None:
    """Show the end of one log."""
    with _failing(OSError):
        typer.echo("\n".join(_stack().log(name).splitlines()[-lines:]))


@app.command()
def wardrobe() -> None:
    """Put sample garments into the stack's bucket, below users/abc/wardrobe/."""
    env = _stack().env
    upload(env, set(WARDROBE), "users/abc/wardrobe")
    for name, category in sorted(WARDROBE.items()):
        typer.echo(f"users/abc/wardrobe/{name}.jpg  {category}")


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="the folder for the pictures")] = CHECKOUT
    / "demo-output",
) -> None:
    """Start a separate stack, make two looks, print what happened to each, and stop."""
    root = default_folder().root / "demo"
    try:
        with _failing(DemoFailed, StackFailed):
            run_demo(root, output, typer.echo)
    except KeyboardInterrupt:
        sys.exit(130)
