"""Which topics have a table, and what its columns are: where a record stands and what its headers
say, then the fields of its event, nested as they are.
"""

from functools import cache
from typing import Final

import pyarrow as pa

from lake.columns import TIME, Column, columns
from schemas.events import RequestEvent
from schemas.topics import (
    IN_THE_LAKE,
    Topic,
)

TOPICS: Final = IN_THE_LAKE

PLACE: Final = (
    pa.field("topic", pa.string()),
    pa.field("partition", pa.int32()),
    pa.field("offset", pa.int64()),
    pa.field("timestamp", TIME),
    pa.field("ce_id", pa.string()),
    pa.field("ce_type", pa.string()),
    pa.field("ce_time", TIME),
    pa.field("sequence", pa.int64()),
    pa.field("traceparent", pa.string()),
)
"""The first columns of every table. `timestamp` is the broker's, and days are parted by it."""


class NoTable(Exception):
    """An event that can't be a table: its model checks more than its schema says."""


@cache
def event_columns(model: type[RequestEvent]) -> Column:
    """The fields of an event as columns. Raises NoTable."""
    found = columns(model)
    if found is None:
        raise NoTable(model.__name__)
    return found


def event_of(topic: Topic) -> type[RequestEvent]:
    """What a topic carries. Raises NoTable for one that keeps bytes as they came."""
    if topic.event is None:
        raise NoTable(topic.name)
    return topic.event


@cache
def arrow_schema(topic: Topic) -> pa.Schema:
    """All columns of a topic's table. Raises NoTable."""
    return pa.schema([*PLACE, *event_columns(event_of(topic)).arrow()])
