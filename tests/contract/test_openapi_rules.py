"""The OpenAPI document by the rules of its readers' linters: Redocly itself where node is, and what
Redocly and Spectral look for held here wherever not.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from tests.unit.api.fakes import make_ports

REDOCLY = "@redocly/cli@2.77.0"
NO_REGISTRY = ("ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ENOTCACHED")
MEDIA_TYPE = {"schema", "example", "examples", "encoding"}
"""What a media type object of OpenAPI 3.1 may hold beside extensions."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    ports, *_ = make_ports()
    return create_app(ports).openapi()


def nodes(node: object, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object of the document, and where it is; examples are no part of it."""
    if isinstance(node, dict):
        yield path, node
        for name, inner in node.items():
            if name not in ("example", "examples"):
                yield from nodes(inner, f"{path}/{name}")
    elif isinstance(node, list):
        for index, inner in enumerate(node):
            yield from nodes(inner, f"{path}/{index}")


def test_redocly_finds_nothing(document: dict[str, Any], tmp_path: Path) -> None:
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("npx is not installed on this machine; the rules below are held all the same")
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    argv = [npx, "--yes", "--prefer-offline", REDOCLY]
    argv += ["lint", "--extends=recommended", "--format=json", "openapi.json"]
    done = subprocess.run(
        argv, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
    )
    if any(word in done.stderr for word in NO_REGISTRY):
        pytest.skip("no package registry answers here")
    found = json.loads(done.stdout[done.stdout.index("{") :])
    assert found["problems"] == []
    assert found["totals"]["errors"] == found["totals"]["warnings"] == 0


def test_the_document_says_where_it_holds_who_answers_for_it_and_under_what_terms(
    document: dict[str, Any],
) -> None:
    assert [one["url"] for one in document["servers"]] == ["/"]
    assert document["info"]["license"]["identifier"] == "Apache-2.0"
    assert document["info"]["contact"]["name"]
    assert document["info"]["description"]


def test_every_operation_has_tags_that_are_described_and_words_of_its_own(
    document: dict[str, Any],
) -> None:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(described.values())
    used: set[str] = set()
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"]
            assert operation["description"]
            used |= set(operation["tags"])
    assert used == set(described)


def test_arrays_say_what_they_hold_and_media_types_hold_what_the_version_knows(
    document: dict[str, Any],
) -> None:
    found = dict(nodes(document))
    assert [
        path for path, node in found.items() if node.get("type") == "array" and "items" not in node
    ] == []
    media = {
        path: set(inner)
        for path, node in found.items()
        if path.endswith("/content")
        for inner in node.values()
    }
    assert media
    assert {
        path: extra
        for path, names in media.items()
        if (extra := {name for name in names - MEDIA_TYPE if not name.startswith("x-")})
    } == {}


def test_every_schema_is_used(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert [
        name
        for name in document["components"]["schemas"]
        if f'"#/components/schemas/{name}"' not in text
    ] == []


def test_words_of_another_system_are_only_where_the_users_specification_has_them(
    document: dict[str, Any],
) -> None:
    document = json.loads(json.dumps(document).replace("WorkflowAcceptedResponse", ""))
    post = document["paths"]["/v1/look"]["post"]
    assert post.pop("summary") == "Dispatch a look (mannequin composite) workflow"
    assert "workflow" not in json.dumps(document).lower()
