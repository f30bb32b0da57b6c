"""ACLs and passwords of Kafka's users, as declared in `schemas.access`. Blocks; for the command
line and start-up.

aiokafka's admin client can't do this; confluent-kafka's does.
"""

import concurrent.futures
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from runtime.connection import for_confluent
from runtime.settings import KafkaSettings, SaslMechanism
from schemas.access import Acl

T = TypeVar("T")

TIMEOUT_S = 20.0
SCRAM_ITERATIONS = 8192
_MECHANISMS = {
    SaslMechanism.SCRAM_SHA_512: ScramMechanism.SCRAM_SHA_512,
    SaslMechanism.SCRAM_SHA_256: ScramMechanism.SCRAM_SHA_256,
}


class AclsRefused(Exception):
    """The brokers did not do as asked: not reached, not allowed, or no authorizer is configured.
    The message says which.
    """


@dataclass(frozen=True, slots=True)
class Applied:
    """What was done, and what was found of the same users beside what is declared."""

    created: tuple[Acl, ...]
    undeclared: tuple[str, ...]


def apply(settings: KafkaSettings, wanted: Mapping[str, Iterable[Acl]]) -> Applied:
    """Create the ACLs that these users should have and lack; safe to repeat. Raises AclsRefused.

    Nothing is ever removed: what else they may do is named, also of a user who should have no ACL
    at all.
    """
    declared = {_binding(acl): acl for acls in wanted.values() for acl in acls}
    users = {f"User:{user}" for user in wanted}
    client = AdminClient(for_confluent(settings))
    present = {binding for binding in _present(client) if binding.principal in users}
    missing = sorted(declared.keys() - present, key=lambda binding: declared[binding])
    if missing:
        for done in client.create_acls(missing, request_timeout=TIMEOUT_S).values():
            _wait(done)
    undeclared = sorted(_words(binding) for binding in present - declared.keys())
    return Applied(tuple(declared[binding] for binding in missing), tuple(undeclared))


def set_password(settings: KafkaSettings, user: str, password: str) -> None:
    """Give a user this password, new or instead of the older one. Only its salted hash travels.
    Raises AclsRefused.
    """
    set_passwords(AdminClient(for_confluent(settings)), {user: password}, settings.sasl_mechanism)


def set_passwords(client: AdminClient, passwords: dict[str, str], mechanism: SaslMechanism) -> None:
    """`set_password` for several users, as whoever the client is. Raises AclsRefused."""
    if mechanism not in _MECHANISMS:
        raise AclsRefused(
            f"Kafka itself keeps no passwords for {mechanism}: its configuration says"
        )
    info = ScramCredentialInfo(_MECHANISMS[mechanism], SCRAM_ITERATIONS)
    changes = [
        UserScramCredentialUpsertion(user, info, password.encode())
        for user, password in passwords.items()
    ]
    for done in client.alter_user_scram_credentials(changes, request_timeout=TIMEOUT_S).values():  # type: ignore[arg-type]  # a list of subclasses
        _wait(done)


def _binding(acl: Acl) -> AclBinding:
    return AclBinding(
        ResourceType[acl.resource],
        acl.name,
        ResourcePatternType.PREFIXED if acl.prefixed else ResourcePatternType.LITERAL,
        f"User:{acl.user}",
        "*",
        AclOperation[acl.operation],
        AclPermissionType.ALLOW,
    )


def _present(client: AdminClient) -> list[AclBinding]:
    anything = AclBindingFilter(
        ResourceType.ANY,
        None,  # type: ignore[arg-type]  # None matches any, as documented
        ResourcePatternType.ANY,
        None,  # type: ignore[arg-type]  # None matches any, as documented
        None,  # type: ignore[arg-type]  # None matches any, as documented
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return list(_wait(client.describe_acls(anything, request_timeout=TIMEOUT_S)))


def _wait(done: "concurrent.futures.Future[T]") -> T:
    try:
        return done.result(TIMEOUT_S * 2)
    except (KafkaException, concurrent.futures.TimeoutError) as error:
        raise AclsRefused(str(error)) from error


def _words(binding: AclBinding) -> str:
    pattern = "*" if binding.resource_pattern_type is ResourcePatternType.PREFIXED else ""
    permission, operation, resource = (
        str(part).rpartition(".")[2]
        for part in (binding.permission_type, binding.operation, binding.restype)
    )
    return f"{binding.principal} {permission} {operation} {resource} {binding.name}{pattern}"
