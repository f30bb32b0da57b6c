"""The topics' contract over HTTP: open to all, the document as committed, a page that loads and
runs nothing.
"""

import json
import re
from pathlib import Path

import pytest

from api.asyncapi_page import render
from cli.asyncapi import document
from schemas.topics import TOPICS
from tests.unit.api.conftest import Api

OWN = {"asyncapi.json", "asyncapi", "openapi.json", "console", "/console/icon.svg"}
COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "contracts" / "asyncapi.json"


@pytest.mark.hostile(row=44)
async def test_the_document_is_the_committed_one_and_needs_no_key(api: Api) -> None:
    answer = await api.http.get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.text == COMMITTED.read_text()


async def test_the_page_tells_of_every_topic_and_may_load_nothing(api: Api) -> None:
    answer = await api.http.get("/asyncapi")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    for topic in TOPICS:
        assert f"<code>{topic.name}</code>" in answer.text
    assert "image.sha256" in answer.text
    assert "<script" not in answer.text
    links = re.findall(r'(?:src|href)="?([^" >]*)', answer.text)
    assert links
    assert all(link in OWN or link.startswith("#") for link in links)


async def test_the_reference_tells_of_every_operation_and_may_load_only_its_icon(api: Api) -> None:
    answer = await api.http.get("/docs")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    document = (await api.http.get("/openapi.json")).json()
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in answer.text
        assert f"<code>{path}" in answer.text
    for field in ("items[].trial_image", "runtime_config.background", "billing.refunded"):
        assert f"<code>{field}</code>" in answer.text
    assert "<script" not in answer.text
    links = re.findall(r'(?:src|href)="?([^" >]*)', answer.text)
    assert all(link in OWN or link.startswith("#") for link in links)
    moved = await api.http.get("/redoc")
    assert (moved.status_code, moved.headers["location"]) == (307, "/docs")


async def test_neither_is_part_of_the_http_contract(api: Api) -> None:
    assert not [
        path
        for path in json.loads((await api.http.get("/openapi.json")).text)["paths"]
        if "asyncapi" in path
    ]


def test_what_a_document_says_is_escaped() -> None:
    told = {**document(), "info": {"title": "<script>x</script>", "description": "a & b"}}
    page = render(told)
    assert "<script" not in page
    assert "a &amp; b" in page
