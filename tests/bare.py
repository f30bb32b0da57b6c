"""Environments with what a page of the docs says to install and nothing else. A reader types pip;
uv installs the same here for a thirtieth of the CPU.
"""

import re
import shlex
from pathlib import Path

from tests.packages import installed


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
            words = shlex.split(line.removeprefix("pip install "))
            self._made[line] = installed(self._folder / str(len(self._made)), *words)
        return self._made[line]
