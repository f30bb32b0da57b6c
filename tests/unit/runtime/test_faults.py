"""Planted faults: off unless a folder is set, taken once, by one."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime import faults
from runtime.faults import FaultPoint, Planted


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LOOKS_FAULTS_DIR", str(tmp_path))
    faults._folder.cache_clear()
    yield tmp_path
    faults._folder.cache_clear()


async def test_without_the_setting_a_fault_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOOKS_FAULTS_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    faults._folder.cache_clear()
    (tmp_path / "api.before-commit").write_text("raise")
    await faults.at("api", FaultPoint.BEFORE_COMMIT)
    assert abs((faults.clock("api") - datetime.now(UTC)).total_seconds()) < 5


async def test_a_fault_strikes_once_and_only_at_its_point(folder: Path) -> None:
    (folder / "api.before-commit").write_text("raise")
    await faults.at("api", FaultPoint.AFTER_COMMIT)
    with pytest.raises(Planted):
        await faults.at("api", FaultPoint.BEFORE_COMMIT)
    await faults.at("api", FaultPoint.BEFORE_COMMIT)


def test_a_blocking_point_suffers_too(folder: Path) -> None:
    (folder / "worker.after-upload").write_text("raise")
    with pytest.raises(Planted):
        faults.at_blocking("worker", FaultPoint.AFTER_UPLOAD)


def test_what_a_fault_was_about_is_told(folder: Path) -> None:
    assert faults.struck(folder, "worker") == {}
    for about, what in (("r1", "raise"), ("r2", "raise"), ("r1", "wait 0"), ("", "wait 0")):
        (folder / "worker.after-upload").write_text(what)
        with contextlib.suppress(Planted):
            faults.at_blocking("worker", FaultPoint.AFTER_UPLOAD, about)
    assert faults.struck(folder, "worker") == {"r1": ["raise", "wait 0"], "r2": ["raise"]}


def test_a_clock_is_off_as_long_as_its_file_says_so(folder: Path) -> None:
    (folder / "clock.compositor").write_text("-60")
    assert 50 < (datetime.now(UTC) - faults.clock("compositor")).total_seconds() < 70
    assert abs((faults.clock("dead_letter") - datetime.now(UTC)).total_seconds()) < 5
    (folder / "clock.compositor").unlink()
    assert abs((faults.clock("compositor") - datetime.now(UTC)).total_seconds()) < 5
