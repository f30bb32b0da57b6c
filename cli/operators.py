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

app = typer.Typer(no_args_is_help=True, help="Operators of /ops: their keys and sessions.")

Acting = Annotated[
    str | None,
    typer.Option("--operator", help="who acts, for the record; default: the user of this machine"),
]


def _refuse(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _pepper() -> str:
    return ApiSettings().key_pepper.get_secret_value()


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="the person or program that gets the key")],
    role: Annotated[OperatorRole, typer.Option(help="what the key may do")] = OperatorRole.VIEWER,
    expires_in: Annotated[
        str | None, typer.Option(help="how long it works: 90s, 30m, 1h, 7d; default: for ever")
    ] = None,
    operator: Acting = None,
) -> None:
    """Create an operator's key for /ops. Copy it now: it is shown only this once."""
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
    """List operators' keys, without their secrets."""

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
def revoke(
    key_id: Annotated[str, typer.Argument(help="as `looks operators list` shows it")],
    operator: Acting = None,
) -> None:
    """Revoke an operator's key and end its sessions, at once. The last admin's key can't be
    revoked: create another one first.
    """

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
    """List who is signed in to /ops."""

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
    why: Annotated[str, typer.Option("--why", help="the reason, kept with the action")] = "",
) -> None:
    """Sign a person or a key out of /ops everywhere. A key can sign in again: to stop that, use
    `looks operators revoke`.
    """

    async def work() -> int:
        async with open_pool(database().direct) as pool:
            return await OperatorStore(pool).end_all(
                operator_id, operator_name(operator), None, why
            )

    ended = run(work)
    if not ended:
        raise _refuse("there is no session of this operator")
    typer.echo(f"{ended} ended")
