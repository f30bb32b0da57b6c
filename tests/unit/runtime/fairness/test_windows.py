"""Arrivals, ends, cancels and second readings in any order: each record is given out once, in
order, few at a time.
"""

from collections import defaultdict

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.fairness.windows import DeferredOffset, Windows

SIZE = 4
TENANTS = st.sampled_from("abc")
TOPICS = st.sampled_from(["first", "retry"])


def test_a_burst_is_deferred_and_another_tenants_record_is_not() -> None:
    windows = Windows(SIZE)
    taken = [
        windows.arrive(DeferredOffset("first", offset), "big", offset) for offset in range(10_000)
    ]
    assert taken.count(True) == SIZE
    assert windows.arrive(DeferredOffset("first", 10_000), "small", 0)
    assert len(windows) == 10_000 - SIZE


def test_nothing_is_wanted_until_half_of_the_window_is_free() -> None:
    windows = Windows(SIZE)
    for offset in range(10):
        windows.arrive(DeferredOffset("first", offset), "a", offset)
    windows.leave("first", "a")
    assert windows.wanted() is None
    windows.leave("first", "a")
    assert windows.wanted() == DeferredOffset("first", SIZE)
    assert [windows.claim(DeferredOffset("first", offset)) for offset in range(3, 8)] == [
        None,
        "a",
        "a",
        None,
        None,
    ]
    assert windows.wanted() is None


def test_a_hastened_record_is_wanted_first_though_the_window_is_full() -> None:
    windows = Windows(SIZE)
    for offset in range(10):
        windows.arrive(DeferredOffset("first", offset), "a", offset)
    windows.prioritize("a", 7)
    windows.prioritize("b", 8)
    assert windows.wanted() == DeferredOffset("first", 7)
    assert windows.claim(DeferredOffset("first", 7)) == "a"
    assert windows.claim(DeferredOffset("first", 7)) is None
    assert windows.wanted() is None


def test_hungry_tenants_are_read_for_in_turn() -> None:
    windows = Windows(2)
    for offset in range(0, 20, 2):
        windows.arrive(DeferredOffset("first", offset), "a", offset)
        windows.arrive(DeferredOffset("first", offset + 1), "b", offset)
    windows.leave("first", "a")
    windows.leave("first", "b")
    assert [windows.wanted() for _ in range(4)] == [
        DeferredOffset("first", 4),
        DeferredOffset("first", 5),
        DeferredOffset("first", 4),
        DeferredOffset("first", 5),
    ]


class Queue(RuleBasedStateMachine):
    """A partition number with tenants who queue, and a reader who reads any stretch of it again,
    asked or not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.windows = Windows(SIZE)
        self.log: dict[str, list[str]] = defaultdict(list)  # topic -> tenant by offset
        self.at_work: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.given: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.prioritized: set[DeferredOffset] = set()

    @rule(topic=TOPICS, tenant=TENANTS, count=st.integers(1, 12))
    def records_arrive(self, topic: str, tenant: str, count: int) -> None:
        for _ in range(count):
            offset = len(self.log[topic])
            self.log[topic].append(tenant)
            if self.windows.arrive(DeferredOffset(topic, offset), tenant, self.mark(topic, offset)):
                self.begin(DeferredOffset(topic, offset), tenant)

    @rule(topic=TOPICS, tenant=TENANTS, data=st.data())
    def work_ends(self, topic: str, tenant: str, data: st.DataObject) -> None:
        if self.at_work[topic, tenant]:
            self.at_work[topic, tenant].remove(
                data.draw(st.sampled_from(self.at_work[topic, tenant]))
            )
            self.windows.leave(topic, tenant)

    @rule(topic=TOPICS, tenant=TENANTS, data=st.data())
    def a_request_is_cancelled(self, topic: str, tenant: str, data: st.DataObject) -> None:
        offsets = [offset for offset, whose in enumerate(self.log[topic]) if whose == tenant]
        if offsets:
            offset = data.draw(st.sampled_from(offsets))
            self.windows.prioritize(tenant, self.mark(topic, offset))
            if offset not in self.given[topic, tenant]:
                self.prioritized.add(DeferredOffset(topic, offset))

    @precondition(lambda self: len(self.windows) > 0)
    @rule(count=st.integers(1, 30))
    def what_is_wanted_is_read_again(self, count: int) -> None:
        place = self.windows.wanted()
        if place is not None:
            assert place.offset not in self.given[place.topic, self.log[place.topic][place.offset]]
            before = len(self.windows)
            self.read(place.topic, place.offset, count)
            assert len(self.windows) < before, "what is wanted is taken when it is read"

    @rule(topic=TOPICS, first=st.integers(0, 40), count=st.integers(1, 30))
    def what_nobody_wants_is_read_again(self, topic: str, first: int, count: int) -> None:
        self.read(topic, first, count)

    def read(self, topic: str, first: int, count: int) -> None:
        for offset in range(first, min(first + count, len(self.log[topic]))):
            tenant = self.windows.claim(DeferredOffset(topic, offset))
            if tenant is not None:
                assert tenant == self.log[topic][offset]
                self.begin(DeferredOffset(topic, offset), tenant)

    def begin(self, place: DeferredOffset, tenant: str) -> None:
        given = self.given[place.topic, tenant]
        assert place.offset not in given, "given out twice"
        self.at_work[place.topic, tenant].append(place.offset)
        if place in self.prioritized:
            self.prioritized.remove(place)
        else:
            earlier = [
                offset for offset in range(place.offset) if self.log[place.topic][offset] == tenant
            ]
            waiting = [
                offset
                for offset in earlier
                if offset not in given
                and DeferredOffset(place.topic, offset) not in self.prioritized
            ]
            assert waiting == [], "one that came earlier still waits"
            assert len(self.at_work[place.topic, tenant]) <= SIZE
        given.append(place.offset)

    @staticmethod
    def mark(topic: str, offset: int) -> int:
        return offset * 2 + (topic == "retry")

    @invariant()
    def nobody_is_forgotten(self) -> None:
        arrived = sum(len(records) for records in self.log.values())
        assert arrived == sum(len(given) for given in self.given.values()) + len(self.windows)

    def teardown(self) -> None:
        """When all work ends again and again, everything is given out in the end."""
        while len(self.windows):
            for (topic, tenant), at_work in self.at_work.items():
                for _ in at_work:
                    self.windows.leave(topic, tenant)
                at_work.clear()
            place = self.windows.wanted()
            assert place is not None, "deferred, and never to be read again"
            self.read(place.topic, place.offset, 5)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


@given(st.integers(1, 50), st.integers(2_000, 4_000))
@settings(max_examples=10, deadline=None)
def test_a_long_line_is_given_out_whole_and_in_order(size: int, count: int) -> None:
    windows = Windows(size)
    served = [
        offset
        for offset in range(count)
        if windows.arrive(DeferredOffset("first", offset), "a", offset)
    ]
    at_work = len(served)
    while (place := windows.wanted()) is not None or at_work:
        for _ in range(at_work if place is None else 0):
            windows.leave("first", "a")
            at_work -= 1
        offset = place.offset if place is not None else count
        while offset < count and windows.claim(DeferredOffset("first", offset)) is not None:
            served.append(offset)
            at_work += 1
            offset += 1
    assert served == list(range(count))
