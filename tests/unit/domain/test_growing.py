"""Each step of a growth is told from what is there: from wherever it was interrupted it goes on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.growing import (
    Date,
    Enlarge,
    GrowthDone,
    GrowthStep,
    Holding,
    Margins,
    PrepareGrowth,
    Refused,
    TopicsNow,
    first_moment,
    is_late,
    next_step,
    not_taken_up,
    to_set,
    when,
)
from schemas.layout import PartitionGrowth
from schemas.topics import LOOK_CANCEL, LOOK_REQUESTED

NOW_MS = 1_800_000_000_000
REQUESTED, CANCEL, PROGRESS = LOOK_REQUESTED.name, LOOK_CANCEL.name, "look.progress"
FRESH = TopicsNow(dict.fromkeys((REQUESTED, CANCEL, PROGRESS), 12), (), 12, NOW_MS)
PREPARED = PartitionGrowth(None, 12, 24)


def way(at: TopicsNow, target: int) -> Iterator[GrowthStep]:
    """Every step, each done before the next is asked for; topics get partitions one by one."""
    while True:
        step = next_step(target, at)
        yield step
        match step:
            case PrepareGrowth(growth):
                at = replace(at, recorded=(*at.recorded, growth))
            case Enlarge(topics, count):
                at = replace(at, there={**at.there, topics[0]: count})
            case Date(growth):
                dated = replace(growth, since_ms=NOW_MS + 1)
                at = replace(at, recorded=(*at.recorded[:-1], dated))
            case _:
                return


def test_it_is_recorded_first_and_what_asks_for_work_grows_last_and_it_is_dated_at_the_end() -> (
    None
):
    assert [*way(FRESH, 24)] == [
        PrepareGrowth(PREPARED),
        Enlarge((CANCEL, PROGRESS), 24),
        Enlarge((PROGRESS,), 24),
        Enlarge((REQUESTED,), 24),
        Date(PREPARED),
        GrowthDone(replace(PREPARED, since_ms=NOW_MS + 1)),
    ]


def test_a_second_growth_begins_when_the_first_holds_and_settings_know_it() -> None:
    first = PartitionGrowth(NOW_MS - 1, 12, 24)
    at = TopicsNow(dict.fromkeys(FRESH.there, 24), (first,), 24, NOW_MS)
    assert next_step(48, at) == PrepareGrowth(PartitionGrowth(None, 24, 48))
    assert _why(next_step(48, replace(at, declared=12))).startswith("LOOKS_KAFKA_PARTITIONS says")
    coming = replace(at, recorded=(replace(first, since_ms=NOW_MS + 1),))
    assert "wait for it" in _why(next_step(48, coming))
    # Processes may know of it before the command is given again
    assert isinstance(next_step(24, replace(at, declared=24)), GrowthDone)


@pytest.mark.parametrize(
    ("at", "target", "said"),
    [
        (FRESH, 11, "Kafka takes none away"),
        (replace(FRESH, there={**FRESH.there, CANCEL: 6}), 24, "look.cancel has 6 partitions"),
        (replace(FRESH, there={**FRESH.there, CANCEL: 25}), 24, "look.cancel has 25 partitions"),
        (replace(FRESH, there={**FRESH.there, CANCEL: 13}), 12, "look.cancel has 13 partitions"),
        (replace(FRESH, recorded=(PREPARED,)), 36, "finish it first"),
        (replace(FRESH, declared=24), 36, "look.cancel has 12 partitions"),
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_done(
    at: TopicsNow, target: int, said: str
) -> None:
    assert said in _why(next_step(target, at))


def test_what_somebody_added_by_hand_is_taken_into_the_growth() -> None:
    by_hand = replace(FRESH, there={**FRESH.there, REQUESTED: 13})
    assert next_step(24, by_hand) == PrepareGrowth(PREPARED)


def test_where_there_is_nothing_to_do_nothing_is_done() -> None:
    assert next_step(12, FRESH) == GrowthDone(None)


def test_a_growth_is_recorded_before_any_clock_can_make_an_id_that_it_is_for() -> None:
    margins = Margins()
    moment = first_moment(NOW_MS, NOW_MS + 59_000, margins)
    assert moment == NOW_MS + 360_000
    assert not is_late(moment, NOW_MS + 300_000, margins)
    assert is_late(moment, NOW_MS + 300_001, margins)
    assert "clock" in _why(first_moment(NOW_MS, NOW_MS + 60_000, margins))
    with pytest.raises(ValueError, match="at least 120 s"):
        Margins(lead=timedelta(seconds=119))


def test_it_waits_for_every_group_that_reads_and_for_no_other() -> None:
    held = {
        "looks.compositor": Holding(
            True, {REQUESTED: frozenset(range(24)), CANCEL: frozenset(range(23))}
        ),
        "looks.credit_ledger": Holding(True, {"credit.refund": frozenset(range(12))}),
        "looks.webhooks": Holding(False, {}),
    }
    assert not_taken_up(held, (REQUESTED, CANCEL), 24) == [
        "looks.compositor does not hold look.cancel[23]",
        "looks.webhooks is being shared anew",
    ]
    assert not_taken_up({}, (REQUESTED,), 24) == []


def test_settings_say_what_is_recorded() -> None:
    growths = (
        PartitionGrowth(NOW_MS, 12, 24),
        PartitionGrowth(NOW_MS + 1, 24, 48),
        PartitionGrowth(None, 48, 96),
    )
    assert to_set(growths) == {
        "LOOKS_KAFKA_PARTITIONS": "48",
        "LOOKS_KAFKA_PARTITIONS_UNTIL": f'{{"{when(NOW_MS)}": 12, "{when(NOW_MS + 1)}": 24}}',
    }
    assert to_set((PREPARED,)) == {}


def _why(step: object) -> str:
    assert isinstance(step, Refused)
    return step.why
