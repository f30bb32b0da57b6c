"""Looks for analysts: topics and the lake as one history, as events, tables or frames; and the
cookbook's questions.

    from looks_analysts import open_lake, to_pandas

    frame = to_pandas("look.completed", lake=open_lake(), last="30d")

Settings are environment variables prefixed LOOKS_, or `KafkaSettings(...)` by hand.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cli.replay import open_lake
    from .cli.reporting.cookbook import Cookbook, of_folder, of_lake, questions
    from .lake.reading import LakeSource
    from .replaying.errors import (
        BadSelection,
        HistoryGap,
        MissingPackages,
        ReplayError,
        ReplayFailed,
    )
    from .replaying.events import replay, to_arrow, to_pandas, to_polars
    from .replaying.records import Damaged, Replayed
    from .runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings

_MODULES = {
    "cli.replay": ("open_lake",),
    "cli.reporting.cookbook": ("Cookbook", "of_folder", "of_lake", "questions"),
    "lake.reading": ("LakeSource",),
    "replaying.errors": (
        "BadSelection",
        "HistoryGap",
        "MissingPackages",
        "ReplayError",
        "ReplayFailed",
    ),
    "replaying.events": ("replay", "to_arrow", "to_pandas", "to_polars"),
    "replaying.records": ("Damaged", "Replayed"),
    "runtime.settings": ("KafkaSettings", "LakeSettings", "ObjectStoreSettings"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "BadSelection",
    "Cookbook",
    "Damaged",
    "HistoryGap",
    "KafkaSettings",
    "LakeSettings",
    "LakeSource",
    "MissingPackages",
    "ObjectStoreSettings",
    "ReplayError",
    "ReplayFailed",
    "Replayed",
    "of_folder",
    "of_lake",
    "open_lake",
    "questions",
    "replay",
    "to_arrow",
    "to_pandas",
    "to_polars",
]


def __getattr__(name: str) -> object:
    """A name when it is first asked for: `looks --help` need not load the table libraries."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
