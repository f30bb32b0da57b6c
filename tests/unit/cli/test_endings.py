"""Whatever a command writes to: it ends with one line and exit 2 when that is full, gone or not to
be written to, and no character of any language ends it.
"""

import errno
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.endings import words
from cli.lazy import Root
from devstack.folder import CHECKOUT

LOOKS = [sys.executable, "-c", "from cli.main import app; app()"]
ODD = "möbel/hemd-\U0001f455"
SAYS = f"""
import typer
from cli.lazy import Root
app = typer.Typer(cls=Root, callback=lambda: None, rich_markup_mode=None)
@app.command()
def say(times: int = 1) -> None:
    for _ in range(times):
        typer.echo({ODD!a})
        print({ODD!a})
app()
"""


def run(words: list[str], **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        words,
        capture_output=True,
        cwd=CHECKOUT,
        env={**os.environ, **env},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "what", ["--help", "topics --help", "replay --help", "dlq --help", "audit --help"]
)
def test_a_full_disk_behind_standard_output_is_one_line(what: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*LOOKS, *what.split()],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=CHECKOUT,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (2, b"No space left on device\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_what_was_closed_leads_nowhere_and_ends_nothing(closed: str) -> None:
    asked = shlex.join([sys.executable, "-c", SAYS, "say"])
    done = run(["sh", "-c", f"{asked} {closed}"])
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_goes_away_is_one_line() -> None:
    asked = [sys.executable, "-c", SAYS, "say", "--times", "100000"]
    with subprocess.Popen(
        asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=CHECKOUT
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
    assert (running.returncode, said) == (2, b"the reader of the output went away\n")


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
    ids=str,
)
def test_a_terminal_without_unicode_gets_escapes(env: dict[str, str]) -> None:
    done = run([sys.executable, "-c", SAYS, "say"], **env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == 2


def failing(error: OSError) -> int:
    app = typer.Typer(cls=Root, callback=lambda: None, rich_markup_mode=None)

    @app.command()
    def work() -> None:
        raise error

    return CliRunner().invoke(app, ["work"]).exit_code


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x"), "x: No space left on"),
        (lambda: PermissionError(errno.EACCES, os.strerror(errno.EACCES), "x"), "x: Permission"),
        (lambda: IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), "x"), "x: Is a dir"),
        (lambda: BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)), "the reader of the"),
        (lambda: OSError("Error writing bytes\nto file"), "Error writing bytes to file"),
        (TimeoutError, "TimeoutError"),
    ],
)
def test_every_such_error_of_every_command_is_exit_2(
    make: Callable[[], OSError], said: str
) -> None:
    assert failing(make()) == 2
    assert words(make()).startswith(said)
    assert "\n" not in words(make())
