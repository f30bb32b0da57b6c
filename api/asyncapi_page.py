"""The AsyncAPI document as one plain page: no script, no network, every text escaped."""

from collections.abc import Iterator
from html import escape

from api.plain_page import DocumentNode, example, fields, page, scrolled

COLUMNS = ("topic", "for", "what", "kept, partitions", "message")


def render(document: DocumentNode) -> str:
    """The page."""
    info = document["info"]
    title = escape(info["title"])
    messages = document["components"]["messages"]
    parts = [
        f"<h1>{title}</h1><p>{escape(info['description'])}</p>",
        "<p>The same for programs: <a href=asyncapi.json>asyncapi.json</a></p>",
        "<h2>Topics</h2>",
        *scrolled(
            "Topics",
            [
                "<table><tr>",
                *(f"<th scope=col>{name}" for name in COLUMNS),
                "</tr>",
                *(_topic(channel) for channel in document["channels"].values()),
                "</table>",
            ],
        ),
        "<section><h2>Headers of every record</h2>",
        *scrolled(
            "Headers of every record",
            fields(document["components"]["messageTraits"]["record"]["headers"], document),
        ),
        "</section>",
        *(part for name, message in messages.items() for part in _message(name, message, document)),
    ]
    return page(info["title"], parts)


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
        yield from scrolled(f"Fields of {name}", fields(message["payload"], document))
    for one in message.get("examples", ()):
        yield example(one["payload"])
    yield "</section>"
