"""Writes topics into Iceberg tables. Its packages are an extra: without them it says so."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime.application import Application


def app() -> "Application":
    """The FastStream application: `faststream run --factory consumers.lake_writer:app`. Raises
    NoLake where its packages are not installed, or there is no lake.
    """
    from lake.catalog import MISSING, NoLake, installed  # noqa: PLC0415 (its parts import this)

    if not installed():
        raise NoLake(MISSING)
    from consumers.lake_writer.application import application  # noqa: PLC0415 (needs them)

    return application()
