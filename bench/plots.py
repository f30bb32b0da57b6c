"""`python -m bench.plots`: the plots of docs/performance.md, from what is in bench/results.

Repeatable: the same results give the same bytes.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.processes import RESULTS
from devstack.folder import CHECKOUT

PLOTS = CHECKOUT / "docs" / "plots"
Result = Mapping[str, Any]
INK, OURS, OTHERS = "#222222", "#2a6f97", "#a9b4bd"
PALETTE = ("#2a6f97", "#61a5c2", "#a9d6e5", "#f4a259", "#bc4b51", "#8cb369", "#5b8e7d", "#b7b7a4")
GROWN = {
    "plain": "plain",
    "backlog": "10 times the backlog",
    "many_tenants": "10,000 tenants",
    "many_rows": "stored requests",
    "large_events": "8 garments",
}


def _median(found: Mapping[str, float]) -> float:
    return float(found["median"])


def _bars(axes: Axes, names: Sequence[str], spreads: Sequence[Mapping[str, float]]) -> None:
    """Medians with least and most; the first is ours."""
    values = [_median(one) for one in spreads]
    reach = [
        [value - one["least"] for value, one in zip(values, spreads, strict=True)],
        [one["most"] - value for value, one in zip(values, spreads, strict=True)],
    ]
    colours = [OURS, *[OTHERS] * (len(names) - 1)]
    axes.barh(names, values, color=colours, xerr=reach, ecolor=INK, capsize=3)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)


def peers(result: Result) -> Figure:
    """Rate, CPU and latency of the three job systems."""
    names = ["looks", "celery", "procrastinate"]
    parts = {"jobs_per_s": "jobs a second", "cpu_ms_a_job": "CPU a job, ms", "p50_ms": "p50, ms"}
    figure = Figure(figsize=(9, 2.2), layout="constrained")
    for axes, (part, title) in zip(figure.subplots(1, 3), parts.items(), strict=True):
        labels = names if part == "jobs_per_s" else [" " * len(name) for name in names]
        _bars(axes, labels, [result[name][part] for name in names])
        axes.set_title(title, fontsize=10)
    return figure


def projection(result: Result) -> Figure:
    """Events a second, on a scale that has room for all three."""
    figure = Figure(figsize=(9, 1.8), layout="constrained")
    axes = figure.subplots()
    names = {"ours": "projection", "copy": "COPY of its rows", "row_by_row": "handler, row by row"}
    _bars(axes, [*names.values()], [result[name]["per_s"] for name in names])
    axes.set_xscale("log")
    axes.set_xlim(left=10)
    axes.set_title("events a second", fontsize=10)
    return figure


def priority(result: Result) -> Figure:
    """What a POST waits."""
    names = {
        "alone": "idle pipeline",
        "busy": "busy, API and Postgres first",
        "busy_equal_weights": "busy, equal weights",
    }
    figure = Figure(figsize=(9, 2.0), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2), ("p50_ms", "p99_ms"), strict=True):
        labels = [*names.values()] if part == "p50_ms" else ["", " ", "  "]
        _bars(axes, labels, [result[name][part] for name in names])
        axes.set_title(f"POST /v1/look, {part.removesuffix('_ms')}, ms", fontsize=10)
    return figure


def growth(result: Result) -> Figure:
    """CPU a look, by process, of each kind of turn."""
    kinds = {kind: title for kind, title in GROWN.items() if kind in result}
    by_process = [result[kind]["cpu_ms_a_look_by_process"] for kind in kinds]
    heavy = sorted(by_process[0], key=lambda name: -float(by_process[0][name]))
    shown, rest = heavy[: len(PALETTE) - 1], heavy[len(PALETTE) - 1 :]
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(kinds)
    for name, colour in zip([*shown, "others"], PALETTE, strict=True):
        parts = rest if name == "others" else [name]
        widths = [sum(one[part] for part in parts) for one in by_process]
        axes.barh([*kinds.values()], widths, left=left, color=colour, label=name)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("CPU of a look by process, ms (the engine answers at once)", fontsize=10)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False)
    return figure


DRAWN = {"peers": peers, "projection": projection, "priority": priority, "growth": growth}


def main() -> None:
    """Each plot whose results are there."""
    mpl.rcParams.update({"svg.hashsalt": "looks", "font.size": 9, "svg.fonttype": "none"})
    PLOTS.mkdir(exist_ok=True)
    for name, draw in DRAWN.items():
        file = RESULTS / f"{name}.json"
        if not file.exists():
            sys.stdout.write(f"{name}: not measured here\n")
            continue
        draw(json.loads(file.read_text())).savefig(
            Path(PLOTS / f"{name}.svg"), metadata={"Date": None}, facecolor="white"
        )
        sys.stdout.write(f"{name}: docs/plots/{name}.svg\n")


if __name__ == "__main__":
    main()
