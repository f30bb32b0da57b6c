"""The OpenAPI document as one plain page: no script, no network, every text escaped."""

import json
from collections.abc import Iterator
from html import escape
from typing import Final

from api.plain_page import DocumentNode, example, fields, page, scrolled, ticked

Operations = list[tuple[str, str, DocumentNode]]

_RECEIVED: Final = {
    "image/webp": "-o picture.webp",
    "image/jpeg": "-o picture.jpg",
    "application/zip": "-o pictures.zip",
    "text/event-stream": "--no-buffer",
}
"""What curl is told where an answer is no JSON."""


def render(document: DocumentNode) -> str:
    """The page."""
    info = document["info"]
    title = escape(info["title"])
    groups = [(tag, tagged(document, tag["name"])) for tag in document["tags"]]
    parts = [
        f"<h1>{title} API</h1><p>{ticked(info['description'])}</p>",
        "<p>The same for programs: <a href=openapi.json>openapi.json</a> (OpenAPI "
        f"{escape(document['openapi'])}). To try it: <a href=console>the console</a>. Topics: "
        "<a href=asyncapi>asyncapi</a>.</p>",
        "<p>Each request carries <code>Authorization: Bearer sk_…</code>. In the examples "
        "<code>$LOOKS_API_URL</code>, <code>$LOOKS_API_KEY</code> and ids such as "
        "<code>$REQUEST_ID</code> are yours to fill in.</p>",
    ]
    for tag, operations in groups:
        parts.append(f"<section><h2>{escape(tag['name'].capitalize())}</h2>")
        parts.append(f"<p>{ticked(tag['description'])}</p>")
        for method, path, operation in operations:
            parts += _operation(method, path, operation, document)
        parts.append("</section>")
    parts += _calls(document)
    return page(f"{info['title']} API", parts, _contents(groups))


def tagged(document: DocumentNode, tag: str) -> Operations:
    """The operations of a group: method, path and what the document says of it."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag in operation["tags"]
    ]


def _contents(groups: list[tuple[DocumentNode, Operations]]) -> Iterator[str]:
    yield "<nav aria-label=Contents>"
    for tag, operations in groups:
        links = "".join(
            f'<li><a href="#{escape(one["operationId"])}">{escape(one["summary"])}</a>'
            for _, _, one in operations
        )
        yield f"<strong>{escape(tag['name'].capitalize())}</strong><ul>{links}</ul>"
    yield '<strong>Calls to you</strong><ul><li><a href="#calls">What webhooks send</a></ul></nav>'


def _operation(
    method: str, path: str, operation: DocumentNode, document: DocumentNode
) -> Iterator[str]:
    name = escape(operation["operationId"])
    yield f'<article id="{name}"><h3><span class=method>{method}</span> <code>{escape(path)}'
    yield f"</code></h3><p><strong>{escape(operation['summary'])}.</strong> "
    yield f"{ticked(operation.get('description', ''))} <span class=quiet>{name}</span></p>"
    yield example(curl(method, path, operation))
    yield from _parameters(operation)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<h4>Body <span class=quiet>{escape(kind)}</span></h4>"
        yield from scrolled(f"Body of {name}", fields(content["schema"], document))
    refused = []
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from _answer(name, status, answer, document)
        else:
            refused.append(f"<tr><th scope=row>{status}<td>{ticked(answer['description'])}</tr>")
    yield f"<details><summary>Errors of {name}</summary><table>{''.join(refused)}</table></details>"
    yield "</article>"


def _parameters(operation: DocumentNode) -> Iterator[str]:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code>{'' if one['required'] else ' (optional)'}"
        f"<td>{escape(one['in'])}<td>{ticked(one.get('description', ''))}</tr>"
        for one in operation.get("parameters", ())
    ]
    if rows:
        yield "<h4>Parameters</h4><table><tr><th scope=col>name<th scope=col>in<th scope=col>about"
        yield f"</tr>{''.join(rows)}</table>"


def _answer(name: str, status: str, answer: DocumentNode, document: DocumentNode) -> Iterator[str]:
    yield f"<h4>{status} <span class=quiet>{ticked(answer['description'])}</span></h4>"
    for content in answer.get("content", {}).values():
        if "example" in content:
            yield example(content["example"])
        if "$ref" in content["schema"]:
            yield f"<details><summary>Fields of {name} {status}</summary>"
            yield from scrolled(f"Fields of {name} {status}", fields(content["schema"], document))
            yield "</details>"


def _calls(document: DocumentNode) -> Iterator[str]:
    yield "<section id=calls><h2>Calls to you</h2><p>What webhooks send, signed. All have one "
    yield "shape.</p>"
    payload = None
    for name, methods in document["webhooks"].items():
        yield f"<article><h3><code>{escape(name)}</code></h3>"
        for call in methods.values():
            yield f"<p>{ticked(call.get('description', ''))}</p>"
            payload = call["requestBody"]["content"]["application/json"]["schema"]
        yield "</article>"
    if payload is not None:
        yield "<h3>Fields</h3>"
        yield from scrolled("Fields of a call", fields(payload, document))
    yield "</section>"


def curl(method: str, path: str, operation: DocumentNode) -> str:
    """A command that calls the operation; what the reader fills in is a variable of the shell."""
    lines = [f'curl "$LOOKS_API_URL{_filled(path, operation)}"']
    lines[0] += "" if method == "GET" else f" -X {method}"
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $LOOKS_API_KEY"')
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        body = json.dumps(content["application/json"].get("example", {}), indent=2)
        body = body.replace("sk_live_...", "'\"$LOOKS_API_KEY\"'")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    elif content:
        lines.append("-F file=@shirt.jpg")
    lines += [_RECEIVED[kind] for kind in _answered(operation) if kind in _RECEIVED][:1]
    return " \\\n  ".join(lines)


def _filled(path: str, operation: DocumentNode) -> str:
    """The path and the query without which the operation is refused."""
    query = []
    for one in operation.get("parameters", ()):
        value = "0" if one["schema"].get("type") == "integer" else f"${one['name'].upper()}"
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", value)
        elif one["in"] == "query" and one["required"]:
            query.append(f"{one['name']}={value}")
    return f"{path}?{'&'.join(query)}" if query else path


def _answered(operation: DocumentNode) -> Iterator[str]:
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from answer.get("content", {})
