"""Closes the gaps in finished jobs' events: numbers that are not there and will not come.

The projection reads four topics side by side, so a number may be late. It is gone when the
projection has read all that was written until after the job's last event was there: retention or an
operator deleted it, its topic was made anew, or it is in quarantine. Then readers pass over it, and
are shown the job's last event (DESIGN 3.8). Several of these side by side are safe.
"""

from collections.abc import Sequence

from runtime import logs, metrics
from runtime.placing import number_in
from runtime.process import Process
from runtime.projected import Projected
from runtime.sessions import pause
from runtime.settings import KafkaSettings
from schemas.topics import Topic
from storage.event_gaps import EventGapStore

log = logs.get(__name__)

EVERY_S = 1.0
LATE_S = 1.0
"""What is missing for no longer is most often on its way."""
CATCH_UP_S = 10.0
BATCH = 500


class EventGaps:
    """One session: looks for gaps until the process is asked to stop."""

    def __init__(
        self,
        process: Process,
        kafka: KafkaSettings,
        topics: Sequence[Topic],
        gaps: EventGapStore,
        projected: Projected,
    ) -> None:
        """`topics`: those of the projection."""
        self._process = process
        self._kafka = kafka
        self._topics = topics
        self._gaps = gaps
        self._projected = projected

    async def run(self) -> None:
        """Close gaps. Raises what went wrong with Kafka or the database."""
        while not self._process.stopping.is_set():
            if late := await self._gaps.open_for(LATE_S, BATCH):
                await self._close(await self._lost(late))
            await pause(self._process, EVERY_S)

    async def _lost(self, late: Sequence[str]) -> list[str]:
        """Those of these requests of which all that was written has been projected."""
        layout = self._kafka.names.layout(await self._gaps.growths())
        number_of = {one: number_in(layout, one) for one in late}
        numbers = sorted({*number_of.values()})
        read = await self._projected.numbers(self._topics, numbers, CATCH_UP_S)
        return [request_id for request_id in late if number_of[request_id] in read]

    async def _close(self, request_ids: Sequence[str]) -> None:
        for request_id, missing in (await self._gaps.close(request_ids)).items():
            metrics.EVENTS_LOST.inc(len(missing))
            log.error(
                "events of a finished job are gone; readers pass over their numbers",
                request_id=request_id,
                numbers=missing,
            )
