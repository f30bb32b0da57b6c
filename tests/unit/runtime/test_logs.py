"""A library that says the same again and again fills no disk, and hides nothing else."""

import logging
import subprocess
import sys

import pytest

from runtime.logs import REMEMBERED, SAID_EVERY_S, Repeats


class Written:
    """What a filter lets through, at a time that the test tells."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.filter = Repeats(lambda: self.now_s)
        self.lines: list[str] = []

    def say(self, words: str, *args: object, name: str = "aiokafka.client") -> None:
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, words, args, None)
        if self.filter.filter(record):
            self.lines.append(record.getMessage())


@pytest.fixture
def written() -> Written:
    return Written()


def test_of_many_alike_one_is_written_and_the_next_says_how_many_were_not(
    written: Written,
) -> None:
    for node in range(100):
        written.say("Unable connect to node with id %s", node)
    assert written.lines == ["Unable connect to node with id 0"]
    written.now_s = SAID_EVERY_S
    written.say("Unable connect to node with id %s", 7)
    assert written.lines[1:] == [
        "Unable connect to node with id 7 (99 lines like this were left out)"
    ]
    written.now_s += SAID_EVERY_S
    written.say("Unable connect to node with id %s", 8)
    assert written.lines[2:] == ["Unable connect to node with id 8"]


def test_what_differs_and_what_others_say_is_written(written: Written) -> None:
    for _ in range(3):
        written.say("one")
        written.say("another")
        written.say("ours", name="runtime.lane")
    assert written.lines == ["one", "another", "ours", "ours", "ours"]


def test_it_remembers_so_many(written: Written) -> None:
    for number in range(3 * REMEMBERED):
        written.say(f"a line made of {number}")
    assert len(written.lines) == 3 * REMEMBERED
    assert len(written.filter._said) == REMEMBERED


def test_a_process_logs_without_what_colours_a_console() -> None:
    code = (
        "import sys, runtime.logs\n"
        "assert 'structlog' in sys.modules\n"
        "assert not [one for one in sys.modules if one.partition('.')[0] == 'rich']\n"
        "import rich.console  # as whoever needs it may\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240)
