"""What commands connect with, and a clear word when a setting is missing."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import asyncpg
import typer
from pydantic import ValidationError

from runtime.settings import ApiSettings, DatabaseSettings
from storage.accounts import AccountStore
from storage.database import DATABASE_AWAY, open_pool

T = TypeVar("T")
CLOSING_S = 0.2
"""asyncpg says goodbye to a server that refused it in the background: a loop that ends at once
leaves the socket open.
"""


def database() -> DatabaseSettings:
    """Raises typer.Exit with a message when LOOKS_DATABASE_URL is missing."""
    try:
        return DatabaseSettings()
    except ValidationError as error:
        names = ", ".join(
            f"LOOKS_DATABASE_{'_'.join(str(part) for part in one['loc']).upper()}"
            for one in error.errors()
        )
        typer.secho(f"set {names} (a development stack: `. .dev/env`)", fg="red", err=True)
        raise typer.Exit(2) from error


@asynccontextmanager
async def accounts() -> AsyncIterator[AccountStore]:
    """The account store of the configured database."""
    async with open_pool(database()) as pool:
        yield AccountStore(pool, ApiSettings().key_pepper.get_secret_value())


def secret(name: str) -> str:
    """A secret that is typed, or the first line of standard input: never an argument, which others
    can see.
    """
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work; connection failures become one line and exit code 2."""

    async def main() -> T:
        try:
            return await work()
        except (*DATABASE_AWAY, asyncpg.PostgresError):
            await asyncio.sleep(CLOSING_S)
            raise

    try:
        return asyncio.run(
            main()
        )  # not uvloop: its `close` can wait without end for a TLS connection that was closed
    except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
