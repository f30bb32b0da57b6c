"""The cookbook's questions, asked of replayed Parquet: the SQL stands in docs/cookbook.md, once."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import duckdb

from replaying.errors import BadSelection

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "cookbook.md"
_BLOCK: Final = re.compile(r"^```sql (\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_READ: Final = re.compile(r"read_parquet\('replayed/topic=([a-z.-]+)/")
FOLDER: Final = "'replayed/"


def questions() -> dict[str, str]:
    """SQL by name, in the order of the page; the views are not among them."""
    return {name: sql for name, sql in _BLOCK.findall(PAGE.read_text()) if name != "views"}


class Cookbook:
    """An in-memory DuckDB with the cookbook's views over a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises BadSelection when a topic that the questions need is not in the folder."""
        views = dict(_BLOCK.findall(PAGE.read_text()))["views"]
        missing = sorted(
            {
                topic
                for topic in _READ.findall(views)
                if not any(folder.glob(f"topic={topic}/**/*.parquet"))
            }
        )
        if missing:
            raise BadSelection(
                f"{folder} holds no replay of {', '.join(missing)}: see docs/cookbook.md"
            )
        self._db = duckdb.connect(":memory:", config={"memory_limit": "512MB"})
        self._db.execute("SET TimeZone = 'UTC'")
        self._db.execute(views.replace(FOLDER, "'" + str(folder).replace("'", "''") + "/"))

    def ask(self, name: str) -> Sequence[tuple[Any, ...]]:
        """The rows that answer a question."""
        return self._db.execute(questions()[name]).fetchall()

    def close(self) -> None:
        """Let go of the files."""
        self._db.close()
