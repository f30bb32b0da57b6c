"""For subscribers of `look.completed` and `look.failed`: their models, the released schemas, and
the reading of records. Needs no Kafka client; `looks_client.events.kafka` brings one.
"""

from looks_client.events.decoding import Decoded, Meta, Undecodable, Unknown, decode, decode_record
from looks_client.events.models import (
    FailureCode,
    FailureReason,
    LookCompleted,
    LookFailed,
    PlacedGarment,
    StoredImage,
)
from looks_client.events.schemas import EVENT_TYPES, releases, schema

__all__ = [
    "EVENT_TYPES",
    "Decoded",
    "FailureCode",
    "FailureReason",
    "LookCompleted",
    "LookFailed",
    "Meta",
    "PlacedGarment",
    "StoredImage",
    "Undecodable",
    "Unknown",
    "decode",
    "decode_record",
    "releases",
    "schema",
]
