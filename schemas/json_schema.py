"""The JSON Schema (2020-12) of each event type, made from its model.

It says what a reader must accept: every record of this type ever written. A field with a default is
therefore not required, although our producers always write it.
"""

import inspect
import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.events import EVENT_TYPES
from schemas.ids import schema_id

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, Any]


def schema_of(event_type: str) -> dict[str, Any]:
    """The current schema of an event type. Raises KeyError for a type that is not ours."""
    return {
        "$schema": DIALECT,
        "$id": schema_id(event_type),
        **unwrapped(EVENT_TYPES[event_type].model_json_schema()),
    }


def one_line(docstring: str | None) -> str:
    """A docstring without the line breaks of the source; paragraphs stay apart."""
    paragraphs = inspect.cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def unwrapped(node: Any) -> Any:
    """The schema, each description of a docstring without the source's line breaks."""
    if isinstance(node, list):
        return [unwrapped(part) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        key: one_line(part) if key == "description" and isinstance(part, str) else unwrapped(part)
        for key, part in node.items()
    }


def as_text(document: Schema) -> str:
    """The document as it is committed: the same bytes for the same document."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
