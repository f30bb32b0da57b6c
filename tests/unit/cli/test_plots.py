"""The page of plots, of ranges from a moment to a year: nothing is a lone dot, an empty frame, or
labels that lie on each other.
"""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from cli.reporting.cookbook import of_folder
from cli.reporting.plots import FEWEST_POINTS, NOTHING, bucket_of, drawn
from replaying.parquet import ParquetSink
from schemas.events import (
    CreditRefund,
    LookCompleted,
    LookFailed,
    LookProgress,
    LookRequested,
    RequestEvent,
)
from schemas.failures import FailureCode, FailureReason
from schemas.topics import TOPIC_OF
from tests.making import a_request
from tests.unit.replaying.making import a_block, a_completion, put, request_id

FIRST = datetime(2026, 1, 2, 10, tzinfo=UTC)
LENGTHS = {
    "moment": timedelta(seconds=8),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "year": timedelta(days=365),
}
LOOKS = 60
CATEGORIES = ("shirt", "jeans", "dress", "jacket", "skirt", "shoes")
MODELS = (LookRequested, LookProgress, LookCompleted, LookFailed, CreditRefund)


def events(length: timedelta, *, healthy: bool) -> Iterator[RequestEvent]:
    """Looks of three tenants, evenly spread; every fifth fails where not all goes well."""
    for number in range(LOOKS):
        at, name = FIRST + length * (number / (LOOKS - 1)), request_id(number)
        tenant = f"a tenant with a long name {number % 3}"
        changes = {"tenant_id": tenant, "requested_at": at}
        yield a_request(name).model_copy(update=changes | {"deadline_at": at + timedelta(hours=1)})
        if healthy or number % 5:
            category = CATEGORIES[number % len(CATEGORIES)]
            made = a_completion(number, tenant=tenant, category=category)
            image = made.image.model_copy(update={"bytes": 90_000 + 7 * number})
            done = {"completed_at": at + timedelta(seconds=3), "image": image}
            done |= {"stage_ms": {"cut": 900.5, "fit": 11.25}}
            yield made.model_copy(update=done)
            continue
        code = FailureCode.CANCELLED if number % 2 else FailureCode.CANNOT_BE_DRESSED
        reason = FailureReason(code=code, message="so it is")
        yield LookFailed(request_id=name, tenant_id=tenant, error=reason, failed_at=at)


def page(folder: Path, told: list[RequestEvent]) -> Figure:
    sink = ParquetSink(folder, {"tenant": None}, topics=[TOPIC_OF[one].name for one in MODELS])
    for model in MODELS:
        if of_model := [one for one in told if type(one) is model]:
            put(sink, a_block(of_model, topic=TOPIC_OF[model].name))
    sink.close(complete=True)
    book = of_folder(folder)
    try:
        figure = drawn(book)
    finally:
        book.close()
    figure.savefig(io.BytesIO())
    return figure


def overlapping(labels: list[Text]) -> list[tuple[str, str]]:
    boxes = [(one.get_text(), one.get_window_extent()) for one in labels if one.get_text()]
    return [(a, b) for (a, one), (b, other) in pairwise(boxes) if one.overlaps(other)]


def is_told(axes: Axes) -> bool:
    """Whether it shows something that has a size, or says that there is nothing."""
    is_line = any(np.size(line.get_xdata()) >= FEWEST_POINTS for line in axes.lines)
    is_bar = any(min(one.get_window_extent().size) > 1 for one in axes.patches)
    return is_line or is_bar or NOTHING in [one.get_text() for one in axes.texts]


@pytest.mark.parametrize("healthy", [True, False], ids=["healthy", "with failures"])
@pytest.mark.parametrize("name", LENGTHS)
def test_every_plot_tells_something_whatever_the_range(
    tmp_path: Path, name: str, healthy: bool
) -> None:
    figure = page(tmp_path, [*events(LENGTHS[name], healthy=healthy)])
    plots = {one.get_title(): one for one in figure.axes}
    assert [title for title, one in plots.items() if not is_told(one)] == []
    dots = [np.size(line.get_xdata()) for one in figure.axes for line in one.lines]
    assert all(count >= FEWEST_POINTS for count in dots)
    assert bool(dots) == (name != "moment")
    on_each_other = {
        title: found
        for title, one in plots.items()
        for labels in (one.get_xticklabels(), one.get_yticklabels())
        if (found := overlapping(labels))
    }
    assert on_each_other == {}
    nothing = {
        t for t, one in plots.items() if any(said.get_text() == NOTHING for said in one.texts)
    }
    assert nothing == ({"Why looks fail", "Cancelled requests by tenant"} if healthy else set())


def test_a_page_of_nothing_says_so_in_every_plot(tmp_path: Path) -> None:
    figure = page(tmp_path, [])
    assert [one.get_title() for one in figure.axes if not is_told(one)] == []
    assert all(NOTHING in [said.get_text() for said in one.texts] for one in figure.axes)


def test_a_quiet_time_between_is_drawn_at_zero(tmp_path: Path) -> None:
    told = [*events(timedelta(days=2), healthy=True)]
    figure = page(tmp_path, told[:6] + told[-6:])
    (line,) = [one for axes in figure.axes for one in axes.lines if one.get_label() == "accepted"]
    counts = np.asarray(line.get_ydata())
    assert counts.size == 49
    assert (counts == 0).sum() > 40


@pytest.mark.parametrize(
    ("length", "bucket", "most"),
    [
        (timedelta(minutes=20), "minute", 31),
        (timedelta(hours=1), "5 minutes", 37),
        (timedelta(hours=24), "hour", 73),
        (timedelta(days=30), "day", 121),
        (timedelta(days=365), "week", 54),
    ],
)
def test_a_line_has_tens_of_points_for_an_hour_as_for_a_year(
    length: timedelta, bucket: str, most: int
) -> None:
    lasts, name = bucket_of(FIRST, FIRST + length)
    assert name == bucket
    assert 10 <= length / lasts <= most
    assert bucket_of(None, None)[1] == "minute"
