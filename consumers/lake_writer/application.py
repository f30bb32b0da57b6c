"""Appends records to the tables of their topics (docs/lake.md).

Key: request id. Order does not matter: a row says where its record stands. A replay is safe:
offsets are in the table's own commits, reading begins where the table says, and a commit whose
partitions the table has elsewhere is refused (DESIGN 3.11).
"""

from collections.abc import Sequence
from typing import Annotated

from consumers.lake_writer.gathered import Gathered
from consumers.lake_writer.offsets import TableOffsets
from consumers.lake_writer.tables import LakeTables
from domain.outcomes import Outcome
from lake.catalog import UNSET, NoLake
from lake.errors import AWAY
from lake.layout import TOPICS
from runtime.application import Application
from runtime.declaration import Declaration
from runtime.gathering_session import GatheringLimits, GatheringSession
from runtime.injected import Injected
from runtime.kafka import TopicPartition
from runtime.process import Process
from runtime.records import Work
from runtime.settings import KafkaSettings, LakeSettings, ObjectStoreSettings

DECLARATION = Declaration(
    name="lake_writer",
    topics=TOPICS,
    about="writes topics into Iceberg tables",
    poll_records=2000,
)


async def gather(
    works: list[Work], gathering: Annotated[Gathered, Injected()]
) -> Sequence[Outcome]:
    """Make rows of what can be one; the rest is for quarantine."""
    return gathering.add(works)


def application(
    process: Process | None = None,
    kafka: KafkaSettings | None = None,
    lake: LakeSettings | None = None,
    store: ObjectStoreSettings | None = None,
) -> Application:
    """The FastStream application. Raises NoLake without a catalog."""
    lake, store = lake or LakeSettings(), store or ObjectStoreSettings()
    if lake.catalog_uri is None:
        raise NoLake(UNSET)
    made = Application(DECLARATION, process=process, kafka=kafka, heals=AWAY)
    limits = GatheringLimits(lake.commit_every_s, lake.commit_bytes)

    def begin(one: Application) -> GatheringSession:
        async def passed(tp: TopicPartition) -> int | None:
            found: int | None = await one.consumer.committed(tp) if one.consumer else None
            return found

        tables = LakeTables(lake, store)
        offsets = TableOffsets(tables, one.kafka, DECLARATION, passed)
        return GatheringSession(one, offsets, Gathered(tables), limits)

    made.sessions(begin)
    made.subscriber(gather)
    return made
