"""The same seed gives the same campaign; every fault names something that is there."""

import pytest

from chaos.plan import (
    COPIED,
    INSTANCES,
    UPSTREAMS,
    ClientWish,
    FaultKind,
    Poison,
    instance_name,
    orders,
    strikes,
)
from chaos.poison import poison
from chaos.proxy import Harm
from devstack.processes import MODULES
from runtime.faults import POINTS
from schemas.envelope import Undecodable, decode
from schemas.events import TYPE_OF
from schemas.topics import BY_NAME, LOOK_COMPLETED, LOOK_FAILED, TOPICS

MANY = strikes(7, 4000, 100.0)


def test_the_same_seed_gives_the_same_faults_and_the_same_load() -> None:
    assert strikes(7, 4000, 100.0) == MANY
    assert strikes(8, 4000, 100.0) != MANY
    assert orders(7, 500) == orders(7, 500)
    assert orders(8, 500) != orders(7, 500)


def test_faults_come_in_order_of_time_and_of_every_kind() -> None:
    assert [strike.at_s for strike in MANY] == sorted(strike.at_s for strike in MANY)
    assert {strike.kind for strike in MANY} == set(FaultKind)
    assert {order.wish for order in orders(7, 500)} == set(ClientWish)


def test_a_kind_that_can_not_be_done_here_is_left_out() -> None:
    assert FaultKind.DISK not in {
        strike.kind for strike in strikes(7, 4000, 100.0, without=frozenset({FaultKind.DISK}))
    }


def test_every_target_exists() -> None:
    instances = {
        instance_name(name, n) for name, count in INSTANCES.items() for n in range(1, count + 1)
    }
    named = {
        FaultKind.KILL: instances,
        FaultKind.STOP: instances,
        FaultKind.RESTART: instances,
        FaultKind.SCALE: set(MODULES),
        FaultKind.LINK: {
            f"{name}>{upstream}" for name, upstreams in UPSTREAMS.items() for upstream in upstreams
        },
        FaultKind.POINT: {f"{name}.{point}" for name, points in POINTS.items() for point in points},
        FaultKind.POISON: set(BY_NAME),
        FaultKind.COPY: {topic.name for topic in COPIED},
    }
    for strike in MANY:
        assert strike.target in named.get(strike.kind, {strike.target})
    assert {strike.target for strike in MANY if strike.kind is FaultKind.POINT} == named[
        FaultKind.POINT
    ]
    assert {strike.detail for strike in MANY if strike.kind is FaultKind.LINK} == {
        Harm.CUT,
        Harm.FROZEN,
        Harm.SLOW,
    }


def test_every_process_is_struck_and_linked() -> None:
    assert set(INSTANCES) == set(UPSTREAMS) == set(MODULES)


def test_public_events_are_never_copied() -> None:
    assert {LOOK_COMPLETED, LOOK_FAILED}.isdisjoint(COPIED)


def test_an_order_is_repeated_only_when_it_is_a_repetition() -> None:
    assert all((order.times > 1) == (order.wish is ClientWish.REPEATED) for order in orders(7, 500))


@pytest.mark.parametrize("kind", list(Poison))
def test_nobody_can_read_a_poison(kind: Poison) -> None:
    for topic in TOPICS:
        if topic.event is not None:
            _, value, headers = poison(kind, TYPE_OF[topic.event])
            assert isinstance(decode(value, headers, topic.event), Undecodable)
