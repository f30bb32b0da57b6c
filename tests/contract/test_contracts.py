"""The generated contracts: fresh, valid by their own standards, and compatible with all that was
released.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from cli.asyncapi import document
from cli.contracts import FOLDER, contracts, main, not_releasable, stale, write
from cli.releases import RELEASED, altered, release, released
from schemas import versions
from schemas.envelope import Meta, encode
from schemas.events import EVENT_TYPES
from schemas.ids import schema_id
from schemas.samples import body_of, sample_of
from schemas.topics import LOOK_COMPLETED, TOPICS, Audience
from tests.making import NOW, REQUEST_ID

ASYNCAPI_SCHEMA = Path(__file__).parent / "asyncapi-3.0.0.schema.json.gz"
"""AsyncAPI's own JSON Schema of its documents (package @asyncapi/specs 6.11.1, Apache-2.0),
unchanged but compressed.
"""


def test_the_committed_contracts_are_fresh() -> None:
    assert stale() == [], "run `make contracts`"


def test_a_stale_a_missing_and_a_superfluous_file_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "look.failed.v1.json").write_text("{}")
    (tmp_path / "look.cancel.v1.json").unlink()
    (tmp_path / "look.forgotten.v1.json").write_text("{}")
    assert stale(tmp_path) == [
        "look.cancel.v1.json",
        "look.failed.v1.json",
        "look.forgotten.v1.json",
    ]
    write(tmp_path)
    assert stale(tmp_path) == []


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_each_schema_is_valid_and_takes_the_sample(event_type: str) -> None:
    schema = json.loads((FOLDER / f"{event_type}.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema_id(event_type)
    Draft202012Validator(schema).validate(body_of(event_type))


def test_every_schema_reads_and_is_read_by_every_release() -> None:
    assert not_releasable() == {}


def test_every_event_type_is_released() -> None:
    assert {path.name for path in RELEASED.iterdir() if path.is_dir()} == set(EVENT_TYPES)


def test_releases_are_as_they_were_released() -> None:
    assert altered() == []


def test_a_release_is_written_once_and_any_change_to_it_is_seen(tmp_path: Path) -> None:
    assert release("look.failed.v1", tmp_path) == versions.Allowed((1, 0, 0))
    assert release("look.failed.v1", tmp_path) == versions.Unchanged((1, 0, 0))
    assert list(released("look.failed.v1", tmp_path)) == [(1, 0, 0)]
    assert altered(tmp_path) == []
    path = tmp_path / "look.failed.v1" / "1.0.0.json"
    path.write_text(path.read_text().replace("tenant_id", "tenant"))
    assert altered(tmp_path) == ["look.failed.v1/1.0.0.json"]
    assert isinstance(release("look.failed.v1", tmp_path), versions.ReleaseRefused)
    path.unlink()
    assert altered(tmp_path) == ["look.failed.v1/1.0.0.json"]


def test_the_check_passes_on_this_checkout() -> None:
    assert main(["--check"]) == 0


@pytest.fixture(scope="module")
def asyncapi() -> dict[str, Any]:
    return document()


def test_the_asyncapi_document_is_valid_by_asyncapis_own_schema(asyncapi: dict[str, Any]) -> None:
    validator = Draft7Validator(json.loads(gzip.decompress(ASYNCAPI_SCHEMA.read_bytes())))
    validator.validate(asyncapi)
    assert not validator.is_valid(
        {**asyncapi, "channels": {"look.completed": {"adress": "look.completed"}}}
    )


def test_every_reference_in_it_leads_somewhere(asyncapi: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [one for value in node.values() for one in references(value)]
        return (
            [one for value in node for one in references(value)] if isinstance(node, list) else []
        )

    found = references(asyncapi)
    assert found
    for reference in found:
        node = asyncapi
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_it_says_of_each_topic_what_a_subscriber_asks(asyncapi: dict[str, Any]) -> None:
    assert set(asyncapi["channels"]) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = asyncapi["channels"][topic.name]
        settings = channel["bindings"]["kafka"]
        assert settings["partitions"] == topic.partitions
        assert settings["topicConfiguration"]["retention.ms"] == topic.retention_ms
        assert channel["tags"][0]["name"] == topic.audience
        assert len(channel["messages"]) == 1
    public = [
        name
        for name, channel in asyncapi["channels"].items()
        if channel["tags"][0]["name"] == Audience.PUBLIC
    ]
    assert public == ["look.completed", "look.failed"]
    message = asyncapi["components"]["messages"]["look.completed.v1"]
    assert message["bindings"]["kafka"]["key"]["pattern"]
    assert message["payload"]["$ref"].endswith("/LookCompleted")
    headers = asyncapi["components"]["messageTraits"]["record"]["headers"]
    assert {"ce_id", "ce_type", "ce_subject", "ce_time", "content-type"} <= set(headers["required"])
    assert asyncapi["channels"][LOOK_COMPLETED.name]["address"] == LOOK_COMPLETED.name


def test_the_headers_we_write_are_the_headers_it_tells_of(asyncapi: dict[str, Any]) -> None:
    headers = asyncapi["components"]["messageTraits"]["record"]["headers"]
    record = encode(
        sample_of("look.failed.v1"),
        Meta(REQUEST_ID, "look.failed.v1", "/looks/x", NOW, 3, "00-a-b-01"),
    )
    texts = {name: raw.decode() for name, raw in record.headers}
    Draft202012Validator(headers).validate(texts)
    assert set(texts) == set(headers["properties"])


def test_what_is_written_to_disk_is_what_is_served() -> None:
    assert json.loads(contracts()["asyncapi.json"]) == document()
