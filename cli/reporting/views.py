"""The views that docs/cookbook.sql asks, in the words of an engine: one row an event, whatever was
delivered twice; what is nested and what engines call otherwise is laid flat here, once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.topics import CREDIT_REFUND, LOOK_COMPLETED, LOOK_FAILED, LOOK_PROGRESS, LOOK_REQUESTED

TableSource = Callable[[str], str]
"""A topic's name -> what an engine reads it from."""


class QueryEngine(StrEnum):
    """Whose words."""

    DUCKDB = "duckdb"
    SPARK = "spark"
    TRINO = "trino"
    SNOWFLAKE = "snowflake"


@dataclass(frozen=True, slots=True)
class EngineWords:
    """What engines say differently. `{0}` is a column."""

    make: str
    ms: str
    items: str
    stages: str


_MAKE: Final = "CREATE OR REPLACE VIEW {name} AS {body};"
WORDS: Final[Mapping[QueryEngine, EngineWords]] = {
    QueryEngine.DUCKDB: EngineWords(
        "CREATE OR REPLACE TEMP VIEW {name} AS {body};",
        "epoch_ms({0})",
        "SELECT request_id, completed_at, item.trial_item_category AS category FROM "
        "(SELECT request_id, completed_at, unnest(items) AS item FROM completed) AS flat",
        "SELECT request_id, stage.key AS stage, stage.value AS ms FROM "
        "(SELECT request_id, unnest(map_entries(stage_ms)) AS stage FROM completed) AS flat",
    ),
    QueryEngine.SPARK: EngineWords(
        "CREATE OR REPLACE TEMPORARY VIEW {name} AS {body};",
        "unix_millis({0})",
        "SELECT request_id, completed_at, item.trial_item_category AS category FROM completed "
        "LATERAL VIEW explode(items) flat AS item",
        "SELECT request_id, stage, ms FROM completed LATERAL VIEW explode(stage_ms) flat AS stage, "
        "ms",
    ),
    QueryEngine.TRINO: EngineWords(
        _MAKE,
        "CAST(to_unixtime({0}) * 1000 AS bigint)",
        "SELECT request_id, completed_at, item.trial_item_category AS category FROM completed "
        "CROSS JOIN UNNEST(items) AS flat (item)",
        "SELECT request_id, stage, ms FROM completed CROSS JOIN UNNEST(stage_ms) AS flat (stage, "
        "ms)",
    ),
    QueryEngine.SNOWFLAKE: EngineWords(
        _MAKE,
        "date_part(epoch_millisecond, {0})",
        "SELECT request_id, completed_at, flat.value:trial_item_category::varchar AS category "
        "FROM completed, LATERAL flatten(input => items::array) AS flat",
        "SELECT request_id, flat.key AS stage, flat.value::double AS ms FROM completed, "
        "LATERAL flatten(input => stage_ms::object) AS flat",
    ),
}
TOPICS: Final = {
    "requested": LOOK_REQUESTED.name,
    "progress": LOOK_PROGRESS.name,
    "completed": LOOK_COMPLETED.name,
    "failed": LOOK_FAILED.name,
    "refunds": CREDIT_REFUND.name,
}
"""View -> the topic whose events it has."""
_BEYOND: Final[Mapping[str, str]] = {
    "requested": "{ms_requested_at} AS requested_ms",
    "completed": "{ms_completed_at} AS completed_ms, image.bytes AS bytes, image.width AS width, "
    "image.height AS height",
    # as HTTP and the console say it: a narrower code travels as the cause
    "failed": "coalesce(error.cause, error.code) AS reason",
}
"""Columns beside those of the events."""


def views(engine: QueryEngine, source: TableSource, *, place: str = "") -> list[str]:
    """One statement a view. `place`: what stands before the names of an event's place, such as
    `ce_id`, in these sources.
    """
    words = WORDS[engine]
    times = {f"ms_{name}": words.ms.format(name) for name in ("requested_at", "completed_at")}
    made = [
        words.make.format(name=view, body=_once(source(topic), _columns(view, times), place))
        for view, topic in TOPICS.items()
    ]
    flat = {"completed_items": words.items, "stage_times": words.stages}
    return made + [words.make.format(name=name, body=body) for name, body in flat.items()]


def _columns(view: str, times: Mapping[str, str]) -> str:
    beyond = _BEYOND.get(view)
    return f"*, {beyond.format(**times)}" if beyond else "*"


def _once(source: str, columns: str, place: str) -> str:
    """The first record of each event id: some writers deliver more than once."""
    first = ", ".join(f"s.{place}{name}" for name in ("timestamp", "partition", "offset"))
    numbered = (
        f"SELECT s.*, row_number() OVER (PARTITION BY s.{place}ce_id ORDER BY {first}) AS nth "
        f"FROM {source} AS s"
    )
    return f"SELECT {columns} FROM ({numbered}) AS told WHERE nth = 1"
