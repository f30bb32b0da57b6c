"""How operators write times and places, and what a poison record may do to their terminal."""

from datetime import UTC, datetime, timedelta

import pytest
import typer

from cli.letters.options import moment, place
from cli.letters.present import clean
from domain.redriving import RecordPosition
from tests.making import NOW


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90s", NOW - timedelta(seconds=90)),
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("3d", NOW - timedelta(days=3)),
        ("2026-01-02", datetime(2026, 1, 2, tzinfo=UTC)),
        ("2026-01-02T03:04:05+02:00", datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)),
    ],
)
def test_a_time_is_iso_or_so_long_ago(text: str, at: datetime) -> None:
    assert moment(text, NOW) == at


@pytest.mark.parametrize("text", ["", "yesterday", "2 h", "-2h", "99999999d", "2026-13-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment(text, NOW)


@pytest.mark.parametrize("text", ["3@17", "look.quarantine[3]@17"])
def test_a_place_is_partition_and_offset(text: str) -> None:
    assert place(text) == RecordPosition("look.quarantine", 3, 17)
    assert str(place(text)) == "look.quarantine[3]@17"


@pytest.mark.parametrize("text", ["", "17", "3@", "12@1", "look.requested[3]@17", "3@-1"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        place(text)


def test_control_characters_of_a_record_do_not_reach_the_terminal() -> None:
    assert clean("a\x1b[2Jb\nc\u202ed") == "a\\x1b[2Jb\nc\\u202ed"
