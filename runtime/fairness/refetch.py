"""Reads deferred records again, one chunk at a time, lane by lane in turn, with a reader that moves
nobody's offsets.
"""

import asyncio
from collections.abc import Callable, Mapping

from runtime.fairness.windows import DeferredOffset
from runtime.kafka import AIOKafkaConsumer, TopicPartition, new_reader, stop_client, unbroken
from runtime.lane import Lane
from runtime.settings import KafkaSettings

CHUNK_RECORDS = 200
"""Read again at a time. What is not wanted of them is passed over."""
CHUNK_BYTES = 128 * 1024
"""As stored, compressed; the broker gives at least one batch."""
MAX_WAIT_MS = 10
"""A fetch at the end of a topic, which nobody asked for, may hold up the next one for so long."""
FETCH_TIMEOUT_S = 30.0


class Gone(Exception):
    """A deferred record is not where it was read: the topic lost it. The session begins anew
    without it.
    """


def reader(settings: KafkaSettings) -> AIOKafkaConsumer:
    """A reader of small chunks, not started."""
    return new_reader(settings, max_bytes=CHUNK_BYTES, max_wait_ms=MAX_WAIT_MS)


class Refetch:
    """Of one session. `connect` makes its reader; `may` says whether anything may be taken now."""

    def __init__(
        self,
        connect: Callable[[], AIOKafkaConsumer],
        lanes: Callable[[], Mapping[int, Lane]],
        *,
        may: Callable[[], bool],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Connect to nothing yet."""
        self._connect = connect
        self._lanes = lanes
        self._may = may
        self._failed = failed
        self._room = asyncio.Event()
        self._turn = 0
        self._reader: AIOKafkaConsumer | None = None
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Read whenever there is room. Connects when there is something to read."""
        self._reading = asyncio.create_task(self._read_forever(), name="refetch")

    def room(self) -> None:
        """Look again: a window may have room, or a cancelled request's record comes first."""
        self._room.set()

    async def stop(self) -> None:
        """Hand in nothing more, disconnect."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})
        if self._reader is not None:
            await stop_client(self._reader)

    async def _read_forever(self) -> None:
        try:
            while True:
                await self._room.wait()
                self._room.clear()
                while (found := self._next()) is not None:
                    await self._read(*found)
        except Exception as error:
            self._failed(error)

    def _next(self) -> tuple[Lane, DeferredOffset] | None:
        if not self._may():
            return None
        numbers = sorted(self._lanes())
        for number in [one for one in numbers if one > self._turn] + [
            one for one in numbers if one <= self._turn
        ]:
            place = self._lanes()[number].wanted()
            if place is not None:
                self._turn = number
                return self._lanes()[number], place
        return None

    async def _read(self, lane: Lane, place: DeferredOffset) -> None:
        if self._reader is None:
            self._reader = self._connect()
            await unbroken(self._reader.start())
        partition = TopicPartition(place.topic, lane.number)
        self._reader.assign([partition])
        self._reader.seek(partition, place.offset)
        async with asyncio.timeout(FETCH_TIMEOUT_S):
            while not (
                polled := await self._reader.getmany(timeout_ms=1000, max_records=CHUNK_RECORDS)
            ):
                pass
        if self._lanes().get(lane.number) is not lane:
            return  # the partition went to somebody else while we read
        records = polled[partition]
        if records[0].offset != place.offset:
            raise Gone(f"{place.topic} {lane.number}@{place.offset}")
        for record in records:
            lane.take_again(record)
