"""`looks tenants`, `looks keys`, `looks credits`."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from cli.lazy import Tenants
from cli.settings import accounts, operator_name, run
from domain.api_keys import CAPABILITIES, PREFIXES, USUAL_CAPABILITIES
from domain.erasure import is_pseudonym
from domain.moments import age
from domain.object_keys import NOT_FOR_TENANTS, problem
from operations.actor import Actor
from operations.grants import grant as give
from runtime.settings import ObjectStoreSettings
from schemas.engines import EngineName
from storage.accounts import GrantRefused, KeyEnded, TenantRow, UnknownTenant

tenants_app = typer.Typer(
    cls=Tenants, no_args_is_help=True, help="Create, configure and erase tenants."
)
keys_app = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke API keys.")
credits_app = typer.Typer(no_args_is_help=True, help="Grant credits and show balances.")

DEFAULT = "default"

TenantArgument = Annotated[str, typer.Argument(help="tenant id")]
KeyId = Annotated[str, typer.Argument(help="as `looks keys list` shows it")]
TenantOption = Annotated[str, typer.Option("--tenant", help="tenant id")]
Environment = Annotated[str, typer.Option("--environment", help="live or test")]


def _refuse(message: str) -> typer.Exit:
    typer.secho(message, fg="red", err=True)
    return typer.Exit(1)


def _length(text: str) -> timedelta:
    try:
        return age(text)
    except ValueError as error:
        raise _refuse(str(error)) from error


def _environment(name: str) -> str:
    if name not in PREFIXES:
        raise _refuse(f"--environment must be one of {', '.join(PREFIXES)}")
    return name


@tenants_app.command("create")
def create_tenant(
    tenant: TenantArgument,
    prefix: Annotated[
        list[str],
        typer.Option(
            "--prefix",
            help="the tenant may use object keys below this, such as users/acme/; repeatable",
        ),
    ],
) -> None:
    """Create a tenant. It starts with no credits and no keys."""
    if is_pseudonym(tenant):
        raise _refuse(f"{tenant}: names that begin so are those of erased tenants")
    ours = NOT_FOR_TENANTS | {ObjectStoreSettings().namespace}
    for one in prefix:
        if problem(one.strip("/")) is not None or one.strip("/").split("/")[0] in ours:
            raise _refuse(f"{one!r} is no prefix that a tenant may have")

    async def work() -> bool:
        async with accounts() as store:
            return await store.create_tenant(tenant, [f"{one.strip('/')}/" for one in prefix])

    typer.echo("created" if run(work) else "exists already")


@tenants_app.command("list")
def list_tenants() -> None:
    """List tenants: their prefixes, and the engine and quality floor where they have their own."""

    async def work() -> list[TenantRow]:
        async with accounts() as store:
            return await store.tenants()

    for one in run(work):
        floor = "" if one.quality_floor is None else f" quality floor {one.quality_floor:g}"
        engine = f" engine {one.engine}" if one.engine else ""
        typer.echo(f"{one.tenant_id:<20} {' '.join(one.key_prefixes)}{engine}{floor}")


@tenants_app.command("engine")
def set_engine(
    tenant: TenantArgument,
    engine: Annotated[
        str, typer.Argument(help="classical, remote, or default (what the deployment says)")
    ],
) -> None:
    """Choose which engine makes a tenant's looks. A look may still ask for another."""
    if engine not in (*EngineName, DEFAULT):
        raise _refuse(f"the engine must be one of {', '.join((*EngineName, DEFAULT))}")

    async def work() -> None:
        async with accounts() as store:
            await store.set_engine(tenant, None if engine == DEFAULT else EngineName(engine))

    try:
        run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo(f"{tenant}: {engine}")


@tenants_app.command("quality-floor")
def quality_floor(
    tenant: TenantArgument,
    floor: Annotated[
        str | None, typer.Argument(help="0 to 1, or default; without it: show the floor")
    ] = None,
) -> None:
    """Show or set a tenant's quality floor: a look with a garment below it fails and is refunded.
    The deployment's floor also holds; the higher one counts.
    """
    wanted = None if floor in (None, DEFAULT) else _floor(str(floor))

    async def work() -> float | None:
        async with accounts() as store:
            if floor is None:
                return (await store.tenant(tenant)).quality_floor
            await store.set_quality_floor(tenant, wanted)
            return wanted

    try:
        now = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo(f"{tenant}: {DEFAULT if now is None else f'{now:g}'}")


def _floor(text: str) -> float:
    try:
        floor = float(text)
    except ValueError:
        floor = -1.0
    if not 0 <= floor <= 1:
        raise _refuse(f"the floor must be from 0 to 1, or {DEFAULT}")
    return floor


