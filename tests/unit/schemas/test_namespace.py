"""What Kafka and the bucket call what is ours, in a namespace and in none."""

import pytest

from schemas.access import PROCESSES, SUBSCRIBER, Resource, process_acls, role_acls
from schemas.namespace import AS_DECLARED, RESERVED, Namespace, belongs_to_pipeline
from schemas.topics import (
    COPARTITIONED,
    CREDIT_REFUND,
    LOOK_CANCEL,
    LOOK_QUARANTINE,
    PARTITIONS,
    TOPICS,
)

STAGING = Namespace("staging")


def test_without_a_namespace_everything_is_called_as_declared() -> None:
    assert AS_DECLARED.topics == TOPICS
    assert AS_DECLARED.group("looks.compositor") == "looks.compositor"
    assert AS_DECLARED.key("results/demo/x.webp") == "results/demo/x.webp"
    assert (AS_DECLARED.numbers, AS_DECLARED.declared) == (PARTITIONS, {t.name: t for t in TOPICS})


@pytest.mark.parametrize("names", [AS_DECLARED, STAGING])
def test_names_go_there_and_back(names: Namespace) -> None:
    for topic in TOPICS:
        assert names.declared_name(names.topic(topic.name)) == topic.name
        assert names.owns(names.topic(topic.name))
    assert names.declared_group(names.group("looks.webhooks.3")) == "looks.webhooks.3"


def test_a_namespace_begins_every_name_of_ours_and_no_other() -> None:
    assert [topic.name for topic in STAGING.topics] == [f"staging.{one.name}" for one in TOPICS]
    assert STAGING.group("looks.compositor.7") == "staging.looks.compositor.7"
    assert STAGING.key("cutouts/a") == "staging/cutouts/a"
    for name in ("team.copy", "orders"):
        assert STAGING.topic(name) == STAGING.declared_name(name) == name
        assert STAGING.group(name) == STAGING.declared_group(name) == name
    assert not STAGING.owns(TOPICS[0].name), "it is another installation's"
    assert not AS_DECLARED.owns("staging.look.requested")


def test_no_two_namespaces_share_a_name() -> None:
    several = (AS_DECLARED, STAGING, Namespace("staging-2"), Namespace("s"))
    for called in (
        [topic.name for names in several for topic in names.topics],
        [names.group("looks.compositor") for names in several],
        [names.key("results") for names in several],
    ):
        assert len(called) == len(set(called))


@pytest.mark.parametrize(
    "name", ["Staging", "stag_ing", "stag.ing", "2nd", "-a", "a-", "x" * 21, " ", *sorted(RESERVED)]
)
def test_a_name_that_could_be_mistaken_is_refused_and_the_setting_named(name: str) -> None:
    with pytest.raises(ValueError, match="LOOKS_NAMESPACE"):
        Namespace(name)


def test_partition_counts_are_as_set_and_keys_of_requests_have_one_number_everywhere() -> None:
    names = Namespace("a", 6, {LOOK_QUARANTINE.name: 2, CREDIT_REFUND.name: 3})
    counts = {topic.name: topic.partitions for topic in names.topics}
    assert counts == {
        names.topic(topic.name): {LOOK_QUARANTINE.name: 2, CREDIT_REFUND.name: 3}.get(topic.name, 6)
        for topic in TOPICS
    }
    assert (names.numbers, names.count(LOOK_QUARANTINE.name)) == (6, 2)
    assert names.declared[LOOK_QUARANTINE.name].partitions == 2
    assert Namespace("", 12, dict.fromkeys(COPARTITIONED, 24)).numbers == 24


@pytest.mark.parametrize(
    ("apart", "named"),
    [
        ({LOOK_CANCEL.name: 3}, LOOK_CANCEL.name),
        ({"look.nothing": 3}, "look.nothing"),
        ({LOOK_QUARANTINE.name: 0}, LOOK_QUARANTINE.name),
    ],
)
def test_counts_that_can_not_be_are_refused_and_topic_and_setting_named(
    apart: dict[str, int], named: str
) -> None:
    with pytest.raises(ValueError, match=f"LOOKS_KAFKA_TOPIC_PARTITIONS.*{named}"):
        Namespace("", 12, apart)


def test_users_of_a_namespace_may_touch_nothing_outside_of_it() -> None:
    allowed = process_acls(STAGING)
    assert sorted(allowed) == sorted(f"staging.looks.{access.name}" for access in PROCESSES)
    acls = [acl for of in allowed.values() for acl in of]
    assert {acl.resource for acl in acls} == set(Resource)
    assert all(acl.name.startswith("staging.") for acl in acls)
    team = role_acls(SUBSCRIBER, "team", STAGING)
    assert {acl.name for acl in team} == {
        "team.", *(f"staging.{topic.name}" for topic in SUBSCRIBER.reads)
    }  # fmt: skip


@pytest.mark.parametrize("name", ["look.completed", "staging.look.completed"])
def test_a_topic_of_any_installation_is_a_live_one(name: str) -> None:
    assert belongs_to_pipeline(name)
    assert not belongs_to_pipeline(f"{name}.copy")
    assert not belongs_to_pipeline("a.b.look.completed")
