"""The Dockerfile: a target for each kind of process, no root, no shell of Python to ask for health,
and nothing left out by a list that someone must keep.
"""

import re
from pathlib import Path

from deploy.imports import TARGETS

CHECKOUT = Path(__file__).resolve().parents[2]
FILE = (CHECKOUT / "Dockerfile").read_text()


def test_each_target_has_a_stage_that_checks_its_imports() -> None:
    stages = re.findall(r"^FROM \S+ AS (\S+)$", FILE, re.M)
    assert set(TARGETS) < set(stages)
    assert re.findall(r"^RUN image looks (\w+)$", FILE, re.M) == list(TARGETS)


def test_the_base_is_an_argument_and_nothing_else_is_taken() -> None:
    assert set(re.findall(r"^FROM (\S+)", FILE, re.M)) == {"${BASE}", "uv", "process"}


def test_no_process_is_root() -> None:
    users = re.findall(r"^USER (.*)$", FILE, re.M)
    assert users == ["10001:10001"]
    assert FILE.index("USER 10001") < FILE.index("FROM process")


def test_asking_for_health_starts_no_python() -> None:
    checks = re.findall(r"^HEALTHCHECK (.*)$", FILE, re.M)
    assert len(checks) == 2
    assert checks[1] == "NONE", "of the command line"
    assert "/health/ready" in checks[0]
    assert "python" not in checks[0]


def test_the_project_comes_as_its_wheel() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", FILE, re.M)
    assert copied == ["deploy/image.sh", "locks", "."]
