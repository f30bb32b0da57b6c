"""One page of plots from replayed Parquet, drawn without a display."""

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from cli.reporting.cookbook import Cookbook
from replaying.errors import BadSelection
from runtime.files import write_whole

INK: Final = "#23303d"
BAR: Final = "#3f7cac"
SECOND: Final = "#d1495b"
MAX_BARS: Final = 12
FEWEST_BARS: Final = 5
Rows = Sequence[tuple[Any, ...]]


def report(folder: Path, output: Path) -> None:
    """Write a page: a picture for .png, a page that holds it for .html. Raises BadSelection."""
    if output.suffix not in (".png", ".html"):
        raise BadSelection(f"{output}: a report is .html or .png")
    book = Cookbook(folder)
    try:
        picture = _picture(book)
    finally:
        book.close()
    write_whole(output, picture if output.suffix == ".png" else _page(picture))


def _page(picture: bytes) -> bytes:
    data = base64.b64encode(picture).decode()
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Looks, replayed</title>'
    body = (
        '<body style="margin:0"><img alt="plots" style="width:100%" '
        f'src="data:image/png;base64,{data}"></body>'
    )
    return f"{head}{body}</html>".encode()


def _picture(book: Cookbook) -> bytes:
    with mpl.rc_context(
        {"font.size": 9, "axes.edgecolor": INK, "text.color": INK, "axes.titleweight": "bold"}
    ):
        figure = Figure(figsize=(15, 13), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(3, 3)
        figure.suptitle("Looks, replayed", fontsize=16, fontweight="bold")
        _days(axes[0, 0], book.ask("completions_by_category"))
        _times(axes[0, 1], book.ask("time_to_look"))
        _bars(axes[0, 2], "Why looks fail", book.ask("failure_reasons"), "looks")
        _money(axes[1, 0], book.ask("refunds_against_charges"))
        _retries(axes[1, 1], book.ask("retry_cost"))
        _bars(
            axes[1, 2],
            "Cancelled requests by tenant",
            [(row[0], row[2]) for row in book.ask("cancel_rate")],
            "requests",
        )
        hours = [(f"{row[0]:02d}:00", row[1]) for row in book.ask("busiest_hours")]
        _bars(axes[2, 0], "Busiest hours (UTC)", hours, "requests")
        _bars(axes[2, 1], "Slowest stages, mean", book.ask("slowest_stages"), "ms")
        sizes = [(row[0], row[2] / 2**20) for row in book.ask("bytes_by_tenant")]
        _bars(axes[2, 2], "Pictures by tenant", sizes, "MiB")
        for one in axes.flat:
            one.spines[["top", "right"]].set_visible(False)
        written = io.BytesIO()
        figure.savefig(written, format="png", dpi=110)
        return written.getvalue()


def _bars(axes: Axes, title: str, rows: Rows, unit: str) -> None:
    shown = list(rows)[:MAX_BARS]
    axes.barh([str(row[0]) for row in shown], [float(row[1]) for row in shown], color=BAR)
    axes.set_ylim(max(len(shown), FEWEST_BARS) - 0.5, -0.5)  # the first on top, none too thick
    axes.set_xlim(left=0)
    if all(float(row[1]).is_integer() for row in shown):
        axes.locator_params(axis="x", integer=True)
    axes.set_title(title)
    axes.set_xlabel(unit)


def _days(axes: Axes, rows: Rows) -> None:
    totals: dict[str, int] = {}
    for _, category, looks in rows:
        totals[category] = totals.get(category, 0) + looks
    days = sorted({row[0] for row in rows})
    known = {(day, category): looks for day, category, looks in rows}
    for category in sorted(totals, key=lambda one: -totals[one])[:6]:
        axes.plot(
            [f"{day:%m-%d}" for day in days],
            [known.get((day, category), 0) for day in days],
            marker="o",
            label=category,
        )
    axes.set_title("Completed looks a day, by category")
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", integer=True)
    if len(days) > MAX_BARS:
        axes.set_xticks(range(0, len(days), len(days) // MAX_BARS + 1))
    if totals:
        axes.legend(frameon=False)


def _times(axes: Axes, rows: Rows) -> None:
    values = [0.0 if value is None else value / 1000 for value in rows[0][1:]]
    found = axes.bar(["p50", "p95", "p99"], values, color=BAR)
    axes.bar_label(found, fmt="%.1f s")
    axes.set_title(f"From acceptance to the picture, {rows[0][0]} looks")
    axes.set_ylabel("seconds")


def _money(axes: Axes, rows: Rows) -> None:
    shown = list(rows)[:MAX_BARS]
    names = [str(row[0]) for row in shown]
    axes.bar(names, [row[1] for row in shown], color=BAR, label="charged")
    axes.bar(names, [row[2] for row in shown], color=SECOND, width=0.5, label="refunded")
    axes.margins(y=0.3)  # room for the legend
    axes.set_xlim(-0.5, max(len(shown), FEWEST_BARS) - 0.5)
    axes.set_ylim(bottom=0)
    axes.tick_params(axis="x", labelrotation=15)
    axes.set_title("Credits by tenant")
    axes.set_ylabel("credits")
    axes.legend(frameon=False)


def _retries(axes: Axes, rows: Rows) -> None:
    _, failed, attempts, _ = rows[0]
    found = axes.bar(["attempts", "of them failed"], [attempts, failed], color=[BAR, SECOND])
    axes.bar_label(found)
    axes.set_title("What retries cost")
