"""The reference of HTTP, from the API's own OpenAPI document."""

from collections.abc import Iterator

from api.plain_page import DocumentNode, followed
from api.reference_page import curl, tagged
from cli.clients.openapi import document
from deploy.site.reference.markdown import code, example, fields, table, words


def page() -> str:
    """The page."""
    told = document()
    lines = [
        "# HTTP reference",
        "",
        "Every route, as the API describes itself: a running one shows the same at `/docs`, and as "
        "OpenAPI at `/openapi.json`. [The HTTP surface](../http.md) explains how to use them.",
        "",
        words(told["info"]["description"]),
        "",
        "In the examples `$LOOKS_API_URL`, `$LOOKS_API_KEY` and ids such as `$REQUEST_ID` are "
        "yours to fill in.",
    ]
    for tag in told["tags"]:
        lines += ["", f"## {tag['name'].capitalize()}", "", words(tag["description"])]
        for method, path, operation in tagged(told, tag["name"]):
            lines += _operation(method, path, operation, told)
    return "\n".join([*lines, *_calls(told), ""])


def _operation(
    method: str, path: str, operation: DocumentNode, document: DocumentNode
) -> Iterator[str]:
    name = operation["operationId"]
    yield from ("", f"### {words(operation['summary'])} {{ #{name} }}", "")
    yield f"`{method} {path}` {words(operation.get('description', ''))}"
    yield from example(curl(method, path, operation), "bash")
    yield from table(
        ("parameter", "in", "about"),
        (
            (
                code(one["name"]) + ("" if one["required"] else " (optional)"),
                one["in"],
                words(one.get("description", "")),
            )
            for one in operation.get("parameters", ())
        ),
    )
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from ("", f"Body, {code(media_type)}:")
        yield from fields(content["schema"], document)
    yield from _answers(operation["responses"], document)


def _answers(answers: DocumentNode, document: DocumentNode) -> Iterator[str]:
    for status, answer in answers.items():
        if status.startswith("2"):
            yield from ("", f"Answer {status}: {words(answer['description'])}")
            for content in answer.get("content", {}).values():
                if "example" in content:
                    yield from example(content["example"])
                if "$ref" in content["schema"]:
                    yield from fields(followed(content["schema"], document), document)
    refused = [one for one in answers.items() if not one[0].startswith("2")]
    yield from table(
        ("error", "when"), ((status, words(answer["description"])) for status, answer in refused)
    )


def _calls(document: DocumentNode) -> Iterator[str]:
    yield from ("", "## Calls to you", "", "What [webhooks](../webhooks.md) send, signed.")
    payload = None
    rows = []
    for name, methods in document["webhooks"].items():
        for call in methods.values():
            rows.append((code(name), words(call.get("description", ""))))
            payload = call["requestBody"]["content"]["application/json"]["schema"]
    yield from table(("call", "about"), rows)
    if payload is not None:
        yield from fields(payload, document)
