"""How a command ends when what it writes to is full, gone or not to be written to: one line, exit
2, no traceback. Holds for every command, for the root group runs them all.
"""

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import TypeVar

EXIT_FAILED = 2

T = TypeVar("T")


def steady_output() -> None:
    """Let no character end a command: what the terminal's encoding lacks is written escaped. What
    was closed (`>&-`) leads nowhere, and nothing else is opened in its place.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _to_nowhere(number)
            setattr(sys, name, open(number, "w" if number else "r"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def speaks_unicode() -> bool:
    """Whether standard output takes every character."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


@contextmanager
def about(place: object) -> Iterator[None]:
    """Give an error that names no place this one."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(place)
        raise


def flushed(call: Callable[[], T]) -> T:
    """The call's result, once all that it said has been taken. Raises OSError when it was not."""
    try:
        return call()
    finally:
        sys.stdout.flush()


def say(error: OSError) -> None:
    """One line about it, on standard error if that can be; nothing is written on standard output
    any more.
    """
    _hush()
    with suppress(OSError, ValueError):
        sys.stderr.write(words(error) + "\n")
        sys.stderr.flush()


def words(error: OSError) -> str:
    """What went wrong, and where."""
    if error.errno == errno.EPIPE:
        return "the reader of the output went away"
    what = error.strerror or " ".join(str(error).split()) or type(error).__name__
    place = error.filename2 or error.filename
    return f"{place}: {what}" if place else what


def _to_nowhere(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != number:
        os.dup2(nowhere, number)
        os.close(nowhere)


def _hush() -> None:
    """What is still to be written to a standard output that takes nothing goes nowhere: else the
    interpreter would complain when it ends.
    """
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            _to_nowhere(sys.stdout.fileno())
