"""When a report of a bad picture brings its credits back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.goodwill import (
    COUNTED_LOOKS,
    FREE_A_MONTH,
    ONE_IN,
    REPORT_WITHIN,
    ReportedLook,
    Withheld,
    allowed,
    decide,
    month_of,
)

NOW = datetime(2026, 1, 20, tzinfo=UTC)
LOOK = ReportedLook(charged=10, accepted_at=NOW, looks_this_month=20, given_this_month=0)


@pytest.mark.parametrize(
    ("look", "given"),
    [
        (LOOK, (10, None)),
        (replace(LOOK, charged=0), (0, Withheld.NOTHING_CHARGED)),
        (replace(LOOK, accepted_at=NOW - REPORT_WITHIN), (10, None)),
        (
            replace(LOOK, accepted_at=NOW - REPORT_WITHIN - timedelta(seconds=1)),
            (0, Withheld.TOO_LATE),
        ),
        (replace(LOOK, given_this_month=FREE_A_MONTH - 1), (10, None)),
        (replace(LOOK, given_this_month=FREE_A_MONTH), (0, Withheld.MONTHLY_LIMIT)),
        (replace(LOOK, given_this_month=FREE_A_MONTH, looks_this_month=59), (0, "monthly_limit")),
        (replace(LOOK, given_this_month=FREE_A_MONTH, looks_this_month=60), (10, None)),
    ],
)
def test_the_charge_comes_back_in_time_and_within_the_months_bound(
    look: ReportedLook, given: object
) -> None:
    assert decide(look, NOW) == given


def test_a_month_has_a_bound_however_many_looks_it_has() -> None:
    assert [allowed(looks) for looks in (0, 59, 60, 1000)] == [5, 5, 6, 100]
    assert allowed(10**9) == COUNTED_LOOKS // ONE_IN


def test_a_month_begins_on_its_first_day() -> None:
    assert month_of(datetime(2026, 1, 31, 23, 59, 59, 999, UTC)) == datetime(2026, 1, 1, tzinfo=UTC)
