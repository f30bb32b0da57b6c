"""The AsyncAPI document as one plain page: no script, no network, every text escaped."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

STYLE: Final = """\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1c1c1c;background:#fff}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.25rem .6rem;border-bottom:1px solid #ddd}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f5f5f5;padding:.8rem;overflow:auto}
.tag{background:#e6eefc;padding:0 .5rem;border-radius:.6rem;font-size:.85rem}
section{margin-top:2.5rem}"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

DocumentNode = Mapping[str, Any]


def render(document: DocumentNode) -> str:
    """The page."""
    info = document["info"]
    title = escape(info["title"])
    messages = document["components"]["messages"]
    parts = [
        "<!doctype html><html lang=en><head><meta "
        f"charset=utf-8><title>{title}</title><style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1><p>{escape(info['description'])}</p>",
        "<p>The same for programs: <a href=asyncapi.json>asyncapi.json</a></p>",
        "<h2>Topics</h2><table><tr><th>topic<th>for<th>what<th>kept, partitions<th>message</tr>",
        *(_topic(channel) for channel in document["channels"].values()),
        "</table><section><h2>Headers of every record</h2>",
        *_fields(document["components"]["messageTraits"]["record"]["headers"], document),
        "</section>",
        *(part for name, message in messages.items() for part in _message(name, message, document)),
        "</body></html>",
    ]
    return "\n".join(parts)


def _topic(channel: DocumentNode) -> str:
    kafka = channel["bindings"]["kafka"]
    days = kafka["topicConfiguration"]["retention.ms"] // (24 * 60 * 60 * 1000)
    links = ", ".join(
        f'<a href="#{escape(name)}"><code>{escape(name)}</code></a>' for name in channel["messages"]
    )
    tag = escape(channel["tags"][0]["name"])
    return (
        f"<tr><td><code>{escape(channel['address'])}</code><td><span "
        f"class=tag>{tag}</span><td>{escape(channel['title'])}"
        f"<td>{days} days, {kafka['partitions']}<td>{links}</tr>"
    )


def _message(name: str, message: DocumentNode, document: DocumentNode) -> Iterator[str]:
    yield f'<section id="{escape(name)}"><h2><code>{escape(name)}</code></h2>'
    yield f"<p>{escape(message['summary'])}</p>"
    if "$ref" in message["payload"]:
        yield from _fields(_followed(message["payload"], document), document)
    for example in message.get("examples", ()):
        yield f"<pre>{escape(json.dumps(example['payload'], indent=2, ensure_ascii=False))}</pre>"
    yield "</section>"


def _fields(schema: DocumentNode, document: DocumentNode) -> Iterator[str]:
    yield "<table><tr><th>field<th>type<th>about</tr>"
    for path, field, required in _walk(schema, document, ""):
        about = field.get("description", "")
        yield (
            f"<tr><td><code>{escape(path)}</code>{'' if required else ' (optional)'}"
            f"<td><code>{escape(_kind(field, document))}</code><td>{escape(about)}</tr>"
        )
    yield "</table>"


def _walk(
    schema: DocumentNode, document: DocumentNode, below: str
) -> Iterator[tuple[str, DocumentNode, bool]]:
    """Every field, those of objects inside it and of items of lists below it."""
    for name, field in schema.get("properties", {}).items():
        path = f"{below}{name}"
        yield path, field, name in schema.get("required", ())
        for inner, mark in _inside(field):
            yield from _walk(_followed(inner, document), document, f"{path}{mark}.")


def _inside(field: DocumentNode) -> Iterator[tuple[DocumentNode, str]]:
    yield field, ""
    for alternative in field.get("anyOf", ()):
        yield alternative, ""
    if isinstance(field.get("items"), Mapping):
        yield field["items"], "[]"


def _kind(field: DocumentNode, document: DocumentNode) -> str:
    schema = _followed(field, document)
    if "anyOf" in schema:
        return " or ".join(_kind(one, document) for one in schema["anyOf"])
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
    if values:
        return " | ".join(json.dumps(value) for value in values)
    limits = [
        f"{name} {schema[name]}"
        for name in ("format", "pattern", "minimum", "maximum", "maxLength")
        if name in schema
    ]
    return ", ".join([str(schema.get("type", "any")), *limits])


def _followed(node: DocumentNode, document: DocumentNode) -> DocumentNode:
    reference = node.get("$ref")
    if reference is None:
        return node
    found: DocumentNode = document["components"]["schemas"][reference.rpartition("/")[2]]
    return found
