"""The lake's tables for whoever reads and keeps them: recipes of the docs, `looks lake`, the audit,
and a table that grows with its event.
"""

import asyncio
import json
import os
import re
import sys
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from aiokafka import AIOKafkaProducer

from devstack.folder import CHECKOUT
from devstack.stack import Stack
from lake.catalog import connect
from lake.connect import connector, offsets
from lake.layout import TOPICS
from lake.stray import unknown_files
from lake.tables import SINK_OFFSETS, append, offsets_of, open_table, write
from lake.upkeep import compact, expire
from operations.auditing.lake_side import LakeSide
from runtime.kafka import ConsumerRecord, read
from runtime.reading import read_all
from runtime.records import Work
from schemas.ids import new_request_id
from schemas.topics import LOOK_COMPLETED
from tests.integration.lakes import Lake, lake_of, records, send, transactions, writer

PAGE = (CHECKOUT / "docs" / "lake.md").read_text()
LOOKS = str(Path(sys.executable).with_name("looks"))


@pytest.fixture
async def lake(
    services: Stack, producer: AIOKafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> Lake:
    """Written in several commits."""
    made = lake_of(services, f"test_{new_request_id().lower()}")
    for name, told in services.env.items():
        monkeypatch.setenv(name, told)
    async with writer(made):
        for _ in range(3):
            await send(producer, records(12))
            await made.settled()
        await transactions(made.kafka, 1)
        await made.settled()
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


async def test_the_recipes_of_the_page_read_every_row(lake: Lake) -> None:
    by_pyiceberg, by_duckdb = (
        one.replace('"looks.', f'"{lake.settings.schema_here}.') for one in blocks("python")
    )
    scope: dict[str, Any] = {}
    exec(by_pyiceberg, scope)
    counted = scope["rows"].num_rows
    assert counted == len(await lake.committed())
    rows = scope["rows"]
    found = by_duckdb.partition("duckdb.sql(")[2].rpartition(")")[0]
    answer = duckdb.sql(found.strip('"')).fetchall()
    assert rows.num_rows == sum(looks for _, looks, _ in answer)


@pytest.mark.skipif(find_spec("duckdb_extension_iceberg") is None, reason="needs its extensions")
async def test_duckdb_alone_reads_the_catalog(lake: Lake, tmp_path: Path) -> None:
    (sql,) = blocks("sql")
    key, secret = lake.env["AWS_ACCESS_KEY_ID"], lake.env["AWS_SECRET_ACCESS_KEY"]
    uri, endpoint = lake.env["LOOKS_LAKE_CATALOG_URI"], lake.env["LOOKS_S3_ENDPOINT_URL"]
    for told, here in (
        ("'KEY'", f"'{key}'"),
        ("'SECRET'", f"'{secret}'"),
        ("127.0.0.1:8333", endpoint.removeprefix("http://")),
        ("http://127.0.0.1:8181", uri),
        ("lake.looks.", f"lake.{lake.settings.schema_here}."),
    ):
        sql = sql.replace(told, here)
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.execute(f"SET extension_directory='{tmp_path}'")
    for name in ("avro", "httpfs", "iceberg"):
        (file,) = _files(name)
        connection.execute(f"INSTALL '{file}'; LOAD {name}")
    found = connection.execute(sql).fetchall()
    assert sum(count for _, count in found) == len(await lake.committed())


def _files(extension: str) -> list[Path]:
    found = find_spec(f"duckdb_extension_{extension}")
    assert found is not None
    assert found.submodule_search_locations is not None
    (folder,) = found.submodule_search_locations
    return list(Path(folder).rglob(f"{extension}.duckdb_extension"))


async def test_a_scan_of_another_day_reads_no_file(lake: Lake) -> None:
    scan = lake.table().scan("timestamp < '2020-01-01T00:00:00+00:00'")
    assert list(scan.plan_files()) == []


async def test_upkeep_merges_files_and_forgets_snapshots_and_no_row(lake: Lake) -> None:
    before, stood = lake.places(), offsets_of(lake.table())
    table = lake.table()
    many = len(list(table.scan().plan_files()))
    assert many > 2
    old = {task.file.file_path for task in table.scan().plan_files()}
    assert (compact(table).before, len(list(table.scan().plan_files()))) == (many, 1)
    gone = expire(table, datetime.now(UTC))
    assert gone.snapshots >= many
    assert not any(table.io.new_input(path).exists() for path in old)
    assert len(lake.table().snapshots()) == 1
    assert (lake.places(), offsets_of(lake.table())) == (before, stood)
    async with writer(lake):
        await transactions(lake.kafka, 1)
        await lake.settled()
    await lake.exact()


async def test_where_a_table_stands_counts_what_another_engine_has_added(lake: Lake) -> None:
    table = lake.table()
    stands = offsets_of(table)
    number, end = max(stands.items())
    row = table.scan(limit=1).to_arrow()
    for name, told in (("partition", number), ("offset", end + 5)):
        at = row.schema.get_field_index(name)
        row = row.set_column(at, row.schema.field(at), pa.array([told], row.schema.field(at).type))
    noted = {f"{SINK_OFFSETS}looks.lake-control.connect-looks.lake-sink": '{"0":7}'}
    table.append(row, snapshot_properties=noted)  # as Kafka Connect does: no offset of its topic
    grown = {**stands, number: end + 6}
    assert offsets_of(lake.table()) == grown
    assert compact(table).before > 1
    expire(table, datetime.now(UTC))
    (snapshot,) = lake.table().snapshots()
    assert snapshot.summary is not None
    assert noted.items() <= snapshot.summary.additional_properties.items()
    assert offsets_of(lake.table()) == grown


async def test_the_commands_tell_and_maintain(lake: Lake) -> None:
    told = await looks(lake, "tables")
    assert [line.split()[0] for line in told.splitlines()] == [
        f"{lake.settings.schema_here}.{topic.name.replace('.', '_').replace('-', '_')}"
        for topic in TOPICS
    ]
    table = lake.table()
    left = write(table, table.scan().to_arrow())  # as a writer that is killed before it commits
    assert {one.file_path for one in left} <= {path for path, _, _ in unknown_files(table)}
    maintained = await looks(lake, "maintain", "--keep-h", "0")
    assert len(maintained.splitlines()) == len(TOPICS)
    assert all(table.io.new_input(one.file_path).exists() for one in left)
    removed = await looks(lake, "maintain", "--keep-h", "0", "--stray-h", "0")
    assert f"{len(left)} stray files removed" in removed
    assert list(unknown_files(lake.table())) == []
    await lake.exact()


async def test_the_commands_tell_kafka_connect_and_make_what_it_needs(lake: Lake) -> None:
    stands = {topic.name: offsets_of(lake.table(topic)) for topic in TOPICS}
    told = json.loads(await looks(lake, "connect-offsets"))
    assert told == offsets(lake.kafka.names, stands)
    sink = json.loads(await looks(lake, "connect-config", "--tasks", "2"))
    assert sink == connector(lake.kafka, lake.settings, lake.store, 2)
    control = f"{lake.kafka.names.group('looks.lake-control')}: "
    for ending in ("created", "is there"):
        made = (await looks(lake, "prepare")).splitlines()
        assert (len(made), made[-1]) == (len(TOPICS) + 1, control + ending)


async def test_the_audit_finds_a_row_that_is_missing_and_one_that_is_twice(lake: Lake) -> None:
    assert await audited(lake) == []
    table = lake.table()
    rows = table.scan().to_arrow()
    twice, missing = rows.slice(0, 1), rows.slice(1, 1)
    stands = offsets_of(table)
    append(table, write(table, twice), {}, {})
    number, offset = missing["partition"][0].as_py(), missing["offset"][0].as_py()
    table.delete(f"partition = {number} and offset = {offset}")
    assert offsets_of(lake.table()) == stands
    found = await audited(lake)
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


async def test_a_table_that_lacks_a_column_is_given_it_and_old_rows_have_null(lake: Lake) -> None:
    catalog = connect(lake.settings, lake.store, os.environ)
    name = f"{lake.settings.schema_here}_old"
    table = open_table(catalog, name, LOOK_COMPLETED)
    rows = lake.table().scan().to_arrow()
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
