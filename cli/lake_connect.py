"""The tables written by Kafka Connect: `looks lake connect-config`, `connect-offsets`, `prepare`.

The first two print what Connect's REST API takes.
"""

import json
from typing import TYPE_CHECKING

import typer

from lake.catalog import connect, table_name
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from runtime.topics_admin import create

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog


def config(tasks: int) -> None:
    """Of the sink."""
    from lake.connect import connector  # noqa: PLC0415 (needs its packages)

    told = connector(KafkaSettings(), LakeSettings(), ObjectStoreSettings(), tasks)
    typer.echo(json.dumps(told, indent=2))


def offsets() -> None:
    """Where the sink goes on."""
    from lake.connect import offsets as told  # noqa: PLC0415 (needs its packages)
    from lake.layout import TOPICS  # noqa: PLC0415 (as well)
    from lake.tables import offsets_of  # noqa: PLC0415 (as well)

    lake, catalog = LakeSettings(), _catalog()
    names = {topic.name: (lake.schema_here, table_name(topic.name)) for topic in TOPICS}
    stands = {
        topic: offsets_of(catalog.load_table(name))
        for topic, name in names.items()
        if catalog.table_exists(name)
    }
    typer.echo(json.dumps(told(KafkaSettings().names, stands), indent=2))


def prepare() -> None:
    """Tables, their columns, the control topic."""
    from lake.connect import control_topic  # noqa: PLC0415 (needs its packages)
    from lake.layout import TOPICS  # noqa: PLC0415 (as well)
    from lake.tables import open_table  # noqa: PLC0415 (as well)

    kafka, lake, catalog = KafkaSettings(), LakeSettings(), _catalog()
    for topic in TOPICS:
        table = open_table(catalog, lake.schema_here, topic)
        typer.echo(f"{'.'.join(table.name())}: {len(table.schema().fields)} columns")
    control = control_topic(kafka.names)
    typer.echo(f"{control.name}: {'created' if create(kafka, control) else 'is there'}")


def _catalog() -> "Catalog":
    return connect(LakeSettings(), ObjectStoreSettings())
