"""Every question of docs/cookbook.sql, asked of a replayed set with known answers."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cli.reporting.cookbook import of_folder, questions
from cli.reporting.plots import report
from cli.reporting.views import QueryEngine, views
from lake.catalog import table_name
from replaying.duck import DuckSink
from replaying.errors import BadSelection
from replaying.parquet import ParquetSink
from replaying.sinks import Sink
from schemas.events import (
    CreditRefund,
    LookCompleted,
    LookFailed,
    LookProgress,
    LookRequested,
    RequestEvent,
    Stage,
)
from schemas.failures import FailureCode, FailureReason
from schemas.topics import TOPIC_OF
from tests.making import a_request
from tests.unit.replaying.making import NOON_MS, a_block, a_completion, put, request_id

DAY = datetime(2026, 1, 2, 10, tzinfo=UTC)


def requested(number: int, tenant: str, hour: int = 0) -> LookRequested:
    at = DAY + timedelta(hours=hour)
    changes = {"tenant_id": tenant, "requested_at": at, "deadline_at": at + timedelta(minutes=10)}
    return a_request(request_id(number)).model_copy(update=changes)


def completed(
    number: int, tenant: str, *, took_s: int, category: str, size: int, hour: int = 0
) -> LookCompleted:
    made = a_completion(number, tenant=tenant, category=category)
    at = DAY + timedelta(hours=hour, seconds=took_s)
    image = made.image.model_copy(update={"bytes": size, "width": 100 * number, "height": 10})
    stages = {"cut": 10.0 * number, "fit": 5.0}
    return made.model_copy(update={"completed_at": at, "image": image, "stage_ms": stages})


def failed(number: int, tenant: str, code: FailureCode) -> LookFailed:
    reason = FailureReason(code=code, message="so it is")
    return LookFailed(request_id=request_id(number), tenant_id=tenant, error=reason, failed_at=DAY)


def refund(number: int, tenant: str, code: FailureCode) -> CreditRefund:
    return CreditRefund(
        request_id=request_id(number), tenant_id=tenant, amount=10, reason=code, refunded_at=DAY
    )


def progress(number: int, stage: Stage, attempt: int) -> LookProgress:
    return LookProgress(
        request_id=request_id(number), tenant_id="a", stage=stage, attempt=attempt, at=DAY
    )


EVENTS: dict[type[RequestEvent], Sequence[RequestEvent]] = {
    LookRequested: [
        requested(1, "a"),
        requested(2, "a"),
        requested(3, "b", 4),
        requested(4, "b"),
        requested(5, "b", 1),
        requested(6, "a", 26),
        requested(7, "b", 4),
    ],
    LookCompleted: [
        completed(1, "a", took_s=1, category="shirt", size=100),
        completed(2, "a", took_s=3, category="jeans", size=300),
        completed(6, "a", took_s=2, category="shirt", size=50, hour=26),
    ],
    LookFailed: [
        failed(3, "b", FailureCode.CANCELLED),
        failed(4, "b", FailureCode.TIMEOUT),
        failed(7, "b", FailureCode.CANNOT_BE_DRESSED),  # `no_garment_found` to old readers
    ],
    CreditRefund: [
        refund(3, "b", FailureCode.CANCELLED),
        refund(4, "b", FailureCode.TIMEOUT),
        refund(7, "b", FailureCode.CANNOT_BE_DRESSED),
    ],
}
STEPS = [
    progress(1, Stage.COMPOSING, 1),
    progress(2, Stage.COMPOSING, 1),
    progress(2, Stage.RETRYING, 1),
    progress(2, Stage.COMPOSING, 2),
]

ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "completions_by_category": [
        (date(2026, 1, 2), "jeans", 1),
        (date(2026, 1, 2), "shirt", 1),
        (date(2026, 1, 3), "shirt", 1),
    ],
    "time_to_look": [(3, 2000.0, 2900.0, 2980.0)],
    "failure_reasons": [
        ("cancelled", 1, 0.333),
        ("cannot_be_dressed", 1, 0.333),
        ("timeout", 1, 0.333),
    ],
    "refunds_against_charges": [("a", 30, 0, 0.0), ("b", 40, 30, 0.75)],
    "retry_cost": [(1, 1, 3, 0.333)],
    "cancel_rate": [("a", 3, 0, 0.0), ("b", 4, 1, 0.25)],
    "busiest_hours": [(10, 3), (14, 2), (11, 1), (12, 1)],
    "slowest_stages": [("cut", 30.0, 56.0), ("fit", 5.0, 5.0)],
    "bytes_by_tenant": [("a", 3, 450, 300, 6000)],
    "without_outcome": [(request_id(5), "b", DAY + timedelta(hours=1, minutes=10))],
}


def write_known(sink: Sink) -> None:
    """The set with known answers, as a replay writes it."""
    for model, events in EVENTS.items():
        topic = TOPIC_OF[model].name
        put(sink, a_block(events, topic=topic))
        put(sink, a_block(events[:1], first=len(events), topic=topic))  # delivered once more
    steps = a_block(STEPS, topic=TOPIC_OF[LookProgress].name)
    steps.records = [  # each its own event
        replace(one, headers=(*one.headers, ("ce_id", f"step-{one.offset}".encode())))
        for one in steps.records
    ]
    put(sink, steps)
    sink.close(complete=True)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed")
    write_known(ParquetSink(folder, {"tenant": None}))
    return folder


def test_every_question_has_its_answer() -> None:
    assert list(questions()) == list(ANSWERS)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answer_is_right(replayed: Path, name: str) -> None:
    book = of_folder(replayed)
    try:
        assert [tuple(row) for row in book.ask(name)] == ANSWERS[name]
    finally:
        book.close()


@pytest.mark.parametrize("model", [None, LookRequested, LookCompleted])
def test_a_range_without_failures_or_without_anything_is_answered_and_drawn(
    tmp_path: Path, model: type[RequestEvent] | None
) -> None:
    """The first day of a healthy system."""
    models: list[type[RequestEvent]] = [*EVENTS, LookProgress]
    topics = [TOPIC_OF[one].name for one in models]
    sink = ParquetSink(tmp_path, {"tenant": None}, topics=topics)
    if model is not None:
        put(sink, a_block(EVENTS[model], topic=TOPIC_OF[model].name))
    sink.close(complete=True)
    book = of_folder(tmp_path)
    try:
        answers = {name: book.ask(name) for name in questions()}
        report(book, tmp_path / "report.png")
    finally:
        book.close()
    assert answers["failure_reasons"] == []
    assert (answers["busiest_hours"] == []) == (model is not LookRequested)
    assert answers["time_to_look"][0][0] == 0
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_file_goes_when_records_come(tmp_path: Path) -> None:
    topic = TOPIC_OF[LookFailed].name
    for events in ([], EVENTS[LookFailed]):
        sink = ParquetSink(tmp_path, {"tenant": None}, topics=[topic])
        if events:
            put(sink, a_block(events, topic=topic))
        sink.close(complete=True)
        names = [path.name for path in tmp_path.rglob("*.parquet")]
        assert names == (["part-000001-0000.parquet"] if events else ["empty.parquet"])
    # DuckDB 1.5.5 fails at the bare smallest value of a column that stands in the paths alone.
    found = duckdb.execute(
        f"SELECT count(*), min(day + 0) FROM '{tmp_path}/**/*.parquet'"
    ).fetchall()
    assert found == [(len(EVENTS[LookFailed]), date(2026, 1, 2))]


def test_a_duckdb_file_has_a_table_for_every_topic_that_was_asked_for(tmp_path: Path) -> None:
    sink = DuckSink(tmp_path / "looks.duckdb", [TOPIC_OF[LookFailed].name])
    sink.close(complete=True)
    with duckdb.connect(str(tmp_path / "looks.duckdb")) as db:
        assert db.execute("SELECT count(error.code) FROM look_failed").fetchall() == [(0,)]


def test_a_topic_that_was_not_replayed_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSelection, match=r"credit\.refund"):
        of_folder(tmp_path)


def test_the_report_is_one_page_with_its_picture(replayed: Path, tmp_path: Path) -> None:
    book = of_folder(replayed)
    report(book, tmp_path / "report.png")
    report(book, tmp_path / "report.html")
    picture = (tmp_path / "report.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 50_000
    assert "data:image/png;base64," in (tmp_path / "report.html").read_text()
    with pytest.raises(BadSelection, match=r"\.html or \.png"):
        report(book, tmp_path / "report.pdf")
    book.close()


def test_a_report_of_a_range_is_of_that_range(replayed: Path) -> None:
    """All records of the set were written within one second of noon."""
    noon = datetime.fromtimestamp(NOON_MS / 1000, UTC)
    for start, end, looks in (
        (noon, None, 3),
        (None, noon, 0),
        (noon + timedelta(days=1), None, 0),
    ):
        book = of_folder(replayed, start, end)
        assert book.ask("time_to_look")[0][0] == looks
        book.close()


@pytest.mark.parametrize("engine", QueryEngine)
def test_every_engine_has_every_view(engine: QueryEngine) -> None:
    made = views(engine, lambda topic: f"lake.looks.{table_name(topic)}")
    named = [re.search(r"VIEW (\w+) AS", one) for one in made]
    assert [one and one[1] for one in named] == [
        "requested",
        "progress",
        "completed",
        "failed",
        "refunds",
        "completed_items",
        "stage_times",
    ]
    asked = "\n".join(questions().values())
    used = set(re.findall(r"(?:FROM|JOIN) (\w+)(?!\w|\))", asked))
    assert used == {one[1] for one in named if one}
