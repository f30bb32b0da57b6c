"""One page of plots, for a day as for a year, drawn without a display."""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from cli.reporting.cookbook import Cookbook
from replaying.errors import BadSelection
from runtime.files import write_whole

INK: Final = "#23303d"
BAR: Final = "#3f7cac"
SECOND: Final = "#d1495b"
COLOURS: Final = (BAR, SECOND, "#edae49", "#66a182", "#8d6a9f", "#5c5f66")
MAX_BARS: Final = 12
FEWEST_BARS: Final = 5
MAX_LINES: Final = len(COLOURS)
FEWEST_POINTS: Final = 4
"""With fewer a line is a dot or two: what it would tell is drawn as bars."""
BUCKETS: Final = (
    (timedelta(minutes=30), timedelta(minutes=1), "minute"),
    (timedelta(hours=3), timedelta(minutes=5), "5 minutes"),
    (timedelta(days=3), timedelta(hours=1), "hour"),
    (timedelta(days=120), timedelta(days=1), "day"),
    (timedelta.max, timedelta(weeks=1), "week"),
)
"""A range up to so long, how long a point of it lasts, and what that is called: tens of points, for
an hour as for a year.
"""
NOTHING: Final = "None in this range"
Rows = Sequence[tuple[Any, ...]]

_RANGE: Final = "SELECT min(requested_at), max(requested_at) FROM requested"
_OVER_TIME: Final = """
SELECT time_bucket(INTERVAL '{lasts_s} seconds', completed_at) AS at, category,
       count(DISTINCT request_id) AS looks
FROM completed_items GROUP BY ALL ORDER BY ALL"""
_FLOW: Final = """
SELECT time_bucket(INTERVAL '{lasts_s} seconds', r.requested_at) AS at, count(*) AS accepted,
       count(f.request_id) AS failed
FROM requested r LEFT JOIN failed f USING (request_id) GROUP BY ALL ORDER BY ALL"""


def report(book: Cookbook, output: Path) -> None:
    """Write a page: a picture for .png, a page that holds it for .html. Raises BadSelection."""
    if output.suffix not in (".png", ".html"):
        raise BadSelection(f"{output}: a report is .html or .png")
    picture = _picture(book)
    write_whole(output, picture if output.suffix == ".png" else _page(picture))


def bucket_of(first: datetime | None, last: datetime | None) -> tuple[timedelta, str]:
    """How long a point of a line lasts, and what that is called."""
    length = timedelta() if first is None or last is None else last - first
    return next((lasts, name) for most, lasts, name in BUCKETS if length <= most)


def _page(picture: bytes) -> bytes:
    data = base64.b64encode(picture).decode()
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Looks, replayed</title>'
    body = (
        '<body style="margin:0"><img alt="plots" style="width:100%" '
        f'src="data:image/png;base64,{data}"></body>'
    )
    return f"{head}{body}</html>".encode()


def _picture(book: Cookbook) -> bytes:
    written = io.BytesIO()
    drawn(book).savefig(written, format="png", dpi=110)
    return written.getvalue()


