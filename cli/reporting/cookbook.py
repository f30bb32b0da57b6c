"""The ten questions, asked by DuckDB: their SQL stands in docs/cookbook.sql, once."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import duckdb

from cli.reporting.views import TOPICS, QueryEngine, TableSource, views
from lake.catalog import UNSET, NoLake, table_path
from replaying.errors import BadSelection, MissingPackages
from runtime.settings import LakeSettings, ObjectStoreSettings

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "cookbook.sql"
_QUESTION: Final = re.compile(r"^-- (\w+): .*\n((?:(?!^-- \w+: ).*\n)+)", re.MULTILINE)
MEMORY: Final = "512MB"
EXTENSIONS: Final = ("avro", "httpfs", "iceberg")
"""In the order in which they are loaded; they come as packages."""


def questions() -> dict[str, str]:
    """SQL by name, in the order of the file."""
    return {
        name: "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()
        for name, sql in _QUESTION.findall(PAGE.read_text())
    }


class Cookbook:
    """A DuckDB in memory with the views."""

    def __init__(self, db: duckdb.DuckDBPyConnection, source: TableSource, place: str) -> None:
        """`source`, `place`: as `views` takes them."""
        self.db = db
        self.db.execute("SET TimeZone = 'UTC'")
        for statement in views(QueryEngine.DUCKDB, source, place=place):
            self.db.execute(statement)

    def ask(self, name: str) -> Sequence[tuple[Any, ...]]:
        """The rows that answer a question."""
        return self.db.execute(questions()[name]).fetchall()

    def close(self) -> None:
        """Let go of the files."""
        self.db.close()


def of_folder(folder: Path, start: datetime | None = None, end: datetime | None = None) -> Cookbook:
    """Over what `looks replay --format parquet` wrote, from a time up to another. Raises
    BadSelection when a topic that the questions need is not there.
    """
    missing = sorted(
        topic for topic in TOPICS.values() if not any(folder.glob(f"topic={topic}/**/*.parquet"))
    )
    if missing:
        raise BadSelection(
            f"{folder} holds no replay of {', '.join(missing)}: see docs/cookbook.md"
        )
    place = str(folder).replace("'", "''")

    def source(topic: str) -> str:
        files = f"read_parquet('{place}/topic={topic}/**/*.parquet', union_by_name = true)"
        return within(files, "_timestamp", start, end)

    return Cookbook(_opened(), source, "_")


def _opened(**more: str) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect(":memory:", config={"memory_limit": MEMORY, **more})
    # standard output is the caller's: DuckDB draws a bar there when a statement takes 2 s
    db.execute("SET enable_progress_bar = false")
    return db


def within(source: str, at: str, start: datetime | None, end: datetime | None) -> str:
    """What of a source was written from a time on, up to another."""
    told = [
        f"{at} {compare} TIMESTAMPTZ '{moment.isoformat()}'"
        for compare, moment in ((">=", start), ("<", end))
        if moment is not None
    ]
    return f"(SELECT * FROM {source} WHERE {' AND '.join(told)})" if told else source


def of_lake(
    lake: LakeSettings,
    store: ObjectStoreSettings,
    env: Mapping[str, str],
    start: datetime | None = None,
    end: datetime | None = None,
) -> Cookbook:
    """Over the lake's tables, from a time up to another, read by DuckDB itself. Raises NoLake,
    MissingPackages, and what duckdb raises.
    """
    if lake.catalog_uri is None or lake.warehouse is None:
        raise NoLake(UNSET)
    db = _opened(allow_unsigned_extensions="true")
    with tempfile.TemporaryDirectory() as folder:
        db.execute(f"SET extension_directory = '{folder}'")
        for name in EXTENSIONS:
            db.execute(f"INSTALL '{_extension(name)}'")
            db.execute(f"LOAD {name}")
        for statement in attached(lake, store, env):
            db.execute(statement)
    return Cookbook(
        db, lambda topic: within(f"lake.{table_path(lake, topic)}", "timestamp", start, end), ""
    )


def _extension(name: str) -> Path:
    found = find_spec(f"duckdb_extension_{name}")
    places = found.submodule_search_locations if found is not None else None
    files = [file for one in places or () for file in Path(one).rglob(f"{name}.duckdb_extension")]
    if not files:
        raise MissingPackages(f"duckdb-extension-{name}")
    return files[0]


def attached(lake: LakeSettings, store: ObjectStoreSettings, env: Mapping[str, str]) -> list[str]:
    """What DuckDB is told of catalog and bucket: secret."""
    key, secret = env.get("AWS_ACCESS_KEY_ID", ""), env.get("AWS_SECRET_ACCESS_KEY", "")
    files = {"TYPE": "s3", "KEY_ID": _text(key), "SECRET": _text(secret)}
    files["REGION"] = _text(store.region)
    if store.endpoint_url:
        at = urlsplit(store.endpoint_url)
        files |= {"ENDPOINT": _text(at.netloc), "URL_STYLE": "'path'"}
        files["USE_SSL"] = "true" if at.scheme == "https" else "false"
    catalog = {"TYPE": "iceberg"}
    if credential := lake.credential.get_secret_value():
        client, _, word = credential.partition(":")
        uri = lake.oauth2_server_uri or f"{str(lake.catalog_uri).rstrip('/')}/v1/oauth/tokens"
        catalog |= {"CLIENT_ID": _text(client), "CLIENT_SECRET": _text(word)}
        catalog["OAUTH2_SERVER_URI"] = _text(uri)
    else:
        catalog["TOKEN"] = _text(lake.token.get_secret_value())
    there = f"TYPE iceberg, ENDPOINT {_text(str(lake.catalog_uri))}, SECRET catalog"
    return [
        f"CREATE SECRET files ({', '.join(f'{name} {told}' for name, told in files.items())})",
        f"CREATE SECRET catalog ({', '.join(f'{name} {told}' for name, told in catalog.items())})",
        f"ATTACH {_text(str(lake.warehouse))} AS lake ({there})",
    ]


def _text(told: str) -> str:
    return "'" + told.replace("'", "''") + "'"