@keys_app.command("create")
def create_key(
    tenant: TenantOption,
    environment: Environment = "live",
    capability: Annotated[
        list[str] | None,
        typer.Option(
            "--capability",
            help=f"{', '.join(CAPABILITIES)}; repeatable; default: all but keys:manage",
        ),
    ] = None,
    expires_in: Annotated[
        str | None, typer.Option(help="how long it works: 90s, 30m, 1h, 7d; default: for ever")
    ] = None,
) -> None:
    """Create an API key. Copy it now: it is shown only this once."""
    unknown = set(capability or ()) - set(CAPABILITIES)
    if unknown:
        raise _refuse(
            f"no such capability: {', '.join(sorted(unknown))}; there are {', '.join(CAPABILITIES)}"
        )
    name, life = _environment(environment), _length(expires_in) if expires_in else None

    async def work() -> tuple[str, str]:
        async with accounts() as store:
            asked = capability or USUAL_CAPABILITIES
            return await store.create_key(tenant, name, asked, expires_in=life)

    try:
        key_id, key = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo(f"key id {key_id}", err=True)
    typer.echo(key)


@keys_app.command("list")
def list_keys(
    tenant: Annotated[str | None, typer.Option("--tenant", help="only this tenant's")] = None,
) -> None:
    """List API keys, without their secrets: state, capabilities, when each was created, expires and
    was last used (UTC).
    """

    async def work() -> list[str]:
        async with accounts() as store:
            return [_line(dict(row)) for row in await store.keys(tenant)]

    for line in run(work):
        typer.echo(line)


def _line(row: Mapping[str, Any]) -> str:
    state = "revoked" if row["revoked_at"] else "expired" if row["expired"] else "active"
    times = " ".join(
        f"{name} {_at(row[f'{name}_at'])}" for name in ("created", "expires", "last_used")
    )
    follows = f" replaces {row['replaces']}" if row["replaces"] else ""
    return (
        f"{row['key_id']} {row['tenant_id']:<16} {row['environment']:<5} ...{row['last4']} "
        f"{state:<8} "
        f"{','.join(row['capabilities'])} {times}{follows}"
    )


def _at(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else "-"


@keys_app.command("rotate")
def rotate_key(
    key_id: KeyId,
    overlap: Annotated[
        str, typer.Option(help="how long the old key still works: 0s, 30m, 1h, 7d")
    ] = "1h",
) -> None:
    """Replace a key by a new one that may do the same. Copy the new key now: it is shown only this
    once. The old key stops working after the overlap.
    """
    length = _length(overlap)

    async def work() -> tuple[str, str, datetime]:
        async with accounts() as store:
            return await store.rotate_key(key_id, length)

    try:
        new_id, key, ends_at = run(work)
    except KeyEnded as error:
        raise _refuse(str(error)) from error
    typer.echo(f"key id {new_id}; {key_id} ends {_at(ends_at)}", err=True)
    typer.echo(key)


@keys_app.command("revoke")
def revoke_key(key_id: KeyId) -> None:
    """Revoke a key. Every API process refuses it within LOOKS_API_KEY_CACHE_TTL_S seconds."""

    async def work() -> bool:
        async with accounts() as store:
            return await store.revoke_key(key_id)

    if not run(work):
        raise _refuse("there is no such key that still works")
    typer.echo("revoked")


@credits_app.command("grant")
def grant(  # noqa: PLR0913 (the options of a command)
    tenant: TenantOption,
    amount: Annotated[int, typer.Option("--amount", min=1, max=10**12, help="credits")],
    reference: Annotated[
        str, typer.Option("--reference", help="your own id, such as a ticket; each is granted once")
    ],
    environment: Environment = "live",
    operator: Annotated[
        str | None,
        typer.Option(
            "--operator", help="who acts, for the record; default: the user of this machine"
        ),
    ] = None,
    why: Annotated[str, typer.Option("--why", help="the reason, kept with the action")] = "",
) -> None:
    """Give a tenant credits. The same reference is granted once, so a repeat is safe."""
    name = _environment(environment)
    actor = Actor(operator_name(operator), why=why)

    async def work() -> tuple[bool, int]:
        async with accounts() as store:
            fresh = await give(store, (tenant, name), amount, reference, actor)
            return fresh, await store.balance(tenant, name)

    try:
        fresh, balance = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    except GrantRefused as error:
        raise _refuse(str(error)) from error
    typer.echo(f"{'granted' if fresh else 'granted before'}; balance {balance}")


@credits_app.command("show")
def show(
    tenant: TenantOption,
    environment: Environment = "live",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="at most so many entries")] = 20,
) -> None:
    """Show a tenant's balance and its newest ledger entries."""
    name = _environment(environment)

    async def work() -> list[str]:
        async with accounts() as store:
            lines = [f"balance {await store.balance(tenant, name)}"]
            for entry in await store.statement(tenant, name, limit):
                at = f"{entry.created_at:%Y-%m-%d %H:%M:%S}"
                lines.append(
                    f"{entry.id:>8} {at} {entry.kind:<6} {entry.amount:>10} "
                    f"{entry.request_id or ''}"
                )
            return lines

    try:
        lines = run(work)
    except UnknownTenant as error:
        raise _refuse(f"there is no tenant {error}") from error
    typer.echo("\n".join(lines))
