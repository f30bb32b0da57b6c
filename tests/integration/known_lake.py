"""A lake that holds the events of which the cookbook's answers are known."""

from typing import Any

from cli.reporting.views import TOPICS
from devstack.stack import Stack
from lake.catalog import connect
from lake.rows import rows
from lake.tables import append, open_table, write
from runtime.records import Work
from schemas.ids import new_request_id
from schemas.topics import BY_NAME
from tests.integration.lakes import Lake, lake_of
from tests.making import decoded
from tests.unit.cli.test_cookbook import EVENTS, STEPS
from tests.unit.replaying.making import NOON_MS


def known_lake(services: Stack) -> Lake:
    """The set with known answers, as rows of tables; the first event of each topic twice."""
    made = lake_of(services, f"test_{new_request_id().lower()}")
    catalog = connect(made.settings, made.store, made.env)
    for name in TOPICS.values():
        topic = BY_NAME[name]
        assert topic.event is not None
        events = [*EVENTS.get(topic.event, STEPS)]
        told = [decoded(event) for event in events]
        if events is not STEPS and topic.event in EVENTS:
            told.append(told[0])
        works = [
            Work(name, 0, at, NOON_MS + at, _apart(one, at) if topic.event not in EVENTS else one)
            for at, one in enumerate(told)
        ]
        table = open_table(catalog, made.settings.schema_here, topic)
        append(table, write(table, rows(topic, works)), {0: None}, {0: len(works)})
    return made


def _apart(one: Any, at: int) -> Any:
    """Each step its own event."""
    return one.__class__(one.event, one.meta.__class__(f"step-{at}", *_rest(one.meta)))


def _rest(meta: Any) -> tuple[Any, ...]:
    return meta.type, meta.source, meta.time, meta.sequence, meta.traceparent
