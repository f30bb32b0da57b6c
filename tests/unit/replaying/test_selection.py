from datetime import UTC, datetime, timedelta

import pytest

from replaying.copying import refuse_live
from replaying.errors import BadSelection
from replaying.selection import CLOCKS_MAY_DIFFER, AtOffset, AtTime, place, select
from tests.making import NOW, REQUEST_ID


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("offset:12", AtOffset(everywhere=12)),
        ("offset:0=5,11=7", AtOffset(by_partition={0: 5, 11: 7})),
        ("2h", AtTime(NOW - timedelta(hours=2))),
        ("3d ago", AtTime(NOW - timedelta(days=3))),
        ("2026-01-31", AtTime(datetime(2026, 1, 31, tzinfo=UTC))),
        ("2026-01-31T12:00:00+01:00", AtTime(datetime(2026, 1, 31, 11, tzinfo=UTC))),
    ],
)
def test_a_place_is_an_offset_a_time_or_an_age(words: str, expected: object) -> None:
    assert place(words, NOW) == expected


@pytest.mark.parametrize(
    "words",
    [
        "",
        "offset:",
        "offset:-1",
        "offset:0=",
        "offset:0=1,",
        "2 fortnights",
        "yesterday",
        "1e9d",
        "999999999w",
    ],
)
def test_what_is_no_place_is_refused_in_words(words: str) -> None:
    with pytest.raises(BadSelection, match="offset"):
        place(words, NOW)


@pytest.mark.parametrize(
    "options",
    [
        {"start": "2h", "last": "2h"},
        {"start": "1h", "end": "2h"},
        {"end": "1h", "follow": True},
        {"request_id": "not-a-ulid"},
        {"last": "7 days"},
        {"last": "999999999w"},
    ],
)
def test_contradictions_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadSelection):
        select(["look.completed"], NOW, **options)  # type: ignore[arg-type]  # each case gives what it names


def test_no_topic_is_refused() -> None:
    with pytest.raises(BadSelection):
        select([], NOW)


def test_a_partition_that_an_offset_does_not_name_is_left_out() -> None:
    assert AtOffset(by_partition={3: 9}).of(4) is None
    assert AtOffset(everywhere=9).of(4) == 9


def test_a_request_is_looked_for_from_the_time_in_its_id() -> None:
    chosen = select(["look.completed"], NOW, request_id=REQUEST_ID)
    assert isinstance(chosen.start, AtTime)
    assert (
        chosen.start.at == datetime(2016, 7, 30, 23, 54, 10, 259000, tzinfo=UTC) - CLOCKS_MAY_DIFFER
    )
    assert chosen.wish().key == REQUEST_ID.encode()


def test_live_topics_are_refused_as_targets_unless_somebody_knows() -> None:
    with pytest.raises(BadSelection, match="live topic"):
        refuse_live("look.requested", ("look.completed",), i_know=False)
    with pytest.raises(BadSelection, match="itself"):
        refuse_live("copy", ("copy",), i_know=True)
    refuse_live("look.requested", ("look.completed",), i_know=True)
    refuse_live("copy", ("look.completed",), i_know=False)
