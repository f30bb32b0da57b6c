"""Rights on Kafka: each consumer's own declaration and the declared rights say the same, and only
few may write money.
"""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from consumers import credit_ledger, dead_letter, status_projection
from consumers.compositor.handler import declaration
from consumers.lake_writer import application as lake_writer
from consumers.webhooks import handler as webhooks
from devstack.processes import MODULES
from producers.deadline_sweeper import OUTCOME_TOPICS
from runtime.declaration import Declaration
from schemas.access import (
    AUDITOR,
    OPERATOR,
    PROCESSES,
    SUBSCRIBER,
    Access,
    Acl,
    AllowedOperation,
    PrincipalsDiffer,
    Resource,
    process_acls,
    role_acls,
    user_of,
)
from schemas.namespace import AS_DECLARED
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    Topic,
)

DECLARED = (
    declaration(60),
    dead_letter.DECLARATION,
    credit_ledger.DECLARATION,
    status_projection.DECLARATION,
    webhooks.DECLARATION,
    lake_writer.DECLARATION,
)
BY_NAME = {access.name: access for access in PROCESSES}


def names(topics: Iterable[Topic]) -> set[str]:
    return {topic.name for topic in topics}


def writers(topic: Topic) -> set[str]:
    return {access.name for access in PROCESSES if topic in access.writes}


def test_every_process_has_rights_and_nobody_else() -> None:
    assert {access.name for access in PROCESSES} == set(MODULES)


def test_every_process_that_is_in_a_group_declares_itself_here() -> None:
    assert {access.name for access in PROCESSES if access.in_group} == {
        declared.name for declared in DECLARED
    }


@pytest.mark.parametrize("declared", DECLARED, ids=lambda declared: declared.name)
def test_a_consumer_may_read_what_it_subscribes_to_and_restores_from_and_its_quarantine_alone(
    declared: Declaration,
) -> None:
    access = BY_NAME[declared.name]
    own = (*declared.topics, *declared.history, LOOK_QUARANTINE)
    assert names(access.reads) == names(own)
    assert LOOK_QUARANTINE in access.writes
    assert declared.group == user_of(declared.name)


def test_the_sweeper_asks_where_topics_end_and_reads_none() -> None:
    sweeper = BY_NAME["deadline_sweeper"]
    assert (sweeper.reads, names(sweeper.describes)) == ((), names(OUTCOME_TOPICS))


@pytest.mark.hostile(row=7)
@pytest.mark.parametrize(
    ("topic", "process"),
    [
        (LOOK_REQUESTED, "outbox_relay"),
        (CREDIT_REFUND, "dead_letter"),
        (LOOK_FAILED, "dead_letter"),
        (LOOK_COMPLETED, "compositor"),
    ],
)
def test_one_process_alone_writes_a_request_an_outcome_or_a_refund(
    topic: Topic, process: str
) -> None:
    assert writers(topic) == {process}


def test_an_operator_sends_no_outcome_and_no_refund() -> None:
    assert (
        names(OPERATOR.writes)
        & {"look.completed", "look.failed", "look.quarantine", "credit.refund"}
        == set()
    )


def test_the_api_can_do_nothing_on_kafka() -> None:
    assert BY_NAME["api"].acls("looks.api", AS_DECLARED) == frozenset()


def test_a_subscriber_reads_public_topics_in_groups_below_its_name() -> None:
    assert role_acls(SUBSCRIBER, "team", AS_DECLARED) == {
        Acl("team", Resource.TOPIC, "look.completed", AllowedOperation.READ),
        Acl("team", Resource.TOPIC, "look.failed", AllowedOperation.READ),
        Acl("team", Resource.GROUP, "team.", AllowedOperation.READ, prefixed=True),
    }


def test_an_auditor_writes_nothing() -> None:
    allowed = role_acls(AUDITOR, "auditor", AS_DECLARED)
    assert {acl.operation for acl in allowed if acl.resource is Resource.TOPIC} == {
        AllowedOperation.READ
    }
    assert allowed - {acl for acl in allowed if acl.resource is Resource.TOPIC} == {
        Acl("auditor", Resource.GROUP, "*", AllowedOperation.DESCRIBE)
    }


def test_rights_become_one_acl_each() -> None:
    access = Access(
        "x",
        "",
        reads=(LOOK_FAILED,),
        writes=(LOOK_FAILED,),
        describes=(),
        in_group=True,
        transactional=True,
    )
    assert access.acls("looks.x", AS_DECLARED) == {
        Acl("looks.x", Resource.TOPIC, "look.failed", AllowedOperation.READ),
        Acl("looks.x", Resource.TOPIC, "look.failed", AllowedOperation.WRITE),
        Acl("looks.x", Resource.GROUP, "looks.x", AllowedOperation.READ),
        Acl(
            "looks.x", Resource.TRANSACTIONAL_ID, "looks.x.", AllowedOperation.WRITE, prefixed=True
        ),
    }


def test_a_principal_of_another_name_has_the_same_rights_in_the_same_group() -> None:
    told = process_acls(AS_DECLARED, {"compositor": "CN=composes,O=Looks"})["CN=composes,O=Looks"]
    usual = process_acls(AS_DECLARED)["looks.compositor"]
    assert {acl.user for acl in told} == {"CN=composes,O=Looks"}
    assert {replace(acl, user="looks.compositor") for acl in told} == usual


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"compositer": "sa-1"}, "no process compositer"),
        ({"compositor": "sa-1", "dead_letter": "sa-1"}, "two processes have one principal"),
    ],
)
def test_principals_that_can_not_be_are_refused(told: dict[str, str], message: str) -> None:
    with pytest.raises(PrincipalsDiffer, match=message):
        process_acls(AS_DECLARED, told)
