import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.breaker import About, Breaker, BreakerLimit

LIMIT = BreakerLimit(window=20, min_faults=5, max_ratio=0.5)


def test_a_few_faults_among_many_decisions_do_not_trip() -> None:
    breaker = Breaker(LIMIT)
    for number in range(100):
        breaker.record(fault=number % 4 == 0)
    assert not breaker.tripped


def test_mostly_faults_trip_once_there_are_enough() -> None:
    breaker = Breaker(LIMIT)
    states = []
    for _ in range(5):
        breaker.record(fault=True)
        states.append(breaker.tripped)
    assert states == [False, False, False, False, True]


def suspected(breaker: Breaker, tenant: str, photo: object) -> None:
    breaker.record(fault=False, about=About(tenant, photo), suspect=True)


def fine(breaker: Breaker, tenant: str, photo: object) -> None:
    breaker.record(fault=False, about=About(tenant, photo))


@given(st.lists(st.integers(), max_size=300), st.integers(0, 4))
def test_one_tenants_photos_never_trip_it_however_many_and_whatever_a_few_others_do(
    photos: list[int], strays: int
) -> None:
    breaker = Breaker(BreakerLimit())
    for photo in photos:
        suspected(breaker, "odd", photo)
        assert not breaker.tripped
    for number in range(strays):
        suspected(breaker, f"stray-{number}", number)
        assert not breaker.tripped


def test_many_tenants_with_the_same_photo_each_a_hundred_times_do_not_trip_it_either() -> None:
    breaker = Breaker(BreakerLimit())
    for number in range(900):
        suspected(breaker, f"t{number % 9}", "the same")
        assert not breaker.tripped


@pytest.mark.parametrize("tenants", [2, 3, 10])
def test_a_fault_of_ours_that_every_photo_of_several_tenants_meets_trips_it(tenants: int) -> None:
    breaker = Breaker(BreakerLimit())
    for number in range(BreakerLimit().per_tenant * tenants):
        suspected(breaker, f"t{number % tenants}", number)
    assert breaker.tripped


def test_one_tenants_odd_photos_among_others_good_ones_do_not_trip_it_and_a_bad_release_does() -> (
    None
):
    breaker = Breaker(BreakerLimit())
    for number in range(2000):
        suspected(breaker, "odd", number)
        if number % 3 == 0:
            fine(breaker, f"good-{number % 4}", number)
        assert not breaker.tripped
    for number in range(40):
        suspected(breaker, f"good-{number % 4}", -number - 1)
    assert breaker.tripped


def test_a_photo_that_failed_and_then_was_made_counts_as_made() -> None:
    breaker = Breaker(BreakerLimit())
    for number in range(9):
        suspected(breaker, f"t{number}", number)
        fine(breaker, f"t{number}", number)
    for number in range(9):
        suspected(breaker, f"u{number}", number)
    assert not breaker.tripped


def test_exactly_the_share_that_trips_trips_and_less_does_not() -> None:
    breaker = Breaker(BreakerLimit(window=20, min_faults=2, max_ratio=0.5))
    for fault in (False, False, True, True):
        assert not breaker.tripped
        breaker.record(fault=fault)
    assert breaker.tripped
    breaker.record(fault=False)
    assert not breaker.tripped


def test_a_tenants_oldest_photo_gives_way_to_its_new_one() -> None:
    breaker = Breaker(BreakerLimit(min_faults=2, max_ratio=0.0, per_tenant=2))
    suspected(breaker, "odd", "first")
    fine(breaker, "odd", "second")
    fine(breaker, "odd", "third")
    suspected(breaker, "other", "fourth")
    assert not breaker.tripped
    suspected(breaker, "odd", "fifth")
    assert breaker.tripped
