"""Which schemas the clients hold: those of the operations of these tags, and of the public topics.

An operation that is new brings its models by itself; a method for it is written by hand.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from cli.clients.shapes import NamedShape, TypeNode, in_order, named
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.json_schema import schema_of
from schemas.topics import TOPICS, Audience

TAGS: Final = frozenset({"looks", "uploads", "jobs", "renders", "account", "webhooks"})
"""Not the console's sessions: a program has its key."""
BY_HAND: Final = frozenset({"LookBatch", "JsonValue"})
"""One repeats another within itself, one says nothing."""


def http_models(document: Mapping[str, Any]) -> list[NamedShape]:
    """Named schemas of the operations, each after what it refers to."""
    schemas = document["components"]["schemas"]
    calls = [
        operation
        for part in ("paths", "webhooks")
        for path in document.get(part, {}).values()
        for operation in path.values()
        if TAGS & set(operation.get("tags", ()))
    ]
    return _models(schemas, _reached(schemas, calls))


def public_types() -> list[str]:
    """The event types on topics that others build on."""
    return [
        TYPE_OF[topic.event]
        for topic in TOPICS
        if topic.event and topic.audience is Audience.PUBLIC
    ]


def event_models() -> list[NamedShape]:
    """The events of the public topics, and what is in them."""
    schemas: dict[str, TypeNode] = {}
    for event_type in public_types():
        schema = schema_of(event_type)
        inner = dict(schema.get("$defs", {}))
        schemas |= inner | {EVENT_TYPES[event_type].__name__: schema}
        for one in inner.values():
            schemas |= dict(_enumerations(one))
    return _models(schemas, schemas)


def _enumerations(schema: TypeNode) -> Iterator[tuple[str, TypeNode]]:
    """Those that stand within a field of a schema."""
    for field in schema.get("properties", {}).values():
        if "enum" in field and field.get("title", "").endswith("Code"):
            yield field["title"], field


def _reached(schemas: Mapping[str, TypeNode], start: object) -> set[str]:
    reached: set[str] = set()
    waiting = _references(start)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting |= _references(schemas[name])
    return reached


def _references(node: object) -> set[str]:
    text = json.dumps(node).split('"$ref": "#/components/schemas/')[1:]
    return {part.partition('"')[0] for part in text}


def _models(schemas: Mapping[str, TypeNode], names: Iterable[str]) -> list[NamedShape]:
    shapes = {name: named(name, schemas[name]) for name in names if name not in BY_HAND}
    return in_order({name: shape for name, shape in shapes.items() if shape is not None})
