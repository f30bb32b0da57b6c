"""What `looks topics apply` changes of a topic that is there, and what it leaves alone."""

from dataclasses import replace

import pytest

from domain.topic_settings import Change, TopicStanding, changes, declared, lowered
from schemas.topics import LOOK_REQUESTED

AS_DECLARED = TopicStanding(
    12, 3, declared(LOOK_REQUESTED, 3), frozenset(declared(LOOK_REQUESTED, 3))
)


def having(**values: str) -> TopicStanding:
    named = {name.replace("_", "."): value for name, value in values.items()}
    return replace(
        AS_DECLARED, values={**AS_DECLARED.values, **named}, own=AS_DECLARED.own | set(named)
    )


def test_a_topic_that_is_as_declared_is_not_touched() -> None:
    assert changes(LOOK_REQUESTED, AS_DECLARED) == []


def test_a_setting_that_is_declared_nowhere_is_left_as_it_is() -> None:
    foreign = having(segment_ms="3600000", min_cleanable_dirty_ratio="0.1")
    assert changes(LOOK_REQUESTED, foreign) == []
    one_copy = replace(having(min_insync_replicas="2"), replicas=1)
    assert (changes(LOOK_REQUESTED, one_copy), lowered(LOOK_REQUESTED, one_copy)) == ([], [])


def test_what_differs_is_set_and_named_with_what_it_was() -> None:
    assert changes(LOOK_REQUESTED, having(retention_ms="1000")) == [
        Change("look.requested", "retention.ms", "1000", str(LOOK_REQUESTED.retention_ms))
    ]


def test_a_declared_value_that_is_only_the_brokers_default_is_made_the_topics_own() -> None:
    inherited = replace(AS_DECLARED, own=AS_DECLARED.own - {"cleanup.policy"})
    assert [change.name for change in changes(LOOK_REQUESTED, inherited)] == ["cleanup.policy"]


@pytest.mark.parametrize("now", ["3", "10"])
def test_min_insync_replicas_is_never_lowered(now: str) -> None:
    strict = having(min_insync_replicas=now)
    assert changes(LOOK_REQUESTED, strict) == []
    (line,) = lowered(LOOK_REQUESTED, strict)
    assert f"min.insync.replicas is {now} and is not lowered to the declared 2" in line


def test_min_insync_replicas_that_somebody_removed_comes_back_where_there_are_three_copies() -> (
    None
):
    without = replace(
        having(min_insync_replicas="1"), own=AS_DECLARED.own - {"min.insync.replicas"}
    )
    assert [str(change) for change in changes(LOOK_REQUESTED, without)] == [
        "look.requested: min.insync.replicas 1 -> 2"
    ]
