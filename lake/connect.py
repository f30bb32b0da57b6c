"""The lake's tables written by Kafka Connect in place of `consumers.lake_writer`: what its Iceberg
sink is told.

No secret is in it: Connect's worker reads them from its own environment.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from lake.catalog import options, table_path
from lake.columns import Column
from lake.layout import TOPICS, event_columns, event_of
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from schemas.namespace import Namespace
from schemas.topics import Audience, Topic

NAME: Final = "looks.lake-sink"
CONTROL: Final = "looks.lake-control"
"""A topic of the sink's own, where its tasks tell its coordinator which files they have written."""
CONTROL_KEPT_MS: Final = 7 * 24 * 60 * 60 * 1000
TRANSACTION_TIMEOUT_S: Final = 30
"""What a killed worker has begun keeps the next one waiting for so long."""
SESSION_TIMEOUT_S: Final = 10
_FROM_ENV: Final = {"token": "LOOKS_LAKE_TOKEN", "credential": "LOOKS_LAKE_CREDENTIAL"}
_SAME: Final = ("uri", "warehouse", "oauth2-server-uri", "s3.endpoint")
_CONVERTER: Final = "org.apache.kafka.connect"


def connector(
    kafka: KafkaSettings, lake: LakeSettings, store: ObjectStoreSettings, tasks: int = 1
) -> dict[str, object]:
    """As Connect's REST API takes it. Raises NoLake."""
    return {
        "name": sink_name(kafka.names),
        "config": {
            "connector.class": "org.apache.iceberg.connect.IcebergSinkConnector",
            "tasks.max": str(tasks),
            **_reading(kafka),
            **_rows(kafka.names),
            **_tables(lake),
            **_committing(kafka, lake),
            **_catalog(lake, store),
        },
    }


def sink_name(names: Namespace) -> str:
    """What Connect calls the connector."""
    return names.group(NAME)


def control_topic(names: Namespace) -> Topic:
    """As Kafka has it."""
    return Topic(
        names.group(CONTROL),
        None,
        CONTROL_KEPT_MS,
        Audience.INTERNAL,
        "the sink's own",
        partitions=1,
    )


def offsets(names: Namespace, stands: Mapping[str, Mapping[int, int]]) -> dict[str, object]:
    """Where the tables stand, as Connect's REST API takes it: PATCH /connectors/NAME/offsets."""
    return {
        "offsets": [
            {
                "partition": {"kafka_topic": names.topic(topic), "kafka_partition": number},
                "offset": {"kafka_offset": at},
            }
            for topic, of_topic in sorted(stands.items())
            for number, at in sorted(of_topic.items())
        ]
    }


def _reading(kafka: KafkaSettings) -> dict[str, str]:
    return {
        "topics": ",".join(kafka.names.topic(topic.name) for topic in TOPICS),
        "consumer.override.auto.offset.reset": "earliest",
        "consumer.override.isolation.level": "read_committed",
        "consumer.override.session.timeout.ms": str(SESSION_TIMEOUT_S * 1000),
    }


def _rows(names: Namespace) -> dict[str, str]:
    """Each record as a row of its table, by our own transform."""
    free = [path for topic in TOPICS for path in _free(event_columns(event_of(topic)), ())]
    return {
        "key.converter": f"{_CONVERTER}.storage.StringConverter",
        "value.converter": f"{_CONVERTER}.json.JsonConverter",
        "value.converter.schemas.enable": "false",
        "header.converter": f"{_CONVERTER}.storage.StringConverter",
        "transforms": "row",
        "transforms.row.type": "looks.connect.LakeRow",
        "transforms.row.free.json": ",".join(sorted({".".join(path) for path in free})),
        "transforms.row.topic.prefix": names.topic(TOPICS[0].name).removesuffix(TOPICS[0].name),
    }


def _free(column: Column, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where an event may hold any JSON, which is text in its table."""
    if column.kind == "any":
        yield path
    elif column.kind in ("list", "map"):
        yield from _free(column.inner, (*path, "*"))
    for name, one in column.fields.items():
        yield from _free(one, (*path, name))


def _tables(lake: LakeSettings) -> dict[str, str]:
    paths = {topic.name: table_path(lake, topic.name) for topic in TOPICS}
    return {
        "iceberg.tables": ",".join(paths.values()),
        "iceberg.tables.route-field": "topic",
        **{f"iceberg.table.{path}.route-regex": re.escape(name) for name, path in paths.items()},
        # `looks lake prepare` makes the tables and their columns, typed as events are.
        "iceberg.tables.auto-create-enabled": "false",
        "iceberg.tables.evolve-schema-enabled": "false",
    }


def _committing(kafka: KafkaSettings, lake: LakeSettings) -> dict[str, str]:
    return {
        "iceberg.control.topic": control_topic(kafka.names).name,
        "iceberg.control.commit.interval-ms": str(int(lake.commit_every_s * 1000)),
        "iceberg.control.commit.timeout-ms": str(int(lake.timeout_s * 1000)),
        "iceberg.kafka.bootstrap.servers": kafka.bootstrap,
        "iceberg.kafka.transaction.timeout.ms": str(TRANSACTION_TIMEOUT_S * 1000),
        "iceberg.kafka.session.timeout.ms": str(SESSION_TIMEOUT_S * 1000),
    }


def _catalog(lake: LakeSettings, store: ObjectStoreSettings) -> dict[str, str]:
    """PyIceberg's options in the words of Iceberg for Java. AWS's keys are where its SDK looks."""
    told = options(lake, store, {})
    found = {
        "type": "rest",
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        "client.region": store.region,
        **{name: told[name] for name in _SAME if name in told},
        **{name: f"${{env:{variable}}}" for name, variable in _FROM_ENV.items() if name in told},
    }
    if "rest.signing-name" in told:
        found |= {name: told[name] for name in ("rest.signing-name", "rest.signing-region")}
        found["rest.auth.type"] = "sigv4"
    elif "credential" in told or "token" in told:
        found["rest.auth.type"] = "oauth2"
    if told.get("s3.force-virtual-addressing") == "false":
        found["s3.path-style-access"] = "true"
    return {f"iceberg.catalog.{name}": value for name, value in found.items()}
