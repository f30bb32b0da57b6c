"""Whether a report of a bad picture brings its credits back. Pure.

The rule: a look that has its picture may be reported once. Within `REPORT_WITHIN` of its acceptance
the whole charge is given, as long as the tenant has had goodwill for fewer than `FREE_A_MONTH`
looks, or one in `ONE_IN` of its looks, of this calendar month (UTC). It is an entry of its own in
the ledger and never a refund: refunds are for looks that failed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

REPORT_WITHIN: Final = timedelta(days=30)
FREE_A_MONTH: Final = 5
ONE_IN: Final = 10
COUNTED_LOOKS: Final = 10_000
"""More looks of a month than these are not counted: goodwill for a thousand is the most."""


class Withheld(StrEnum):
    """Why a report brought nothing."""

    TOO_LATE = "too_late"
    MONTHLY_LIMIT = "monthly_limit"
    NOTHING_CHARGED = "nothing_charged"


@dataclass(frozen=True, slots=True)
class ReportedLook:
    """What is known of a look that is reported."""

    charged: int
    accepted_at: datetime
    looks_this_month: int
    given_this_month: int  # how many looks of the tenant had goodwill this month


def month_of(at: datetime) -> datetime:
    """When its month began."""
    return at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def allowed(looks_this_month: int) -> int:
    """For how many looks of a month goodwill is given."""
    return max(FREE_A_MONTH, min(looks_this_month, COUNTED_LOOKS) // ONE_IN)


def decide(look: ReportedLook, now: datetime) -> tuple[int, Withheld | None]:
    """How many credits are given, and why none where none are."""
    if look.charged <= 0:
        return 0, Withheld.NOTHING_CHARGED
    if now - look.accepted_at > REPORT_WITHIN:
        return 0, Withheld.TOO_LATE
    if look.given_this_month >= allowed(look.looks_this_month):
        return 0, Withheld.MONTHLY_LIMIT
    return look.charged, None
