"""Plots say what the results say, and the same results give the same plot."""

from pathlib import Path

import pytest
from matplotlib.patches import Rectangle

from bench.plots import DRAWN, growth, main, projection


def of(median: float) -> dict[str, float]:
    return {"median": median, "least": median / 2, "most": median * 2}


PROJECTION = {
    name: {"per_s": of(value)} for name, value in (("ours", 9), ("copy", 90), ("row_by_row", 1))
}


def test_a_bar_is_as_long_as_its_median() -> None:
    [axes] = projection(PROJECTION).axes
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [9, 90, 1]


def test_the_parts_of_a_look_add_up_to_its_cost() -> None:
    by_process = {f"process{number}": float(number) for number in range(12)}
    costs = {"cpu_ms_a_look_by_process": by_process}
    [axes] = growth({"plain": costs, "backlog": costs}).axes
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    assert sum(bar.get_width() for bar in bars[::2]) == sum(by_process.values())


def test_what_was_not_measured_is_said_and_not_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bench.plots.RESULTS", tmp_path)
    monkeypatch.setattr("bench.plots.PLOTS", tmp_path)
    main()
    assert capsys.readouterr().out.count("not measured here") == len(DRAWN)
    assert not list(tmp_path.glob("*.svg"))
