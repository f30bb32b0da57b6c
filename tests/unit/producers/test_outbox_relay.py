"""The sample that the relay reads of what it sends."""

from dataclasses import replace
from datetime import UTC, datetime

from domain.outcomes import Emit
from producers.outbox_relay import SAMPLE_EVERY, check_some
from runtime import metrics
from runtime.records import outgoing
from schemas.topics import LOOK_QUARANTINE
from storage.outbox import OutboxRow
from tests.making import a_request

RECORD = outgoing(Emit(a_request(), ("look.requested",)), "/looks/api", datetime.now(UTC))
GOOD = OutboxRow(1, RECORD.topic, RECORD.key or b"", RECORD.value or b"", RECORD.headers)
TORN = replace(GOOD, value=GOOD.value[:-1])


def counted() -> float:
    return float(metrics.OUTBOX_UNREADABLE._value.get())


def test_what_subscribers_can_read_is_not_counted() -> None:
    before = counted()
    assert check_some([GOOD, replace(GOOD, topic=LOOK_QUARANTINE.name, value=b"?")]) == 0
    assert counted() == before


def test_a_row_that_they_can_not_read_is_counted() -> None:
    before = counted()
    assert check_some([TORN]) == 1
    assert check_some([replace(GOOD, headers=())]) == 1
    assert counted() == before + 2


def test_of_many_rows_the_first_and_each_hundredth_are_read() -> None:
    rows = [GOOD] * (2 * SAMPLE_EVERY + 1)
    for unseen in (1, SAMPLE_EVERY - 1, SAMPLE_EVERY + 1):
        rows[unseen] = TORN
    assert check_some(rows) == 0
    for seen in (0, SAMPLE_EVERY, 2 * SAMPLE_EVERY):
        rows[seen] = TORN
    assert check_some(rows) == 3
