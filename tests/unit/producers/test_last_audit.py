"""Prometheus hears of the newest audit, and of none where it may not be read."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg
import pytest

from producers import last_audit
from runtime import metrics

AT = datetime(2026, 11, 3, 4, 5, 6, tzinfo=UTC)
Answer = tuple[datetime, int] | None | Exception


class Kept:
    """Answers in turn, then waits for good."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = iter(answers)
        self.asked_all = asyncio.Event()

    async def last(self) -> tuple[datetime, int] | None:
        try:
            answer = next(self._answers)
        except StopIteration:
            self.asked_all.set()
            await asyncio.Event().wait()
            raise
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(autouse=True)
def _none_yet() -> None:
    metrics.AUDITED_AT_SECONDS.set(0)
    metrics.AUDIT_FOUND.set(0)


def shown() -> tuple[float, float]:
    (at,), (found,) = metrics.AUDITED_AT_SECONDS.collect(), metrics.AUDIT_FOUND.collect()
    return at.samples[0].value, found.samples[0].value


async def told(*answers: Answer) -> tuple[float, float]:
    """What is shown after these answers."""
    kept = Kept(answers)
    telling = asyncio.create_task(last_audit.tell(kept, every_s=0))
    await asyncio.wait_for(kept.asked_all.wait(), 5)
    telling.cancel()
    return shown()


async def test_without_an_audit_nothing_is_shown() -> None:
    assert await told(None) == (0, 0)


async def test_the_newest_is_shown_also_after_the_database_was_away() -> None:
    assert await told((AT, 0), ConnectionRefusedError(), (AT, 3)) == (AT.timestamp(), 3)


async def test_who_may_not_read_audits_says_so_and_goes_on() -> None:
    kept = Kept([asyncpg.InsufficientPrivilegeError("no")])
    await asyncio.wait_for(last_audit.tell(kept, every_s=0), 5)
    assert shown() == (0, 0)
