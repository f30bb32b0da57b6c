"""What the simulated Kafka promises, which is what the real one does."""

from collections.abc import Callable

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import (
    IllegalGenerationError,
    ProducerFenced,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from chaos.simulation.broker import Broker, Message

PLACE = TopicPartition("t", 0)
MESSAGE = Message("t", 0, b"k", b"v", ())


@pytest.fixture
def broker() -> Broker:
    return Broker({"t": 2}, lambda: 1000)


def seen(broker: Broker, *, committed_only: bool = True) -> list[int]:
    """The offsets that a reader is given."""
    records, _ = broker.readable(PLACE, 0, committed_only=committed_only, most=100)
    return [record.offset for record in records]


def test_a_transaction_is_seen_when_its_markers_are_written(broker: Broker) -> None:
    late: list[Callable[[], None]] = []
    broker.markers = late.append
    _, epoch = broker.begin_producer("id", 10.0)
    broker.write("id", epoch, MESSAGE, 0.0)
    broker.write_offsets("id", epoch, "g", {PLACE: 7}, 0.0)
    broker.append(MESSAGE)  # of somebody else, behind the open transaction
    assert (seen(broker), seen(broker, committed_only=False)) == ([], [0, 1])
    broker.end_transaction("id", epoch, commit=True)
    assert seen(broker) == []
    for write in late:
        write()
    assert seen(broker) == [0, 1]
    assert broker.group("g").committed == {PLACE: 7}
    assert broker.logs[PLACE].end == 3  # the marker has an offset too


def test_what_was_aborted_is_passed_over(broker: Broker) -> None:
    _, epoch = broker.begin_producer("id", 10.0)
    broker.write("id", epoch, MESSAGE, 0.0)
    broker.write_offsets("id", epoch, "g", {PLACE: 7}, 0.0)
    broker.end_transaction("id", epoch, commit=False)
    broker.append(MESSAGE)
    assert seen(broker) == [2]
    assert broker.group("g").committed == {}


def test_a_new_owner_fences_the_one_before_and_aborts_what_it_left_open(broker: Broker) -> None:
    _, old = broker.begin_producer("id", 10.0)
    broker.write("id", old, MESSAGE, 0.0)
    _, new = broker.begin_producer("id", 10.0)
    for late in (
        lambda: broker.write("id", old, MESSAGE, 1.0),
        lambda: broker.end_transaction("id", old, commit=True),
        lambda: broker.write_offsets("id", old, "g", {PLACE: 1}, 1.0),
    ):
        with pytest.raises(ProducerFenced):
            late()
    broker.write("id", new, MESSAGE, 1.0)
    broker.end_transaction("id", new, commit=True)
    assert seen(broker) == [2]


def test_a_new_owner_finds_what_was_decided_before_it_complete(broker: Broker) -> None:
    broker.markers = lambda _: None  # never by themselves
    _, old = broker.begin_producer("id", 10.0)
    broker.write("id", old, MESSAGE, 0.0)
    broker.write_offsets("id", old, "g", {PLACE: 1}, 0.0)
    broker.end_transaction("id", old, commit=True)
    assert seen(broker) == []
    broker.begin_producer("id", 10.0)
    assert seen(broker) == [0]
    assert broker.group("g").committed == {PLACE: 1}


def test_a_transaction_that_lasts_too_long_is_aborted_and_its_owner_fenced(broker: Broker) -> None:
    _, epoch = broker.begin_producer("id", 10.0)
    broker.write("id", epoch, MESSAGE, 0.0)
    assert broker.abort_late(9.0) == 0
    assert broker.abort_late(11.0) == 1
    with pytest.raises(ProducerFenced):
        broker.end_transaction("id", epoch, commit=True)
    assert seen(broker) == []


def test_a_group_shares_numbers_when_all_have_joined_and_forgets_the_silent(
    broker: Broker,
) -> None:
    group, told = broker.group("g"), dict[str, tuple[int, frozenset[TopicPartition]]]()

    def join(name: str, now_s: float) -> None:
        def joined(generation: int, mine: frozenset[TopicPartition]) -> None:
            told[name] = (generation, mine)

        group.join(name, ("t",), now_s, joined)

    join("a", 0.0)
    group.tend(0.0, session_timeout_s=3.0)
    assert told["a"] == (1, frozenset({TopicPartition("t", 0), TopicPartition("t", 1)}))
    join("b", 1.0)
    with pytest.raises(RebalanceInProgressError):
        group.heartbeat("a", 1, 1.0)
    group.commit("a", 1, {PLACE: 3}, 1.0)  # until it joins anew, what it has is its own
    group.tend(2.0, session_timeout_s=3.0)
    assert "b" not in told
    group.tend(4.5, session_timeout_s=3.0)  # a has said nothing for longer
    assert len(told["b"][1]) == 2
    with pytest.raises(UnknownMemberIdError):
        group.heartbeat("a", 1, 5.0)
    with pytest.raises(UnknownMemberIdError):
        group.commit("a", 1, {PLACE: 9}, 5.0)
    with pytest.raises(IllegalGenerationError):
        group.commit("b", 1, {PLACE: 9}, 5.0)
    assert group.committed == {PLACE: 3}
