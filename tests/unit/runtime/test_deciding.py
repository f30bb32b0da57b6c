"""Whose clock says what time it is."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from consumers.compositor.handler import MAX_NOT_BEFORE_S
from domain.history import PartitionHistory
from domain.retry import next_retry
from runtime.deciding import NEVER, Decider
from schemas.topics import RETRY_DELAYS_S
from tests.making import NOW


@pytest.mark.parametrize("off_s", [-3600, -1, 0, 1, 3600])
def test_what_is_forgotten_is_over_by_our_clock_and_by_the_brokers(off_s: float) -> None:
    ours = NOW + timedelta(seconds=off_s)
    ports: Any = SimpleNamespace(clock=lambda: ours)
    decider = Decider(PartitionHistory(), ports)
    assert decider.surely_now() == NEVER  # the broker has not told yet
    decider.note_broker_time(0)
    assert decider.surely_now() == NEVER
    decider.note_broker_time(int(NOW.timestamp() * 1000))
    assert decider.surely_now() == min(ours, NOW)


def test_no_retry_waits_for_longer_than_a_record_may() -> None:
    far = datetime.max.replace(tzinfo=UTC)
    for attempt in range(1, len(RETRY_DELAYS_S) + 1):
        retry = next_retry(attempt, NOW, far, RETRY_DELAYS_S, chance=0.999)
        assert retry is not None
        assert (retry.not_before - NOW).total_seconds() <= MAX_NOT_BEFORE_S < 60
