"""What commands connect with, and a clear word when a setting is missing."""

import asyncio
import os
import pwd
import selectors
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import asyncpg
import typer
from pydantic import ValidationError

from runtime.settings import ApiSettings, DatabaseSettings
from storage.accounts import AccountStore
from storage.database import DATABASE_AWAY, open_pool

T = TypeVar("T")
CLOSING_MAX_S, CLOSING_POLL_S = 5.0, 0.01


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
    async with open_pool(database().direct) as pool:
        yield AccountStore(pool, ApiSettings().key_pepper.get_secret_value())


def secret(name: str) -> str:
    """A secret that is typed, or the first line of standard input: never an argument, which others
    can see.
    """
    if sys.stdin.isatty():
        return str(typer.prompt(name, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def operator_name(given: str | None) -> str:
    """Who acts: as given, or else the user that this process runs as."""
    if given:
        return given
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def run(work: Callable[[], Awaitable[T]]) -> T:
    """Run a command's work; connection failures become one line and exit code 2."""
    sockets = selectors.DefaultSelector()

    async def main() -> T:
        own = len(sockets.get_map())  # the loop's own pipe
        try:
            return await work()
        finally:
            await _closed(sockets, own)

    def loop() -> asyncio.AbstractEventLoop:
        # Not uvloop: its `close` can wait without end for a TLS connection that was closed.
        return asyncio.SelectorEventLoop(sockets)

    try:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(main())
    except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


async def _closed(sockets: selectors.BaseSelector, own: int) -> None:
    """Wait until nothing is open. asyncpg says goodbye to a server in the background, over TLS and
    where it was refused, and a loop that ends at once would leave its socket open.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_MAX_S):
            while len(sockets.get_map()) > own:  # noqa: ASYNC110 (a selector has no event)
                await asyncio.sleep(CLOSING_POLL_S)
    await asyncio.sleep(CLOSING_POLL_S)  # what has left the selector is closed a turn later
