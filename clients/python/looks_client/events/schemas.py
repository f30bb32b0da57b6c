"""The released JSON Schemas (2020-12) of the public events, as data."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from looks_client.events.models import LookCompleted, LookFailed

Event = LookCompleted | LookFailed
EVENT_TYPES: Final[Mapping[str, type[Event]]] = {
    "look.completed.v1": LookCompleted,
    "look.failed.v1": LookFailed,
}
"""By `ce_type`."""
_FOLDER: Final = files("looks_client.events") / "released"


def releases(event_type: str) -> list[str]:
    """Released versions, the oldest first. Raises KeyError for a type that is not public."""
    if event_type not in EVENT_TYPES:
        raise KeyError(event_type)
    found = [one.name.removesuffix(".json") for one in (_FOLDER / event_type).iterdir()]
    return sorted(found, key=lambda version: [int(part) for part in version.split(".")])


def schema(event_type: str, version: str | None = None) -> dict[str, Any]:
    """A released schema, the newest unless a version is given. Raises KeyError for one that is not
    released.
    """
    there = releases(event_type)
    version = version or there[-1]
    if version not in there:
        raise KeyError(f"{event_type} {version}: not one of {', '.join(there)}")
    found: dict[str, Any] = json.loads((_FOLDER / event_type / f"{version}.json").read_text())
    return found