def drawn(book: Cookbook) -> Figure:
    """The nine plots of a page."""
    ((first, last),) = book.db.execute(_RANGE).fetchall()
    lasts, each = bucket_of(first, last)
    by_category, flow = (
        book.db.execute(sql.format(lasts_s=int(lasts.total_seconds()))).fetchall()
        for sql in (_OVER_TIME, _FLOW)
    )
    with mpl.rc_context(
        {"font.size": 9, "axes.edgecolor": INK, "text.color": INK, "axes.titleweight": "bold"}
    ):
        figure = Figure(figsize=(15, 13), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(3, 3)
        said = (
            "nothing was accepted"
            if first is None
            else f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
        )
        figure.suptitle(f"Looks, {said}", fontsize=16, fontweight="bold")
        title = "Completed looks by category"
        _over_time(axes[0, 0], title, _by_name(by_category), lasts, each)
        accepted = [(row[0], row[1]) for row in flow]
        failed = [(row[0], row[2]) for row in flow]
        lines = {"accepted": accepted, "of them failed": failed}
        _over_time(axes[1, 1], "Accepted and failed looks", lines, lasts, each)
        _times(axes[0, 1], book.ask("time_to_look"))
        _bars(axes[0, 2], "Why looks fail", book.ask("failure_reasons"), "looks")
        _money(axes[1, 0], book.ask("refunds_against_charges"))
        cancelled = [(row[0], row[2]) for row in book.ask("cancel_rate")]
        _bars(axes[1, 2], "Cancelled requests by tenant", cancelled, "requests")
        hours = [(f"{row[0]:02d}:00", row[1]) for row in book.ask("busiest_hours")]
        _bars(axes[2, 0], "Busiest hours (UTC)", hours, "requests")
        _bars(axes[2, 1], "Slowest stages, mean", book.ask("slowest_stages"), "ms")
        sizes = [(row[0], row[2] / 2**20) for row in book.ask("bytes_by_tenant")]
        _bars(axes[2, 2], "Pictures by tenant", sizes, "MiB")
        for one in axes.flat:
            one.spines[["top", "right"]].set_visible(False)
    return figure


def _by_name(rows: Rows) -> dict[str, Rows]:
    """(time, name, number) as lines, those with most first."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for at, name, number in rows:
        found.setdefault(name, []).append((at, number))
    order = sorted(found, key=lambda name: -sum(number for _, number in found[name]))
    return {name: found[name] for name in order[:MAX_LINES]}


def _over_time(
    axes: Axes, title: str, lines: Mapping[str, Rows], lasts: timedelta, each: str
) -> None:
    """Lines over the same times; where one has nothing at a time, it is at zero. A bar each where
    there are too few times for a line.
    """
    met = [at for rows in lines.values() for at, _ in rows]
    count = (max(met) - min(met)) // lasts + 1 if met else 0
    if count < FEWEST_POINTS:
        sums = [(name, sum(number for _, number in rows)) for name, rows in lines.items()]
        _bars(axes, title, sums, "looks")
        return
    times = [min(met) + number * lasts for number in range(count)]
    for (name, rows), colour in zip(lines.items(), COLOURS, strict=False):
        known: dict[datetime, int] = dict(rows)
        axes.plot(times, [known.get(at, 0) for at in times], color=colour, label=name, marker=".")
    locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]  # no annotations there
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # no annotations there
    axes.set_title(title)
    axes.set_ylabel(f"looks, each {each}")
    axes.margins(y=0.2)  # room for the legend
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", integer=True)
    axes.legend(frameon=False, ncols=3, loc="upper left")


def _bars(axes: Axes, title: str, rows: Rows, unit: str) -> None:
    axes.set_title(title)
    shown = list(rows)[:MAX_BARS]
    if not any(row[1] for row in shown):
        _nothing(axes)
        return
    bars = axes.barh([str(row[0]) for row in shown], [float(row[1]) for row in shown], color=BAR)
    axes.bar_label(bars, fmt=_said, padding=3)
    axes.set_ylim(max(len(shown), FEWEST_BARS) - 0.5, -0.5)  # the first on top, none too thick
    axes.margins(x=0.12)  # room for the numbers
    axes.set_xlim(left=0)
    whole = all(float(row[1]).is_integer() for row in shown)
    axes.locator_params(axis="x", integer=whole, nbins=5)
    axes.set_xlabel(unit)


def _said(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def _times(axes: Axes, rows: Rows) -> None:
    count, *values = rows[0]
    axes.set_title(f"From acceptance to the picture, {count} {'look' if count == 1 else 'looks'}")
    if not count:
        _nothing(axes)
        return
    found = axes.bar(["p50", "p95", "p99"], [value / 1000 for value in values], color=BAR)
    axes.bar_label(found, fmt="%.1f s")
    axes.set_ylabel("seconds")


def _money(axes: Axes, rows: Rows) -> None:
    axes.set_title("Credits by tenant")
    shown = list(rows)[:MAX_BARS]
    if not shown:
        _nothing(axes)
        return
    names = [str(row[0]) for row in shown]
    axes.barh(names, [row[1] for row in shown], color=BAR, label="charged")
    axes.barh(names, [row[2] for row in shown], color=SECOND, height=0.4, label="refunded")
    axes.set_ylim(max(len(shown), FEWEST_BARS) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", integer=True, nbins=5)
    axes.set_xlabel("credits")
    axes.legend(frameon=False, loc="lower right")


def _nothing(axes: Axes) -> None:
    """Words in place of an empty plot."""
    axes.set(xticks=[], yticks=[])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.text(0.5, 0.5, NOTHING, ha="center", va="center", transform=axes.transAxes)
