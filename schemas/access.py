"""Who may do what on Kafka, declared once: a user for each process, and roles for people and other
teams.

`looks topics acls` makes it so on the brokers. A test holds each consumer's own declaration against
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.namespace import Namespace
from schemas.topics import (
    CREDIT_REFUND,
    IN_THE_LAKE,
    LOOK_CANCEL,
    LOOK_COMPLETED,
    LOOK_DEAD_LETTER,
    LOOK_FAILED,
    LOOK_PROGRESS,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    RETRY_TOPICS,
    TOPICS,
    Audience,
    Topic,
)


class Resource(StrEnum):
    """What an ACL is about."""

    TOPIC = "TOPIC"
    GROUP = "GROUP"
    TRANSACTIONAL_ID = "TRANSACTIONAL_ID"


class AllowedOperation(StrEnum):
    """What an ACL allows. To Kafka, reading and writing include describing."""

    READ = "READ"
    WRITE = "WRITE"
    DESCRIBE = "DESCRIBE"


ANY = "*"
"""The name of every resource of a kind."""


@dataclass(frozen=True, slots=True, order=True)
class Acl:
    """One permission of one user. `prefixed`: of every resource whose name begins so."""

    user: str
    resource: Resource
    name: str
    operation: AllowedOperation
    prefixed: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What one process, or whoever has one role, does on Kafka. What is not named here is
    refused.
    """

    name: str
    about: str
    reads: tuple[Topic, ...] = ()
    writes: tuple[Topic, ...] = ()
    describes: tuple[Topic, ...] = ()  # asks where a topic ends, and reads no record
    in_group: bool = False
    sees_groups: bool = False  # which groups there are and how far they have read
    transactional: bool = False

    def acls(self, user: str, names: Namespace, owner: str | None = None) -> frozenset[Acl]:
        """The ACLs of a user, as Kafka knows it, who may do this, and nothing more.

        `owner`: what its groups and transactional ids are named after, where it is not the user.
        """
        owner = owner or user
        found = [
            Acl(user, Resource.TOPIC, names.topic(topic.name), operation)
            for operation, topics in (
                (AllowedOperation.READ, self.reads),
                (AllowedOperation.WRITE, self.writes),
                (AllowedOperation.DESCRIBE, self.describes),
            )
            for topic in topics
        ]
        if self.in_group:
            found.append(Acl(user, Resource.GROUP, owner, AllowedOperation.READ))
        if self.sees_groups:
            found.append(Acl(user, Resource.GROUP, ANY, AllowedOperation.DESCRIBE))
        if self.transactional:
            found.append(
                Acl(
                    user,
                    Resource.TRANSACTIONAL_ID,
                    f"{owner}.",
                    AllowedOperation.WRITE,
                    prefixed=True,
                )
            )
        return frozenset(found)


def user_of(process: str) -> str:
    """A process's Kafka user: also the name of its group, and of its transactional ids before their
    last dot. In a namespace all three begin with it.
    """
    return f"looks.{process}"


def _consumer(
    name: str,
    about: str,
    reads: tuple[Topic, ...],
    writes: tuple[Topic, ...] = (),
    *,
    transactional: bool = False,
) -> Access:
    """Every consumer may quarantine what it can't handle, and see what it has there."""
    return Access(
        name,
        about,
        (*reads, LOOK_QUARANTINE),
        (*writes, LOOK_QUARANTINE),
        in_group=True,
        transactional=transactional,
    )


PROCESSES: tuple[Access, ...] = (
    Access("api", "takes requests; meets Kafka only through the outbox"),
    Access(
        "outbox_relay",
        "publishes what the API wrote to the outbox",
        writes=(LOOK_REQUESTED, LOOK_CANCEL),
    ),
    _consumer(
        "compositor",
        "composes looks and decides their outcome",
        (
            LOOK_REQUESTED,
            *RETRY_TOPICS,
            LOOK_CANCEL,
            LOOK_PROGRESS,
            LOOK_COMPLETED,
            LOOK_DEAD_LETTER,
        ),
        (LOOK_PROGRESS, LOOK_COMPLETED, *RETRY_TOPICS, LOOK_DEAD_LETTER),
        transactional=True,
    ),
    _consumer(
        "dead_letter",
        "publishes failures and the refunds they owe",
        (LOOK_DEAD_LETTER, LOOK_FAILED),
        (LOOK_FAILED, CREDIT_REFUND),
        transactional=True,
    ),
    _consumer("credit_ledger", "enters refunds in the ledger", (CREDIT_REFUND,)),
    _consumer(
        "status_projection",
        "keeps request_logs and job_events current",
        (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED),
    ),
    _consumer("webhooks", "tells tenants' endpoints of outcomes", (LOOK_COMPLETED, LOOK_FAILED)),
    _consumer(
        "lake_writer",
        "writes topics into Iceberg tables",
        IN_THE_LAKE,
    ),
    Access(
        "deadline_sweeper",
        "fails requests that got no outcome in time",
        writes=(LOOK_DEAD_LETTER,),
        describes=(LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED),
    ),
)

SUBSCRIBER = Access(
    "subscriber",
    "another team or an analyst: public topics, in groups whose names begin with the user's and a "
    "dot",
    reads=tuple(topic for topic in TOPICS if topic.audience is Audience.PUBLIC),
)
AUDITOR = Access(
    "auditor",
    "`looks audit`, `looks dlq list`, `looks topics lag`: reads everything",
    reads=TOPICS,
    sees_groups=True,
)
OPERATOR = Access(
    "operator",
    "`looks dlq redrive`: sends records back to where they came from, but refunds: they are the "
    "ledger's and `dead_letter`'s",
    reads=TOPICS,
    writes=(LOOK_REQUESTED, *RETRY_TOPICS, LOOK_CANCEL, LOOK_PROGRESS, LOOK_DEAD_LETTER),
    sees_groups=True,
)
ROLES: dict[str, Access] = {role.name: role for role in (SUBSCRIBER, AUDITOR, OPERATOR)}


class PrincipalsDiffer(ValueError):
    """Principals that can't be: of no process, or one for two processes."""


def process_acls(
    names: Namespace, principals: Mapping[str, str] | None = None
) -> dict[str, frozenset[Acl]]:
    """Those of every process's user, by user as Kafka knows it: `principals` has them by process,
    where the user is not named after it. Raises PrincipalsDiffer.
    """
    told = principals or {}
    if strangers := told.keys() - {access.name for access in PROCESSES}:
        raise PrincipalsDiffer(f"there is no process {', '.join(sorted(strangers))}")
    owners = {access.name: names.group(user_of(access.name)) for access in PROCESSES}
    found = {
        told.get(access.name, owners[access.name]): access.acls(
            told.get(access.name, owners[access.name]), names, owners[access.name]
        )
        for access in PROCESSES
    }
    if len(found) < len(PROCESSES):
        raise PrincipalsDiffer("two processes have one principal: give each its own")
    return found


def role_acls(role: Access, user: str, names: Namespace) -> frozenset[Acl]:
    """Those of a user in a role. Subscribers name their groups themselves, below their own name."""
    own_groups = (
        {Acl(user, Resource.GROUP, f"{user}.", AllowedOperation.READ, prefixed=True)}
        if role is SUBSCRIBER
        else set()
    )
    return role.acls(user, names) | own_groups
