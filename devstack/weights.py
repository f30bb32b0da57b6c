"""Who goes first on a machine that all share: the API and Postgres answer clients, the pipeline can
wait.

Linux weighs sessions against each other (`autogroup`), and a process's nice value counts only
within its session. A child of ours begins a session of its own, each backend of Postgres too. To
raise one takes root; where that is not permitted, or there are no groups, all weigh the same.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

FIRST = -10
"""Nine times the weight of another session."""
LOOK_AGAIN_S = 3.0
"""For new backends of Postgres."""


class Weights:
    """Of the running parts."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        """Nothing was weighed."""
        self._proc = proc
        self._weighed: set[int] = set()

    def weigh(self, pids: Mapping[int, int]) -> bool:
        """Give the sessions of these processes, and of those that they started since, their nice
        value; False where that is not permitted or not known.
        """
        there: set[int] = set()
        for pid, nice in pids.items():
            for one in self._family(pid):
                there.add(one)
                if one not in self._weighed and not self._set(one, nice):
                    return False
        self._weighed = there
        return True

    def _set(self, pid: int, nice: int) -> bool:
        try:
            (self._proc / str(pid) / "autogroup").write_text(str(nice))
        except (FileNotFoundError, ProcessLookupError):
            return self._has_groups()  # it ended meanwhile
        except OSError:
            return False
        return True

    def _has_groups(self) -> bool:
        return (self._proc / str(os.getpid()) / "autogroup").exists()

    def _family(self, pid: int) -> Iterator[int]:
        yield pid
        with suppress(OSError):
            for child in (self._proc / f"{pid}/task/{pid}/children").read_text().split():
                yield from self._family(int(child))
