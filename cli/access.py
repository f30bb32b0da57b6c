"""`looks topics acls, grant, password`: who may do what on Kafka."""

from collections.abc import Iterable, Mapping
from typing import Annotated

import typer

from cli.settings import secret
from runtime import acls as broker
from runtime.settings import KafkaSettings
from schemas.access import ROLES, Acl, PrincipalsDiffer, process_acls, role_acls

KafkaUser = Annotated[str, typer.Argument(help="the user's name on Kafka")]


def acls() -> None:
    """Give each process's Kafka user the rights that it needs. It removes nothing; it lists rights
    that should not be there. Safe to repeat. Exit 1: a user has more rights than declared, or a
    broker refused.
    """
    settings = KafkaSettings()
    try:
        wanted = process_acls(settings.names, settings.principals)
    except PrincipalsDiffer as error:
        raise _refused(ValueError(f"LOOKS_KAFKA_PRINCIPALS: {error}")) from error
    if undeclared := _allow(wanted):
        for line in undeclared:
            typer.secho(f"not declared: {line}", fg="red", err=True)
        raise typer.Exit(1)


def grant(
    role: Annotated[str, typer.Argument(help="subscriber, auditor or operator")],
    user: KafkaUser,
) -> None:
    """Give a Kafka user the rights of a role: subscriber, auditor or operator."""
    if role not in ROLES:
        typer.secho(f"there is no role {role}; there are {', '.join(ROLES)}", fg="red", err=True)
        raise typer.Exit(1)
    _allow({user: role_acls(ROLES[role], user, KafkaSettings().names)})


def password(user: KafkaUser) -> None:
    """Set a Kafka user's password, read from standard input. The old password stops working at
    once.
    """
    try:
        broker.set_password(KafkaSettings(), user, secret("password"))
    except broker.AclsRefused as error:
        raise _refused(error) from error
    typer.echo(f"{user} has a new password")


def _allow(wanted: Mapping[str, Iterable[Acl]]) -> tuple[str, ...]:
    """Returns what these users may do beside it."""
    try:
        applied = broker.apply(KafkaSettings(), wanted)
    except broker.AclsRefused as error:
        raise _refused(error) from error
    for acl in applied.created:
        typer.echo(
            f"created {acl.user} {acl.operation} {acl.resource} "
            f"{acl.name}{'*' if acl.prefixed else ''}"
        )
    if not applied.created:
        typer.echo("up to date")
    return applied.undeclared


def _refused(error: Exception) -> typer.Exit:
    typer.secho(str(error), fg="red", err=True)
    return typer.Exit(1)
