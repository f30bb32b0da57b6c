"""Runs `looks audit` as an operator does."""

import os
import subprocess
import sys
from pathlib import Path

from devstack.stack import Stack

CHECKOUT = Path(__file__).resolve().parents[2]


def audit(stack: Stack, *words: str) -> tuple[int, str]:
    """Exit code and output of `looks audit` on a stack."""
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", "audit", *words],
        env={**os.environ, **stack.env, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
