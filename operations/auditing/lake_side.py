"""The lake's side of the audit: each committed record in its table, exactly once (DESIGN 3.11).

The tables are looked at first, then Postgres, then the topics: what a table says it has was
committed before, and a tenant's rows are erased in Postgres before they go from a table.
Its packages are imported when there is a lake.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from domain.audit import Violation, in_lake
from lake.catalog import connect, installed, table_name
from runtime.kafka import ConsumerRecord, quarantine_origin
from runtime.settings import LakeSettings, ObjectStoreSettings
from schemas.topics import BY_NAME, Topic

if TYPE_CHECKING:
    from lake.facts import Held

WRITER = b"lake_writer"


def looking(lake: LakeSettings, store: ObjectStoreSettings) -> "LakeSide | None":
    """None: there is no lake."""
    return LakeSide(lake, store) if lake.catalog_uri is not None else None


def away() -> tuple[type[Exception], ...]:
    """What says that the lake could not be read."""
    if not installed():
        return ()
    from lake.errors import AWAY  # noqa: PLC0415 (needs its packages)

    return AWAY


class LakeSide:
    """Of one audit."""

    def __init__(self, lake: LakeSettings, store: ObjectStoreSettings) -> None:
        """Ask nobody yet."""
        self._lake = lake
        self._store = store
        self._held: dict[str, Held] = {}
        self._kept: dict[tuple[str, int], set[int]] = defaultdict(set)
        self.erased: Collection[bytes] = ()
        """Requests of erased tenants, whose records need not be there."""

    @property
    def rows(self) -> int:
        """In all tables, when they were looked at."""
        return sum(len(of) for one in self._held.values() for of in one.offsets.values())

    def look(self) -> None:
        """See what each table has now. Blocks. Raises NoLake and what `away` names."""
        catalog = connect(self._lake, self._store)
        from lake.facts import held  # noqa: PLC0415 (needs its packages)
        from lake.layout import TOPICS  # noqa: PLC0415 (as well)

        for topic in TOPICS:
            name = (self._lake.schema_here, table_name(topic.name))
            if catalog.table_exists(name):
                self._held[topic.name] = held(catalog.load_table(name))

    def beside(self, topics: Collection[Topic]) -> list[Topic]:
        """Topics with a table that are not among these."""
        return [BY_NAME[name] for name in self._held if BY_NAME[name] not in topics]

    def saw(self, record: ConsumerRecord) -> None:
        """A committed record that can be read."""
        if (held := self._held.get(record.topic)) is not None:
            held.saw(record.partition, record.offset)
            if record.key in self.erased:
                self._kept[record.topic, record.partition].add(record.offset)

    def quarantined(self, record: ConsumerRecord) -> None:
        """One in quarantine: it may be the writer's, of what fits no column."""
        consumer, topic, partition, offset = quarantine_origin(record.headers or ())
        if consumer == WRITER and partition.isdigit() and offset.isdigit():
            self._kept[topic.decode(errors="replace"), int(partition)].add(int(offset))

    def violations(self) -> Iterator[Violation]:
        """Every record that is not there once."""
        for topic, held in self._held.items():
            for facts in held.compared(topic):
                yield from in_lake(facts, self._kept[topic, facts.partition])
