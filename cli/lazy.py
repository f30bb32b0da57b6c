"""Commands whose modules are imported when they are called: `looks --help` needs none of them."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, NamedTuple

import typer
from typer.core import TyperGroup
from typer.main import get_group

from cli import endings


class Named(NamedTuple):
    """A command: its module, what it is called there, and how its help begins, which a test
    compares.
    """

    module: str
    attribute: str
    about: str


COMMANDS: Final = {
    "audit": Named(
        "cli.audit",
        "app",
        "Check on the running system that no request, credit or picture was lost.",
    ),
    "credits": Named("cli.accounts", "credits_app", "Grant credits and show balances."),
    "db": Named("cli.database", "app", "Tables, logins, repairs and upkeep in Postgres."),
    "dev": Named(
        "cli.dev", "app", "The development stack: real Kafka, Postgres, S3 and every process."
    ),
    "dlq": Named("cli.letters", "app", "Failed looks (dead letters) and quarantined records."),
    "engine": Named("cli.engine", "engine", "Show the remote engine's name, version and limits."),
    "keys": Named("cli.accounts", "keys_app", "Create, list, rotate and revoke API keys."),
    "lake": Named("cli.lake", "app", "The lake: topics as Iceberg tables."),
    "operators": Named("cli.operators", "app", "Operators of /ops: their keys and sessions."),
    "replay": Named(
        "cli.replay",
        "replay",
        "Read any range of topics, to the terminal, a file, tables or another topic.",
    ),
    "report": Named(
        "cli.report",
        "report",
        "Draw one page of plots from the lake, or from a folder of a replay.",
    ),
    "store": Named("cli.store", "app", "Lifecycle rules of the bucket."),
    "submit": Named(
        "cli.submit",
        "submit",
        "Upload garment photos, dress a mannequin in them, fetch the picture.",
    ),
    "tenants": Named("cli.accounts", "tenants_app", "Create, configure and erase tenants."),
    "top": Named(
        "cli.top",
        "top",
        "Show all processes, live: ready or not, rates, failures, lag, and memory.",
    ),
    "topics": Named("cli.topics", "app", "Kafka topics, rights, lag and growth."),
}
OF_TOPICS: Final = {
    "lag": Named(
        "cli.lag",
        "lag",
        "Show which group reads which topic and how far behind it is, in records and in seconds.",
    ),
    "grow": Named(
        "cli.growing",
        "grow",
        "Give the topics of requests more partitions, without stopping anything.",
    ),
    "transactions": Named(
        "cli.transactions",
        "transactions",
        "List open Kafka transactions, and what ends each.",
    ),
    "acls": Named("cli.access", "acls", "Give each process's Kafka user the rights that it needs."),
    "grant": Named(
        "cli.access",
        "grant",
        "Give a Kafka user the rights of a role: subscriber, auditor or operator.",
    ),
    "password": Named(
        "cli.access",
        "password",
        "Set a Kafka user's password, read from standard input.",
    ),
}
OF_TENANTS: Final = {
    "erase": Named("cli.erasure", "erase", "Erase a tenant: pictures, photos, rows and words."),
}


class LazyGroup(TyperGroup):
    """A group with commands that are only named."""

    named: ClassVar[Mapping[str, Named]] = {}

    def __init__(self, **options: Any) -> None:
        """The names are listed with the commands that are there; each is imported when it is asked
        for.
        """
        super().__init__(**options)
        for name in self.named:
            self.commands.setdefault(name, None)  # type: ignore[arg-type]  # `get_command` gives the command

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in order."""
        return sorted(self.commands)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, imported now; None: there is none of that name."""
        return (
            load(cmd_name, self.named[cmd_name])
            if cmd_name in self.named
            else super().get_command(ctx, cmd_name)
        )

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and what they are for."""
        there = {
            name: one.get_short_help_str(100)
            for name, one in self.commands.items()
            if one is not None
        }
        about = there | {name: one.about for name, one in self.named.items()}
        with formatter.section("Commands"):
            formatter.write_dl(sorted(about.items()))


class Root(LazyGroup):
    """`looks`. Whatever it writes to: it ends with one line and exit 2 where that fails."""

    named = COMMANDS

    def main(self, *args: Any, **options: Any) -> Any:
        """Run what the words say, their parsing and help included."""
        endings.steady_output()
        try:
            return endings.flushed(lambda: super(Root, self).main(*args, **options))
        except OSError as error:
            endings.say(error)
            sys.exit(endings.EXIT_FAILED)

    def invoke(self, ctx: Any) -> Any:
        """Run one command."""
        try:
            return endings.flushed(lambda: super(Root, self).invoke(ctx))
        except OSError as error:
            endings.say(error)
            raise typer.Exit(endings.EXIT_FAILED) from error


class Topics(LazyGroup):
    """`looks topics`: what asks a broker is only named."""

    named = OF_TOPICS


class Tenants(LazyGroup):
    """`looks tenants`: what asks more than Postgres is only named."""

    named = OF_TENANTS


def load(name: str, named: Named) -> Any:
    """Import a command."""
    found = getattr(import_module(named.module), named.attribute)
    host = typer.Typer(add_completion=False, rich_markup_mode=None, callback=lambda: None)
    if isinstance(found, typer.Typer):
        host.add_typer(found, name=name)
    else:
        host.command(name)(found)
    return get_group(host).commands[name]
