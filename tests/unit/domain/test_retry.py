from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.retry import JITTER, next_retry
from tests.making import NOW

DELAYS_S = (2, 10, 30)


@given(st.integers(1, 10), st.floats(0, 0.999), st.floats(0, 100))
def test_a_retry_waits_its_delay_and_never_passes_the_deadline(
    attempt: int, chance: float, life_s: float
) -> None:
    deadline_at = NOW + timedelta(seconds=life_s)
    retry = next_retry(attempt, NOW, deadline_at, DELAYS_S, chance=chance)
    if retry is None:
        assert (
            attempt > len(DELAYS_S)
            or DELAYS_S[attempt - 1] * (1 + JITTER * chance) >= life_s - 1e-5
        )
        return
    waited_s = (retry.not_before - NOW).total_seconds()
    assert DELAYS_S[attempt - 1] <= waited_s + 1e-5
    assert waited_s <= DELAYS_S[attempt - 1] * (1 + JITTER) + 1e-5
    assert retry.not_before < deadline_at
    assert (retry.attempt, retry.delay_index) == (attempt + 1, attempt - 1)


def test_every_delay_of_the_schedule_is_waited_once_and_then_no_more() -> None:
    far = NOW + timedelta(days=1)
    made = [next_retry(attempt, NOW, far, DELAYS_S, chance=0.0) for attempt in (1, 2, 3, 4)]
    assert [one and (one.attempt, one.delay_index, one.not_before - NOW) for one in made] == [
        (2, 0, timedelta(seconds=2)),
        (3, 1, timedelta(seconds=10)),
        (4, 2, timedelta(seconds=30)),
        None,
    ]


def test_an_attempt_at_the_deadline_is_none_and_one_right_before_it_is_one() -> None:
    due = NOW + timedelta(seconds=DELAYS_S[0])
    assert next_retry(1, NOW, due, DELAYS_S, chance=0.0) is None
    assert next_retry(1, NOW, due + timedelta(microseconds=1), DELAYS_S, chance=0.0) is not None
