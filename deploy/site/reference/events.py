"""The reference of events, from the AsyncAPI document and the released schemas."""

import json
from collections.abc import Iterator

from api.contracts import ASYNCAPI
from api.plain_page import DocumentNode
from cli.releases import released
from deploy.site.reference.markdown import code, example, fields, table, words
from schemas import versions
from schemas.events import EVENT_TYPES

DAY_MS = 24 * 60 * 60 * 1000


def page() -> str:
    """The page."""
    told = json.loads(ASYNCAPI.read_text())
    lines = [
        "# Events reference",
        "",
        words(told["info"]["description"]),
        "",
        "A running API shows the same at `/asyncapi`. The document: "
        "[asyncapi.json](../contracts/asyncapi.json). [Subscribing](../subscribing.md) explains "
        "how to read them.",
        "",
        "## Topics",
        *table(("topic", "for", "what", "days kept", "partitions", "event"), _topics(told)),
        "## Headers of every record",
        *fields(told["components"]["messageTraits"]["record"]["headers"], told),
    ]
    for name, message in told["components"]["messages"].items():
        lines += _message(name, message, told)
    return "\n".join([*lines, ""])


def _topics(told: DocumentNode) -> Iterator[tuple[str, ...]]:
    for channel in told["channels"].values():
        kafka = channel["bindings"]["kafka"]
        days = kafka["topicConfiguration"]["retention.ms"] // DAY_MS
        links = ", ".join(f"[{code(name)}](#{_anchor(name)})" for name in channel["messages"])
        tag, what = channel["tags"][0]["name"], words(channel["title"])
        yield code(channel["address"]), tag, what, str(days), str(kafka["partitions"]), links


def _anchor(name: str) -> str:
    return name.replace(".", "-")


def _message(name: str, message: DocumentNode, told: DocumentNode) -> Iterator[str]:
    yield from ("", f"## {name} {{ #{_anchor(name)} }}", "", words(message["summary"]))
    if name in EVENT_TYPES:
        numbers = ", ".join(versions.text(one) for one in sorted(released(name)))
        yield from (
            "",
            f"Released as {numbers}. Its JSON Schema: [{name}.json](../contracts/{name}.json).",
        )
    if "$ref" in message["payload"]:
        yield from fields(message["payload"], told)
    for one in message.get("examples", ()):
        yield from example(one["payload"])
