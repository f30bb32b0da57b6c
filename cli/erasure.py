"""`looks tenants erase`: see `operations.erasing`."""

import re
from datetime import UTC, datetime
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from cli.settings import database, operator_name, run
from domain.erasure import TENANT_ID, words_pattern
from lake.catalog import NoLake
from operations.actor import Actor
from operations.auditing.lake_side import away
from operations.erasing import YOUNG_S, Left, erasing, forgotten_by, scan, whole
from storage.erasure import NoSuchTenant, NotNow
from storage.object_store import StoreError

EXIT_LEFT = 1


def erase(  # noqa: PLR0913 (the options of a command)
    tenant: Annotated[str, typer.Argument(help="tenant id")],
    *,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="revoke the keys that still work")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="only check whether anything of the tenant is left")
    ] = False,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", help="also search for this text, anywhere in a word; repeatable"),
    ] = None,
    leave_shared: Annotated[
        bool,
        typer.Option(
            "--leave-shared", help="keep objects that also lie below another tenant's prefix"
        ),
    ] = False,
    young_s: Annotated[
        float,
        typer.Option(min=0, help="younger files of the lake may be of a commit that is under way"),
    ] = YOUNG_S,
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator", help="who acts, for the record; default: the user of this machine"
        ),
    ] = None,
    why: Annotated[
        str, typer.Option("--why", help="the reason, kept with the record of the erasure")
    ] = "",
) -> None:
    """Erase a tenant: pictures, photos, rows and words. Amounts stay in the ledger, under a
    pseudonym. It can't be undone. If it is interrupted, run it again: it goes on where it stopped.
    Exit 0: nothing is left. 1: refused, or something is left. 2: a service did not answer.
    """
    if not TENANT_ID.fullmatch(tenant):
        raise _said(f"{tenant!r} is no tenant's id")
    if re.search(words_pattern(tenant, text or ()), why):
        raise _said("--why is kept: it must not name the tenant")

    async def work() -> None:
        made = erasing(database(), tenant, text or [], young_s=young_s, say=typer.echo)
        async with made as at:
            if verify:
                _verdict(tenant, await scan(at))
                return
            actor = Actor(operator_name(operator), why=why)
            found = await whole(at, actor, revoke=revoke, leave_shared=leave_shared)
            typer.echo("erased" if found else f"there is no tenant {tenant}: nothing else of it")
            typer.echo("\n".join(forgotten_by(datetime.now(UTC))))

    known: tuple[type[Exception], ...] = (KafkaError, StoreError, TimeoutError, NoLake, *away())
    try:
        run(work)
    except NoSuchTenant:
        raise _said(f"there is no tenant {tenant}") from None
    except (NotNow, Left) as error:
        raise _said(str(error)) from None
    except known as error:
        typer.secho(f"{type(error).__name__}: {error}", fg="red", err=True)
        raise typer.Exit(2) from error


def _verdict(tenant: str, lines: list[str]) -> None:
    if lines:
        raise _said("\n".join(lines))
    typer.echo(f"nothing of {tenant} is left")


def _said(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(EXIT_LEFT)
