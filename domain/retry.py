"""When a failed attempt is made again: the schedule is data (`schemas.topics.RETRY_DELAYS_S`), the
rule is here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

JITTER = 0.2
"""A delay is lengthened by up to this share, so that what failed together is not tried again
together.
"""


@dataclass(frozen=True, slots=True)
class Retry:
    """The next attempt: its number, which delay of the schedule it waits, and the moment before
    which it is not made.
    """

    attempt: int
    delay_index: int
    not_before: datetime


def next_retry(
    attempt: int, now: datetime, deadline_at: datetime, delays_s: Sequence[float], *, chance: float
) -> Retry | None:
    """The attempt after `attempt` (1-based), or None when the schedule is used up or the deadline
    would pass first.

    `chance` in [0, 1) picks the jitter.
    """
    if attempt > len(delays_s):
        return None
    not_before = now + timedelta(seconds=delays_s[attempt - 1] * (1 + JITTER * chance))
    if not_before >= deadline_at:
        return None
    return Retry(attempt + 1, attempt - 1, not_before)
