"""The JSON Schema (2020-12) of each event type, made from its model.

It says what a reader must accept: every record of this type ever written. A field with a default is therefore not
required, although our producers always write it.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from schemas.events import EVENT_TYPES
from schemas.ids import schema_id

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = Mapping[str, Any]


def schema_of(event_type: str) -> dict[str, Any]:
    """The current schema of an event type. Raises KeyError for a type that is not ours."""
    return {"$schema": DIALECT, "$id": schema_id(event_type), **EVENT_TYPES[event_type].model_json_schema()}


def as_text(document: Schema) -> str:
    """The document as it is committed: the same bytes for the same document."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
