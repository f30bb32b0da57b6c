"""What an operator is told to see to, and what is no concern."""

from dataclasses import replace

import pytest

from domain.concerns import AUDIT_S, BEHIND_S, OUTBOX_S, SystemSeen, concerns

WELL = SystemSeen(
    silent=(),
    unready=(),
    behind_s={"looks.compositor": BEHIND_S - 1},
    dead_letters=0,
    quarantined=0,
    overdue=0,
    outbox_oldest_s=OUTBOX_S - 1,
    webhooks_disabled=0,
    erasures_open=0,
    violations=0,
    audited_s=AUDIT_S - 1,
)


def test_a_system_that_is_well_needs_nobody() -> None:
    assert concerns(WELL) == []


@pytest.mark.parametrize(
    ("change", "level", "what", "view"),
    [
        ({"silent": ["api"]}, "bad", "api does not answer", "overview"),
        ({"unready": ["compositor"]}, "bad", "compositor is not ready", "overview"),
        ({"behind_s": None}, "bad", "Kafka does not answer", "overview"),
        ({"behind_s": {"g": BEHIND_S}}, "watch", "g is 60 s behind", "overview"),
        ({"overdue": 1}, "bad", "1 look is past the deadline without an outcome", "looks"),
        ({"overdue": 2}, "bad", "2 looks are past the deadline without an outcome", "looks"),
        ({"outbox_oldest_s": OUTBOX_S}, "bad", "The outbox has waited 10 s to be sent", "looks"),
        ({"dead_letters": 1}, "watch", "1 look failed by our fault in 24 hours", "letters"),
        ({"quarantined": 3}, "watch", "3 records put into quarantine in 24 hours", "quarantine"),
        ({"webhooks_disabled": 1}, "watch", "1 webhook disabled after failed calls", "tenants"),
        ({"violations": 2}, "bad", "The last audit found 2 violations", "audits"),
        ({"audited_s": None}, "watch", "No audit has finished yet", "audits"),
        ({"audited_s": AUDIT_S}, "watch", "The last audit is 7 days old", "audits"),
        ({"erasures_open": 1}, "watch", "1 erasure started and not finished", "erasures"),
    ],
)
def test_each_concern_is_said_with_the_view_where_it_is_dealt_with(
    change: dict[str, object], level: str, what: str, view: str
) -> None:
    (one,) = concerns(replace(WELL, **change))  # type: ignore[arg-type]  # each case changes a field of its type
    assert (one.level, one.what, one.view) == (level, what, view)


def test_what_could_not_be_asked_is_no_concern_of_its_own_and_the_worst_come_first() -> None:
    seen = replace(WELL, dead_letters=5, quarantined=None, overdue=1, silent=["api"])
    assert [one.level for one in concerns(seen)] == ["bad", "bad", "watch"]
