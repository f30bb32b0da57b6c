"""What Kafka Connect is told, word for word; and that no secret is in it."""

import json
from pathlib import Path

import pytest

from lake.catalog import NoLake
from lake.connect import connector, offsets
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings
from schemas.namespace import Namespace

GOLDEN = Path(__file__).with_name("connector.json")
LAKE = {
    "catalog_uri": "http://catalog:8181",
    "warehouse": "s3://lake/",
    "credential": "KEY:SECRET",
}


def config(lake: dict[str, str], store: dict[str, str], **kafka: str) -> dict[str, str]:
    told = connector(
        KafkaSettings.model_validate({"bootstrap": "kafka:9092", **kafka}),
        LakeSettings.model_validate(lake),
        ObjectStoreSettings.model_validate(store),
    )["config"]
    assert isinstance(told, dict)
    return told


def test_the_sink_is_told_this() -> None:
    told = connector(
        KafkaSettings.model_validate({"bootstrap": "kafka:9092"}),
        LakeSettings.model_validate(LAKE),
        ObjectStoreSettings.model_validate({"endpoint_url": "http://store:8333"}),
        tasks=4,
    )
    assert told == json.loads(GOLDEN.read_text())
    assert "SECRET" not in json.dumps(told)


def test_a_namespace_is_before_topics_and_tables_and_not_in_the_topic_column() -> None:
    told = config({**LAKE, "namespace": "stage"}, {}, namespace="stage")
    assert told["topics"].split(",")[0] == "stage.look.requested"
    assert told["transforms.row.topic.prefix"] == "stage."
    assert told["iceberg.table.stage_looks.look_dead_letter.route-regex"] == r"look\.dead\-letter"
    assert told["iceberg.control.topic"] == "stage.looks.lake-control"


def test_glue_and_s3_tables_are_signed_and_no_token_is_asked_for() -> None:
    told = config(
        {"catalog_uri": "https://glue", "warehouse": "123", "signing_name": "glue"},
        {"region": "eu-west-1"},
    )
    assert told["iceberg.catalog.rest.auth.type"] == "sigv4"
    assert told["iceberg.catalog.rest.signing-name"] == "glue"
    assert told["iceberg.catalog.rest.signing-region"] == "eu-west-1"
    assert "iceberg.catalog.credential" not in told
    assert "iceberg.catalog.s3.path-style-access" not in told


def test_without_a_lake_there_is_nothing_to_tell() -> None:
    with pytest.raises(NoLake, match="LOOKS_LAKE_CATALOG_URI"):
        config({}, {})


def test_offsets_are_those_that_come_next_named_as_kafka_names_topics() -> None:
    told = offsets(Namespace("stage"), {"look.failed": {1: 7, 0: 3}, "credit.refund": {}})
    assert told == {
        "offsets": [
            {
                "partition": {"kafka_topic": "stage.look.failed", "kafka_partition": 0},
                "offset": {"kafka_offset": 3},
            },
            {
                "partition": {"kafka_topic": "stage.look.failed", "kafka_partition": 1},
                "offset": {"kafka_offset": 7},
            },
        ]
    }
