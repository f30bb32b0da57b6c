"""What holds when topics that are read together have different partitions."""

from hypothesis import given
from hypothesis import strategies as st

from domain.copartitions import common, differing, in_step, number_of, ranges

COUNTS = st.dictionaries(
    st.sampled_from(["requested", "retry", "cancel", "progress"]), st.integers(1, 20), min_size=1
)
MEMBERS = st.lists(st.text("abc", min_size=1), min_size=1, max_size=6, unique=True).map(sorted)


@given(COUNTS, MEMBERS)
def test_every_number_of_every_topic_has_one_owner_and_what_all_have_is_shared_out_evenly(
    there: dict[str, int], members: list[str]
) -> None:
    owned = ranges(there, members)
    assert sorted(number for mine in owned.values() for number in mine) == list(
        range(max(there.values()))
    )
    shared = [sum(number < min(there.values()) for number in mine) for mine in owned.values()]
    assert max(shared) - min(shared) <= 1


@given(st.integers(0, 2**31), st.integers(12, 100))
def test_a_partition_added_by_hand_moves_no_key(hashed: int, there: int) -> None:
    assert number_of(hashed, there, 12) == number_of(hashed, 12, 12)


def test_only_what_every_topic_has_is_worked_on() -> None:
    declared = {"requested": 12, "cancel": 12}
    assert common({"requested": 13, "cancel": 12}) == 12
    assert common({"requested": 24, "cancel": 24}) == 24
    assert common({"requested": 12, "cancel": 6}) == 6
    assert differing({"requested": 13, "cancel": 12}, declared) == {"requested": (13, 12)}
    assert differing(declared, declared) == {}


def test_topics_are_in_step_while_they_have_what_is_declared_or_grew_together() -> None:
    declared = {"requested": 12, "cancel": 12, "refund": 4}
    assert in_step(declared, declared)
    assert in_step({"requested": 24, "cancel": 24, "refund": 16}, declared)
    assert not in_step({"requested": 13, "cancel": 12, "refund": 4}, declared)
    assert not in_step({"requested": 6, "cancel": 6, "refund": 2}, declared)
