"""Released schemas: `schemas/released/<type>/<version>.json`, never changed once written;
SHA256SUMS holds their bytes.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from schemas import versions
from schemas.json_schema import as_text, schema_of

RELEASED = Path(__file__).resolve().parents[1] / "schemas" / "released"
SUMS = "SHA256SUMS"


def released(event_type: str, folder: Path = RELEASED) -> dict[versions.Version, dict[str, Any]]:
    """The released schemas of a type by version. Raises ValueError for a file that is no
    version.
    """
    return {
        versions.parse(path.stem): json.loads(path.read_text())
        for path in (folder / event_type).glob("*.json")
    }


def release(event_type: str, folder: Path = RELEASED) -> versions.ReleaseCheck:
    """Write the current schema as the next version of its type, when that is allowed."""
    current = schema_of(event_type)
    verdict = versions.check_release(released(event_type, folder), current)
    if isinstance(verdict, versions.Allowed):
        path = folder / event_type / f"{versions.text(verdict.version)}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(current))
        with (folder / SUMS).open("a") as sums:
            sums.write(f"{_digest(path)}  {path.relative_to(folder)}\n")
    return verdict


def altered(folder: Path = RELEASED) -> list[str]:
    """Released files that are not as they were released: changed, removed, or never released by
    `release`.
    """
    lines = (folder / SUMS).read_text().splitlines() if (folder / SUMS).exists() else []
    noted = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {str(path.relative_to(folder)): _digest(path) for path in folder.rglob("*.json")}
    return sorted(
        name for name in noted.keys() | there.keys() if noted.get(name) != there.get(name)
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
