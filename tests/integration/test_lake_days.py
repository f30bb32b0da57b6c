"""A year in the lake: who asks for one day opens that day's files and no other."""

from datetime import UTC, datetime, timedelta

from pyiceberg.catalog import load_catalog

from devstack.stack import Stack
from lake.catalog import connect, options, table_name
from lake.layout import arrow_schema
from lake.reading import LakeSnapshot, WantedRows
from lake.rows import rows
from lake.tables import append, open_table, write
from runtime.records import Work
from schemas.events import TYPE_OF, LookCompleted
from schemas.ids import new_request_id
from schemas.samples import sample_of
from schemas.topics import LOOK_COMPLETED
from tests.integration.counted import CountedIO
from tests.integration.lakes import Lake, lake_of
from tests.making import decoded

FIRST = datetime(2025, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAYS, A_DAY, PER_DAY = 365, 180, 4


def a_year(services: Stack) -> Lake:
    """A few completions each day, of two commits."""
    made = lake_of(services, f"test_{new_request_id().lower()}")
    catalog = connect(made.settings, made.store, made.env)
    table = open_table(catalog, made.settings.schema_here, LOOK_COMPLETED)
    event = decoded(sample_of(TYPE_OF[LookCompleted]))
    for half in range(2):
        begins, ends = (PER_DAY * DAYS * part // 2 for part in (half, half + 1))
        works = [
            Work(LOOK_COMPLETED.name, 0, at, _ms(FIRST + timedelta(days=at / PER_DAY)), event)
            for at in range(begins, ends)
        ]
        append(
            table,
            write(table, rows(LOOK_COMPLETED, works)),
            {0: begins or None},
            {0: ends},
        )
    return made


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_a_day_of_a_year_reads_that_day_s_files_and_no_more(services: Stack) -> None:
    lake = a_year(services)
    counted = f"{CountedIO.__module__}.{CountedIO.__qualname__}"
    told = {**options(lake.settings, lake.store, lake.env), "py-io-impl": counted}
    table = load_catalog("counted", **told).load_table(
        (lake.settings.schema_here, table_name(LOOK_COMPLETED.name))
    )
    files = {
        task.file.file_path: (task.file.partition[0], task.file.file_size_in_bytes)
        for task in table.scan().plan_files()
    }
    assert len({day for day, _ in files.values()}) == DAYS
    since = FIRST + timedelta(days=A_DAY)
    wanted = WantedRows({0: (0, PER_DAY * DAYS)}, since, since + timedelta(days=1))
    CountedIO.opened.clear()
    snapshot = LakeSnapshot(LOOK_COMPLETED, table)
    (day,) = snapshot.days(wanted)
    found = list(snapshot.batches(day, wanted))
    opened = [path for path in CountedIO.opened if path in files]
    that_day = {path for path, (of, _) in files.items() if of == (since - EPOCH).days}
    assert sum(one.num_rows for one in found) == PER_DAY
    assert found[0].schema == arrow_schema(LOOK_COMPLETED)
    assert (set(opened), len(opened)) == (that_day, len(that_day))
    whole = sum(size for _, size in files.values())
    assert sum(files[path][1] for path in opened) < 2 * whole / DAYS
