"""The lake's tables for whoever reads and keeps them: recipes of the docs, `looks lake`, the audit,
and a table that grows with its event.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from lake.catalog import connect
from lake.connect import connector, offsets
from lake.layout import TOPICS
from lake.stray import unknown_files
from lake.tables import SINK_OFFSETS, append, offsets_of, open_table, write
from lake.upkeep import compact, expire
from operations.auditing.lake_side import LakeSide
from runtime.kafka import ConsumerRecord, new_producer, read
from runtime.reading import read_all
from runtime.records import Work
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED
from tests.integration.lakes import Lake, lake_of, records, send, transactions, writer
from tests.shared_services import run_apart

PAGE = (CHECKOUT / "docs" / "lake.md").read_text()
LOOKS = str(Path(sys.executable).with_name("looks"))


@pytest.fixture(scope="module")
def filled(services: Stack) -> Iterator[Lake]:
    """Written in several commits, and exact until more records are sent, which the last test does.
    What changes tables is given a `copied` one.
    """
    made = lake_of(services, f"test_{new_request_id().lower()}")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, told in services.env.items():
            monkeypatch.setenv(name, told)
        run_apart(fill(made))
        yield made


async def fill(lake: Lake) -> None:
    producer = new_producer(lake.kafka, "test")
    await producer.start()
    try:
        async with writer(lake):
            for _ in range(3):
                await send(producer, records(12))
                await lake.settled()
            await transactions(lake.kafka, 1)
            await lake.settled()
    finally:
        await producer.stop()
    await lake.exact()


@pytest.fixture
def copied(services: Stack, filled: Lake) -> Lake:
    """Other tables with the same rows, in as many commits, that say that they stand there too."""
    made = lake_of(services, f"test_{new_request_id().lower()}")
    catalog = connect(made.settings, made.store, made.env)
    for topic in TOPICS:
        there = filled.table(topic)
        rows, table = there.scan().to_arrow(), open_table(catalog, made.settings.schema_here, topic)
        third = max(1, rows.num_rows // 3)
        for at in (0, third):
            append(table, write(table, rows.slice(at, third)), {}, {})
        stands = offsets_of(there)
        last = write(table, rows.slice(2 * third))
        append(table, last, dict.fromkeys(stands), stands)
        assert (made.places(topic), offsets_of(table)) == (filled.places(topic), stands)
    return made


async def looks(lake: Lake, *words: str) -> str:
    process = await asyncio.create_subprocess_exec(
        LOOKS, "lake", *words, stdout=asyncio.subprocess.PIPE, env=lake.env, cwd=CHECKOUT
    )
    told, _ = await process.communicate()
    assert process.returncode == 0, told
    return told.decode()


def blocks(language: str) -> list[str]:
    """The page's recipes, for the tables of a test."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


async def test_the_recipes_of_the_page_read_every_row(filled: Lake) -> None:
    by_pyiceberg, by_duckdb = (
        one.replace('"looks.', f'"{filled.settings.schema_here}.') for one in blocks("python")
    )
    scope: dict[str, Any] = {}
    exec(by_pyiceberg, scope)
    counted = scope["rows"].num_rows
    assert counted == filled.places().total()
    rows = scope["rows"]
    found = by_duckdb.partition("duckdb.sql(")[2].rpartition(")")[0]
    answer = duckdb.sql(found.strip('"')).fetchall()
    assert rows.num_rows == sum(looks for _, looks, _ in answer)


@pytest.mark.skipif(find_spec("duckdb_extension_iceberg") is None, reason="needs its extensions")
async def test_duckdb_alone_reads_the_catalog(filled: Lake, tmp_path: Path) -> None:
    (sql,) = blocks("sql")
    key, secret = filled.env["AWS_ACCESS_KEY_ID"], filled.env["AWS_SECRET_ACCESS_KEY"]
    uri, endpoint = filled.env["LOOKS_LAKE_CATALOG_URI"], filled.env["LOOKS_S3_ENDPOINT_URL"]
    for told, here in (
        ("'KEY'", f"'{key}'"),
        ("'SECRET'", f"'{secret}'"),
        ("127.0.0.1:8333", endpoint.removeprefix("http://")),
        ("http://127.0.0.1:8181", uri),
        ("lake.looks.", f"lake.{filled.settings.schema_here}."),
    ):
        sql = sql.replace(told, here)
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"SET extension_directory='{tmp_path}'")
    for name in ("avro", "httpfs", "iceberg"):
        (file,) = _files(name)
        connection.execute(f"INSTALL '{file}'; LOAD {name}")
    found = connection.execute(sql).fetchall()
    assert sum(count for _, count in found) == filled.places().total()


def _files(extension: str) -> list[Path]:
    found = find_spec(f"duckdb_extension_{extension}")
    assert found is not None
    assert found.submodule_search_locations is not None
    (folder,) = found.submodule_search_locations
    return list(Path(folder).rglob(f"{extension}.duckdb_extension"))


async def test_a_scan_of_another_day_reads_no_file(filled: Lake) -> None:
    scan = filled.table().scan("timestamp < '2020-01-01T00:00:00+00:00'")
    assert list(scan.plan_files()) == []


