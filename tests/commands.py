"""`looks` as an operator types it, inside the tests' process: a child spends seconds of CPU before
it does anything. That a process of its own does the same is shown by
`tests/integration/test_command_line.py`, and for each group of commands by `tests/unit/cli`.
"""

import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from subprocess import CompletedProcess

from typer.testing import CliRunner, Result

from cli.main import app
from devstack.stack import Stack


def looks(stack: Stack, *words: str, **env: str) -> CompletedProcess[str]:
    """What a command answers that is given this stack's settings, and `env` beside them.

    Blocks, as a child would be waited for. The command has a thread of its own: it runs a loop, and
    the test may be inside one.
    """
    with ThreadPoolExecutor(1) as apart:
        done = apart.submit(_invoked, words, {**stack.env, **env}).result()
    return CompletedProcess(words, done.exit_code, done.stdout, done.stderr + _fault(done))


def _invoked(words: tuple[str, ...], env: Mapping[str, str]) -> Result:
    return CliRunner().invoke(app, words, prog_name="looks", env=env)


def _fault(done: Result) -> str:
    """The traceback that a child would have ended with."""
    if done.exception is None or isinstance(done.exception, SystemExit):
        return ""
    return "".join(traceback.format_exception(done.exception))


def audit(stack: Stack, *words: str) -> tuple[int, str]:
    """Exit code and output of `looks audit` on a stack."""
    done = looks(stack, "audit", *words)
    return done.returncode, done.stdout + done.stderr
