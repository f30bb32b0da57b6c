"""Environments with what a page of the docs says to install and nothing else, made as a reader
would make them.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

NO_INDEX = re.compile(r"Retrying \(Retry|NewConnectionError|Name or service not known")
INSTALL_WITHIN_S = 240


class Bare:
    """The environments of one page, each made when it is first asked for."""

    def __init__(self, folder: Path, page: str) -> None:
        """`page`: its text. An example is named right after its install line, both in backticks."""
        self._folder = folder
        self._page = page
        self._made: dict[str, Path] = {}

    def install_line(self, example: str) -> str:
        """What the page says to type before this example."""
        found = re.search(rf"`(pip install [^`]+)`[^`]*`[^`]*{re.escape(example)}`", self._page)
        assert found is not None, f"no install line for {example}"
        return found.group(1)

    def python(self, example: str) -> Path:
        """The interpreter of an example's environment. Skips the test where no index answers."""
        line = self.install_line(example)
        if line not in self._made:
            self._made[line] = self._make(line, self._folder / str(len(self._made)))
        return self._made[line]

    def _make(self, line: str, folder: Path) -> Path:
        env = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=60, env=env)
        python = folder / "bin" / "python"
        done = subprocess.run(
            [python, "-m", *shlex.split(line)],
            capture_output=True,
            text=True,
            timeout=INSTALL_WITHIN_S,
            check=False,
            env=env,
        )
        if done.returncode and NO_INDEX.search(done.stderr):
            pytest.skip(f"no package index answers here: {line}")
        assert done.returncode == 0, done.stderr
        return python
