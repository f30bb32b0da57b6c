"""`looks operators`: whose keys may operate, at `/ops`."""

from datetime import timedelta
from typing import Annotated

import typer

from cli.letters.present import clean
from cli.settings import database, operator_name, run
from domain.moments import age
from domain.operators import MAX_NAME_CHARS, OperatorRole
from runtime.settings import ApiSettings
from storage.database import open_pool
from storage.operators import LastAdmin, OperatorKeyRow, OperatorSessionRow, OperatorStore

app = typer.Typer(no_args_is_help=True, help="Operators and their keys.")

Acting = Annotated[
    str | None, typer.Option("--operator", help="who acts; default: the user of this machine")
]


def _refuse(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _pepper() -> str:
    return ApiSettings().key_pepper.get_secret_value()


@app.command("add")
def add(
    name: str,
    role: Annotated[OperatorRole, typer.Option(help="what the key may do")] = OperatorRole.VIEWER,
    expires_in: Annotated[str | None, typer.Option(help="90s, 30m, 1h, 7d; default: never")] = None,
    operator: Acting = None,
) -> None:
    """Make an operator's key. It is shown here, once; only its hash is kept."""
    if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
        raise _refuse(f"the name must be up to {MAX_NAME_CHARS} printable characters")
    life: timedelta | None = None
    try:
        life = age(expires_in) if expires_in else None
    except ValueError as error:
        raise _refuse(f"--expires-in: {error}") from error

    async def work() -> tuple[str, str]:
        async with open_pool(database().direct) as pool:
            by = operator_name(operator)
            return await OperatorStore(pool, _pepper()).add(name, role, by, expires_in=life)

    key_id, key = run(work)
    typer.echo(f"key id {key_id}", err=True)
    typer.echo(key)


@app.command("list")
def show() -> None:
    """Show operators' keys without their secrets."""

    async def work() -> list[OperatorKeyRow]:
        async with open_pool(database().direct) as pool:
            return await OperatorStore(pool).keys()

    for one in run(work):
        state = "revoked" if one.revoked_at else "active" if one.works else "expired"
        used = f"{one.last_used_at:%Y-%m-%dT%H:%M:%SZ}" if one.last_used_at else "-"
        typer.echo(
            f"{one.key_id} {one.role:<8} ...{one.last4} {state:<8} {clean(one.name)} "
            f"by {clean(one.created_by)} {one.created_at:%Y-%m-%d} last used {used}"
        )


@app.command("revoke")
def revoke(key_id: str, operator: Acting = None) -> None:
    """End a key and its sign-ins. The last admin's stays: make another one first."""

    async def work() -> bool:
        async with open_pool(database().direct) as pool:
            return await OperatorStore(pool).revoke(key_id, operator_name(operator))

    try:
        done = run(work)
    except LastAdmin as error:
        raise _refuse("this is the last admin's key: make another one first") from error
    if not done:
        raise _refuse("there is no such key that still works")
    typer.echo("revoked")


@app.command("sessions")
def sessions() -> None:
    """Show who is signed in at `/ops`, by a key or at the provider."""

    async def work() -> list[OperatorSessionRow]:
        async with open_pool(database().direct) as pool:
            return await OperatorStore(pool).sessions()

    for one in run(work):
        typer.echo(
            f"{clean(one.operator_id)} {one.role:<8} {clean(one.name)} "
            f"since {one.created_at:%Y-%m-%dT%H:%M:%SZ} last seen {one.seen_at:%Y-%m-%dT%H:%M:%SZ}"
        )


@app.command("end-sessions")
def end_sessions(
    operator_id: Annotated[
        str, typer.Argument(help="as `sessions` shows it: a key's id, or issuer and subject")
    ],
    operator: Acting = None,
    why: Annotated[str, typer.Option("--why", help="kept with the action")] = "",
) -> None:
    """End every session of a person or a key. A key goes on working: revoke that."""

    async def work() -> int:
        async with open_pool(database().direct) as pool:
            return await OperatorStore(pool).end_all(
                operator_id, operator_name(operator), None, why
            )

    ended = run(work)
    if not ended:
        raise _refuse("there is no session of this operator")
    typer.echo(f"{ended} ended")
