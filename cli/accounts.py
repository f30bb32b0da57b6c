"""`looks tenants`, `looks keys`, `looks credits`."""

from typing import Annotated

import typer

from cli.settings import accounts, run
from domain.api_keys import CAPABILITIES, PREFIXES
from domain.object_keys import RESERVED, problem
from storage.accounts import UnknownTenant

tenants_app = typer.Typer(no_args_is_help=True, help="Tenants.")
keys_app = typer.Typer(no_args_is_help=True, help="API keys.")
credits_app = typer.Typer(no_args_is_help=True, help="Credits.")

Tenant = Annotated[str, typer.Option("--tenant", help="tenant id")]
Environment = Annotated[str, typer.Option("--environment", help="live or test")]


def _refuse(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _environment(name: str) -> str:
    if name not in PREFIXES:
        raise _refuse(f"--environment must be one of {', '.join(PREFIXES)}")
    return name


@tenants_app.command("create")
def create_tenant(
    tenant: str, prefix: Annotated[list[str], typer.Option("--prefix", help="object keys below it may be named; repeatable")]
) -> None:
    """Add a tenant with empty accounts."""
    for one in prefix:
        if problem(one.strip("/")) is not None or one.strip("/").split("/")[0] in {"", RESERVED}:
            raise _refuse(f"{one!r} is no prefix that a tenant may have")

    async def work() -> bool:
        async with accounts() as store:
            return await store.create_tenant(tenant, [f"{one.strip('/')}/" for one in prefix])

    typer.echo("created" if run(work) else "exists already")


@tenants_app.command("list")
def list_tenants() -> None:
    """Show tenants and their prefixes."""

    async def work() -> list[tuple[str, tuple[str, ...]]]:
        async with accounts() as store:
            return await store.tenants()

    for tenant_id, prefixes in run(work):
        typer.echo(f"{tenant_id:<20} {' '.join(prefixes)}")


@keys_app.command("create")
def create_key(
    tenant: Tenant,
    environment: Environment = "live",
    capability: Annotated[list[str] | None, typer.Option("--capability", help="repeatable; default: all")] = None,
) -> None:
    """Make a key. It is shown here, once; only its hash is kept."""
    unknown = set(capability or ()) - set(CAPABILITIES)
    if unknown:
        raise _refuse(f"no such capability: {', '.join(sorted(unknown))}; there are {', '.join(CAPABILITIES)}")
    name = _environment(environment)

    async def work() -> tuple[str, str]:
        async with accounts() as store:
            return await store.create_key(tenant, name, capability or CAPABILITIES)

    try:
        key_id, key = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo(f"key id {key_id}", err=True)
    typer.echo(key)


@keys_app.command("list")
def list_keys(tenant: Annotated[str | None, typer.Option("--tenant", help="only this tenant's")] = None) -> None:
    """Show keys without their secrets."""

    async def work() -> list[str]:
        async with accounts() as store:
            return [
                f"{row['key_id']} {row['tenant_id']:<16} {row['environment']:<5} ...{row['last4']} "
                f"{'revoked' if row['revoked_at'] else 'active':<8} {','.join(row['capabilities'])}"
                for row in await store.keys(tenant)
            ]

    for line in run(work):
        typer.echo(line)


@keys_app.command("revoke")
def revoke_key(key_id: str) -> None:
    """End a key; every API process refuses it within its cache time."""

    async def work() -> bool:
        async with accounts() as store:
            return await store.revoke_key(key_id)

    if not run(work):
        raise _refuse("there is no such key that still works")
    typer.echo("revoked")


@credits_app.command("grant")
def grant(
    tenant: Tenant,
    amount: Annotated[int, typer.Option("--amount", min=1, max=10**12)],
    reference: Annotated[str, typer.Option("--reference", help="your own id; the same reference is granted once")],
    environment: Environment = "live",
) -> None:
    """Give credits, once per reference."""
    name = _environment(environment)

    async def work() -> tuple[bool, int]:
        async with accounts() as store:
            fresh = await store.grant(tenant, name, amount, reference)
            return fresh, await store.balance(tenant, name)

    try:
        fresh, balance = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo(f"{'granted' if fresh else 'granted before'}; balance {balance}")


@credits_app.command("show")
def show(tenant: Tenant, environment: Environment = "live", limit: Annotated[int, typer.Option(min=1, max=1000)] = 20) -> None:
    """Show the balance and the newest entries."""
    name = _environment(environment)

    async def work() -> list[str]:
        async with accounts() as store:
            lines = [f"balance {await store.balance(tenant, name)}"]
            for entry in await store.statement(tenant, name, limit):
                at = f"{entry.created_at:%Y-%m-%d %H:%M:%S}"
                lines.append(f"{entry.id:>8} {at} {entry.kind:<6} {entry.amount:>10} {entry.request_id or ''}")
            return lines

    try:
        lines = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo("\n".join(lines))
