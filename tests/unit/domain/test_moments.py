"""Ages and times as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.moments import age, moment
from tests.making import NOW


@pytest.mark.parametrize(
    ("words", "length"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("2h ago", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_an_age_is_a_number_and_a_unit(words: str, length: timedelta) -> None:
    assert age(words) == length
    assert moment(words, NOW) == NOW - length


@pytest.mark.parametrize("words", ["", "1", "h", "2 h", "-2h", "1.5h", "3661d", "999999999w", "²h"])
def test_what_is_no_age_is_refused_by_name(words: str) -> None:
    with pytest.raises(ValueError, match=r"no length of time|longer than 3660 days"):
        age(words)


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-01-02T03:04", NOW) == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    assert moment("2026-01-02T03:04+02:00", NOW) == datetime(2026, 1, 2, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("words", ["", "yesterday", "2026-13-01", "99999999d"])
def test_what_is_no_time_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"neither a time|longer than"):
        moment(words, NOW)