async def test_where_a_table_stands_counts_what_another_engine_has_added(copied: Lake) -> None:
    table = copied.table()
    stands = offsets_of(table)
    number, end = max(stands.items())
    row = table.scan(limit=1).to_arrow()
    for name, told in (("partition", number), ("offset", end + 5)):
        at = row.schema.get_field_index(name)
        row = row.set_column(at, row.schema.field(at), pa.array([told], row.schema.field(at).type))
    noted = {f"{SINK_OFFSETS}looks.lake-control.connect-looks.lake-sink": '{"0":7}'}
    table.append(row, snapshot_properties=noted)  # as Kafka Connect does: no offset of its topic
    grown = {**stands, number: end + 6}
    assert offsets_of(copied.table()) == grown
    assert compact(table).before > 1
    expire(table, datetime.now(UTC))
    (snapshot,) = copied.table().snapshots()
    assert snapshot.summary is not None
    assert noted.items() <= snapshot.summary.additional_properties.items()
    assert offsets_of(copied.table()) == grown


async def test_the_commands_tell_and_maintain(copied: Lake) -> None:
    told = await looks(copied, "tables")
    assert [line.split()[0] for line in told.splitlines()] == [
        f"{copied.settings.schema_here}.{topic.name.replace('.', '_').replace('-', '_')}"
        for topic in TOPICS
    ]
    table = copied.table()
    left = write(table, table.scan().to_arrow())  # as a writer that is killed before it commits
    assert {one.file_path for one in left} <= {path for path, _, _ in unknown_files(table)}
    maintained = await looks(copied, "maintain", "--keep-h", "0")
    assert len(maintained.splitlines()) == len(TOPICS)
    assert all(table.io.new_input(one.file_path).exists() for one in left)
    removed = await looks(copied, "maintain", "--keep-h", "0", "--stray-h", "0")
    assert f"{len(left)} stray files removed" in removed
    assert list(unknown_files(copied.table())) == []
    await copied.exact()


async def test_the_commands_tell_kafka_connect_and_make_what_it_needs(filled: Lake) -> None:
    stands = {topic.name: offsets_of(filled.table(topic)) for topic in TOPICS}
    told = json.loads(await looks(filled, "connect-offsets"))
    assert told == offsets(filled.kafka.names, stands)
    sink = json.loads(await looks(filled, "connect-config", "--tasks", "2"))
    assert sink == connector(filled.kafka, filled.settings, filled.store, 2)
    control = f"{filled.kafka.names.group('looks.lake-control')}: "
    for ending in ("created", "is there"):
        made = (await looks(filled, "prepare")).splitlines()
        assert (len(made), made[-1]) == (len(TOPICS) + 1, control + ending)


async def test_the_audit_finds_a_row_that_is_missing_and_one_that_is_twice(copied: Lake) -> None:
    assert await audited(copied) == []
    table = copied.table()
    rows = table.scan().to_arrow()
    twice, missing = rows.slice(0, 1), rows.slice(1, 1)
    stands = offsets_of(table)
    append(table, write(table, twice), {}, {})
    number, offset = missing["partition"][0].as_py(), missing["offset"][0].as_py()
    table.delete(f"partition = {number} and offset = {offset}")
    assert offsets_of(copied.table()) == stands
    found = await audited(copied)
    again, at = twice["partition"][0].as_py(), twice["offset"][0].as_py()
    place = f"{LOOK_COMPLETED.name}[{again}]@{at}"
    assert sorted((one.promise, one.subject, one.seen) for one in found) == sorted(
        [
            (11, place, "is in the lake more than once"),
            (
                11,
                f"{LOOK_COMPLETED.name}[{number}]@{offset}",
                "is committed and not in the lake",
            ),
        ]
    )


async def audited(lake: Lake) -> list[Any]:
    side = LakeSide(lake.settings, lake.store)
    await asyncio.to_thread(side.look)

    def take(record: ConsumerRecord) -> None:
        if isinstance(read(record), Work):
            side.saw(record)

    await read_all(lake.kafka, TOPICS, take)
    return list(side.violations())


async def test_a_table_that_lacks_a_column_is_given_it_and_old_rows_have_null(filled: Lake) -> None:
    catalog = connect(filled.settings, filled.store, os.environ)
    name = f"{filled.settings.schema_here}_old"
    table = open_table(catalog, name, LOOK_COMPLETED)
    rows = filled.table().scan().to_arrow()
    append(table, write(table, rows), {}, {})
    with table.update_schema() as shrunk:
        shrunk.delete_column("warnings")
        shrunk.delete_column("image.sha256")
    grown = open_table(catalog, name, LOOK_COMPLETED)
    again = grown.scan().to_arrow()
    assert again.num_rows == rows.num_rows
    assert again["warnings"].null_count == rows.num_rows
    sha256 = again.schema.field("image").type.field("sha256").type
    assert pa.types.is_string(sha256) or pa.types.is_large_string(sha256)
    append(grown, write(grown, rows), {}, {})
    assert grown.scan().to_arrow()["warnings"].null_count == rows.num_rows


async def test_upkeep_merges_files_and_forgets_snapshots_and_no_row(copied: Lake) -> None:
    before, stood = copied.places(), offsets_of(copied.table())
    table = copied.table()
    many = len(list(table.scan().plan_files()))
    assert many > 2
    old = {task.file.file_path for task in table.scan().plan_files()}
    assert (compact(table).before, len(list(table.scan().plan_files()))) == (many, 1)
    gone = expire(table, datetime.now(UTC))
    assert gone.snapshots >= many
    assert not any(table.io.new_input(path).exists() for path in old)
    assert len(copied.table().snapshots()) == 1
    assert (copied.places(), offsets_of(copied.table())) == (before, stood)
    async with writer(copied):
        await transactions(copied.kafka, 1)  # from here on `filled` lacks some
        await copied.settled()
    await copied.exact()
