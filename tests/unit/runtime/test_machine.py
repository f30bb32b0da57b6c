"""What is asked of the machine, on Linux and as if on macOS; limits are set in a process of their
own.
"""

import resource
import subprocess
import sys

import pytest

from runtime.machine import MACOS, MACOS_OPEN_FILES, bound_memory, cpus


def in_a_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import resource as r\nfrom runtime import machine as m\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.skipif(sys.platform == MACOS, reason="macOS bounds no process's memory")
def test_memory_is_bounded_where_the_system_can() -> None:
    code = "print(m.bound_memory(2**32), r.getrlimit(r.RLIMIT_AS))"
    assert in_a_process(code) == f"True {(2**32, 2**32)}"


def test_without_such_a_limit_memory_is_left_alone() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert not bound_memory(2**32, MACOS)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_a_limit_that_is_refused_is_no_silence() -> None:
    code = "m.bound_memory(2**32)\ntry:\n m.bound_memory(2**33)\nexcept ValueError as e:\n print(e)"
    said = in_a_process(f"import os\nos.getuid() == 0 and os.setuid(65534)\n{code}")
    assert "maximum limit" in said


def test_as_many_files_as_the_hard_limit_allows() -> None:
    code = "n = m.allow_many_files(); print(r.getrlimit(r.RLIMIT_NOFILE) == (n, n))"
    assert in_a_process(code) == "True"


def test_no_more_files_than_macos_takes() -> None:
    told = in_a_process(f"print(m.allow_many_files({MACOS!r}), r.getrlimit(r.RLIMIT_NOFILE)[0])")
    most, soft = map(int, told.split())
    assert most == soft <= MACOS_OPEN_FILES


def test_there_is_a_cpu_to_run_on() -> None:
    assert cpus() >= 1
