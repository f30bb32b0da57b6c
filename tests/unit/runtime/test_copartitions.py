"""Members of a group and the sizes of topics: one owner for all that concerns a key, whatever
somebody added.
"""

import pytest
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberMetadata
from aiokafka.errors import UnknownTopicOrPartitionError

from runtime import metrics
from runtime.copartitions import Copartitions, NumberAssignor
from runtime.declaration import Declaration
from runtime.placing import partition_of, placed
from runtime.process import Process
from runtime.settings import ProcessSettings
from schemas.ids import new_request_id
from schemas.namespace import AS_DECLARED
from schemas.topics import LOOK_CANCEL, LOOK_PROGRESS, LOOK_REQUESTED

DECLARED = Declaration(
    name="test", topics=(LOOK_REQUESTED, LOOK_CANCEL), about="a test", history=(LOOK_PROGRESS,)
)


class Cluster:
    """Knows topics' sizes, as aiokafka's metadata and its client do."""

    def __init__(self, **sizes: int) -> None:
        self.sizes = {name.replace("_", "."): size for name, size in sizes.items()}
        self.cluster, self.asked = self, set[str]()

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self.sizes[topic])) if topic in self.sizes else None

    def add_topic(self, topic: str) -> None:
        self.asked.add(topic)

    async def force_metadata_update(self) -> None:
        assert self.asked == {topic.name for topic in (*DECLARED.topics, *DECLARED.history)}


def members(**topics: tuple[str, ...]) -> dict[str, ConsumerProtocolMemberMetadata]:
    return {name: NumberAssignor.metadata(of) for name, of in topics.items()}


def assigned(
    cluster: Cluster, group: dict[str, ConsumerProtocolMemberMetadata]
) -> dict[str, dict[str, list[int]]]:
    return {
        member: dict(given.assignment)
        for member, given in NumberAssignor.assign(cluster, group).items()
    }


BOTH = ("look.requested", "look.cancel")


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12, 14])
def test_topics_of_one_size_are_assigned_as_kafkas_own_assignor_does(count: int) -> None:
    cluster, group = (
        Cluster(look_requested=12, look_cancel=12),
        members(**{f"m{number:02}": BOTH for number in range(count)}),
    )
    kafkas = {
        member: dict(given.assignment)
        for member, given in RangePartitionAssignor.assign(cluster, group).items()
    }
    assert assigned(cluster, group) == {
        member: {topic: kafkas[member].get(topic, []) for topic in BOTH} for member in group
    }


def test_a_partition_more_gives_no_number_two_owners() -> None:
    owned = assigned(Cluster(look_requested=13, look_cancel=12), members(a=BOTH, b=BOTH))
    assert owned == {
        "a": {"look.requested": [0, 1, 2, 3, 4, 5], "look.cancel": [0, 1, 2, 3, 4, 5]},
        "b": {"look.requested": [6, 7, 8, 9, 10, 11, 12], "look.cancel": [6, 7, 8, 9, 10, 11]},
    }


def test_a_member_is_given_nothing_that_it_does_not_read() -> None:
    owned = assigned(
        Cluster(look_requested=4, look_cancel=4), members(old=("look.requested",), new=BOTH)
    )
    assert owned["old"].keys() == {"look.requested"}
    assert sorted(owned["old"]["look.requested"] + owned["new"]["look.requested"]) == [0, 1, 2, 3]
    assert owned["new"]["look.cancel"] == [0, 1, 2, 3]


def test_a_key_has_the_same_partition_in_a_topic_that_somebody_enlarged() -> None:
    for _ in range(100):
        key = new_request_id()
        for size in (12, 13, 24):
            assert placed(key.encode(), range(size), range(size), declared=12) == partition_of(
                key, 12
            )
    assert placed(None, range(13), [4], declared=12) == 4


async def test_topics_that_grow_one_after_another_are_worked_on_as_soon_as_all_have() -> None:
    process, cluster = (
        Process("test", ProcessSettings()),
        Cluster(look_requested=12, look_cancel=12, look_progress=12),
    )
    told: list[int] = []
    found = Copartitions(
        process, DECLARED, cluster, AS_DECLARED, more=lambda: told.append(found.numbers)
    )
    await found.start()
    for topic, ready in (
        ("look.progress", False),
        ("look.cancel", False),
        ("look.requested", True),
    ):
        cluster.sizes[topic] = 24
        await found.look()
        assert process.ready == ready
    assert (told, found.usable(range(30))) == ([24], list(range(24)))
    # Until settings say so too, it is measured
    assert metrics.PARTITIONS_DIFFER.labels("test", "look.cancel")._value.get() == 12
    found.stop()


async def test_a_process_is_ready_only_while_its_topics_are_as_declared() -> None:
    process, cluster = (
        Process("test", ProcessSettings()),
        Cluster(look_requested=12, look_cancel=12, look_progress=12),
    )
    found = Copartitions(process, DECLARED, cluster, AS_DECLARED)
    await found.start()
    assert process.ready
    for topic, size in (("look.requested", 13), ("look.progress", 24)):
        cluster.sizes[topic] = size
        await found.look()
        assert (process.ready, found.usable(range(30))) == (False, list(range(12)))
        assert metrics.PARTITIONS_DIFFER.labels("test", topic)._value.get() == size - 12
        cluster.sizes[topic] = 12
        await found.look()
        assert process.ready
        assert metrics.PARTITIONS_DIFFER.labels("test", topic)._value.get() == 0
    cluster.sizes["look.cancel"] = 6
    await found.look()
    assert (process.ready, found.usable([3, 5, 5, 6])) == (False, [3, 5])
    found.stop()
    cluster.sizes["look.cancel"] = 12
    await found.look()
    assert not process.ready, "its session is over"
    del cluster.sizes["look.cancel"]
    with pytest.raises(UnknownTopicOrPartitionError):
        await found.look()
