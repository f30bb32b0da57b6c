"""What a process may ask of its machine, on systems that answer differently.

Linux is what Looks runs on. macOS is for trying it out: it bounds no process's memory, names no
CPUs of a process, and calls the highest number of open files "infinite" without allowing it.
"""

import os
import resource
import sys
from typing import Final

MACOS: Final = "darwin"
MACOS_OPEN_FILES: Final = 10_240
"""`OPEN_MAX`: more are refused, whatever the hard limit says."""


def cpus() -> int:
    """On how many this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def bound_memory(limit_bytes: int, system: str = sys.platform) -> bool:
    """This process gets no more memory than that; False where the system knows no such limit.
    Raises ValueError and OSError where it does and refuses.
    """
    if system == MACOS:
        return False
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    return True


def allow_many_files(system: str = sys.platform) -> int:
    """Raise this process's limit of open files as far as it may; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = min(hard, MACOS_OPEN_FILES) if system == MACOS else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most
