"""The AsyncAPI 3 document, as far as topics tell it: what is on each, for whom, how it is keyed,
how long it is kept. Who receives what, the applications tell: `cli.asyncapi` makes the whole.

Payloads refer to `components.schemas`; the JSON Schema of an event alone, as it is released, is
`schemas.json_schema`.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from schemas.events import EVENT_TYPES, TYPE_OF, RequestEvent
from schemas.ids import REQUEST_ID_PATTERN, schema_id
from schemas.json_schema import one_line, unwrapped
from schemas.samples import TRACEPARENT, sample_of
from schemas.topics import TOPICS, Audience, Topic

KAFKA_BINDING: Final = "0.5.0"
_DAY_MS: Final = 24 * 60 * 60 * 1000
_ABOUT: Final = """\
Topics of Looks. A record is JSON; its headers are CloudEvents 1.0 (Kafka binding, binary mode) \
and a W3C traceparent; its
key is the request id. Read with `isolation.level=read_committed`, in a consumer group of your own;\
 drop what repeats a
`ce_id`; ignore fields and headers that you do not know. Build on `public` topics only. \
Addresses and partitions are those of an installation without settings for them: in the namespace \
`staging` every address begins with `staging.`."""

_FOR: Final[Mapping[Audience, str]] = {
    Audience.INTERNAL: "may change at any time: do not build on it",
    Audience.PUBLIC: "for downstream teams: every release reads and is read by every other",
    Audience.OPERATORS: "for whoever runs Looks",
    Audience.FINANCE: "for the ledger and for finance",
}


def document() -> dict[str, Any]:
    """The document without those who receive, as JSON values, in a fixed order."""
    references, schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Looks: topics",
            "version": "1.0.0",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS},
        "operations": {f"send {topic.name}": _operation(topic) for topic in TOPICS},
        "components": {
            "messages": {
                **{name: _message(name, references) for name in EVENT_TYPES},
                "as-it-came": _AS_IT_CAME,
            },
            "messageTraits": {"record": {"headers": _headers()}},
            "schemas": schemas,
        },
    }


def _schemas() -> tuple[dict[type[RequestEvent], dict[str, str]], dict[str, Any]]:
    """A reference to each event's schema, and all schemas by name."""
    models = [(model, "validation") for model in EVENT_TYPES.values()]
    references, found = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # a literal
    names = {model: references[model, "validation"] for model in EVENT_TYPES.values()}
    return names, unwrapped(found["$defs"])


def _message_name(topic: Topic) -> str:
    return "as-it-came" if topic.event is None else TYPE_OF[topic.event]


def _channel(topic: Topic) -> dict[str, Any]:
    name = _message_name(topic)
    return {
        "address": topic.name,
        "title": topic.about,
        "description": f"{topic.audience}: {_FOR[topic.audience]}. Kept for "
        f"{topic.retention_ms // _DAY_MS} days.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "tags": [{"name": str(topic.audience), "description": _FOR[topic.audience]}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [topic.config()["cleanup.policy"]],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_record_bytes,
                },
                "bindingVersion": KAFKA_BINDING,
            }
        },
    }


def _operation(topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    return {
        "action": "send",
        "channel": {"$ref": channel},
        "summary": topic.about,
        "messages": [{"$ref": f"{channel}/messages/{_message_name(topic)}"}],
    }


def _message(
    event_type: str, references: Mapping[type[RequestEvent], Mapping[str, str]]
) -> dict[str, Any]:
    model = EVENT_TYPES[event_type]
    example = {"name": "sample", "payload": sample_of(event_type).model_dump(mode="json")}
    return {
        "name": event_type,
        "title": model.__name__,
        "summary": one_line(model.__doc__),
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/record"}],
        "payload": dict(references[model]),
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": KAFKA_BINDING}},
        "examples": [example],
        "x-dataschema": schema_id(event_type),
    }


_KEY: Final = {
    "type": "string",
    "pattern": REQUEST_ID_PATTERN,
    "description": "the request id, so one request has one partition",
}
_AS_IT_CAME: Final = {
    "name": "as-it-came",
    "title": "A record kept whole",
    "summary": "Key, value and headers as they came; the headers `looks-quarantine-*` say from "
    "where, for whom and why.",
    "payload": {"description": "any bytes"},
}


def _headers() -> dict[str, Any]:
    """Of every record. Header values are UTF-8 text."""
    said: dict[str, dict[str, Any]] = {
        "ce_specversion": {"const": "1.0"},
        "ce_id": {
            "pattern": REQUEST_ID_PATTERN,
            "description": "the same whenever this event is made or read again",
        },
        "ce_type": {"description": "event type with its major version", "enum": [*EVENT_TYPES]},
        "ce_source": {"description": "the process that made it, as a path"},
        "ce_subject": {"pattern": REQUEST_ID_PATTERN, "description": "the request id"},
        "ce_time": {"format": "date-time", "description": "when it was made, UTC"},
        "ce_dataschema": {"description": "names the JSON Schema of the value"},
        "content-type": {"const": "application/json"},
        "ce_sequence": {
            "pattern": "^[0-9]+$",
            "description": "the event's number within its request, 1 for the first",
        },
        "traceparent": {"description": "W3C trace context", "examples": [TRACEPARENT]},
    }
    optional = {"ce_sequence", "traceparent"}
    return {
        "type": "object",
        "properties": {name: {"type": "string", **what} for name, what in said.items()},
        "required": [name for name in said if name not in optional],
    }
