"""Reading ranges that have an end, batch by batch as the broker keeps them: much cheaper than a
client that makes objects.

The connections are aiokafka's, in a thread of their own; no group, no session, nothing is written.
What a transaction left uncommitted is skipped by the rule that every read_committed reader follows.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, NoError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest

from replaying.blocks import BLOCK_RECORDS, Block
from replaying.errors import ReplayFailed
from replaying.frames import Batch, batches, fill
from replaying.places import SILENT_FOR_S, Range, TopicPart, Traffic
from runtime.connection import for_aiokafka
from runtime.settings import KafkaSettings

FETCH_BYTES: Final = 512 * 1024
"""Packed; a batch that is larger comes whole all the same."""
BLOCK_BYTES: Final = 8 * 1024 * 1024
WAIT_MS: Final = 500
AGAIN_AFTER_S: Final = 0.2
READ_COMMITTED: Final = 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FetchAnswer:
    """What a broker sent. `aborted`: producers and from which offset their transaction counts as
    not written.
    """

    raw: bytes
    aborted: list[tuple[int, int]]
    stable: int  # the last stable offset


class Wire:
    """Connections to the brokers, in a thread of their own. Its calls wait."""

    def __init__(self, settings: KafkaSettings, topics: Sequence[str]) -> None:
        """Connect. Raises ReplayFailed."""
        self._settings = settings
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fetching", daemon=True)
        self._thread.start()
        self._client: Any = None
        try:
            self._call(self._connect(topics)).result()
        except BaseException as error:
            self.close()
            if isinstance(error, KafkaError | OSError):
                raise ReplayFailed(f"Kafka at {settings.bootstrap}: {error}") from error
            raise

    def fetch(self, part: TopicPart, offset: int) -> "Future[FetchAnswer]":
        """What stands at an offset and after it. The result raises ReplayFailed."""
        return self._call(
            self._fetch(TopicPartition(self._settings.names.topic(part[0]), part[1]), offset)
        )

    def close(self) -> None:
        """Disconnect."""
        with suppress(KafkaError, OSError):
            self._call(self._disconnect()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _connect(self, topics: Sequence[str]) -> None:
        self._client = AIOKafkaClient(**for_aiokafka(self._settings), client_id="looks-replay")
        await self._client.bootstrap()
        await self._client.set_topics([self._settings.names.topic(one) for one in topics])

    async def _disconnect(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _fetch(self, part: TopicPartition, offset: int) -> FetchAnswer:
        """Again and again while nothing comes or the leader moves, for a while."""
        until_s, why = time.monotonic() + SILENT_FOR_S, "nothing came"
        request = FetchRequest(
            WAIT_MS,
            1,
            FETCH_BYTES,
            READ_COMMITTED,
            [(part.topic, [(part.partition, offset, FETCH_BYTES)])],
        )
        while time.monotonic() < until_s:
            leader = self._client.cluster.leader_for_partition(part)
            if leader is None or leader < 0:
                why = "there is no leader"
            else:
                try:
                    answer = _understood(await self._client.send(leader, request))
                except OffsetOutOfRangeError as error:
                    raise ReplayFailed(
                        "records were deleted by their retention while they were read: start again"
                    ) from error
                except KafkaError as error:
                    if not error.retriable:
                        raise ReplayFailed(f"{part.topic}[{part.partition}]: {error!r}") from error
                    why = repr(error)
                else:
                    if answer is not None:
                        return answer
                    why = "nothing came"
                    continue
            await asyncio.sleep(AGAIN_AFTER_S)
            await self._client.force_metadata_update()
        raise ReplayFailed(
            f"{part.topic}[{part.partition}] at {self._settings.bootstrap}: {why} for "
            f"{SILENT_FOR_S:g} s"
        )


def _understood(response: Any) -> FetchAnswer | None:
    """The one partition of an answer; None: a broker that holds back its answers says nothing yet.
    Raises KafkaError.
    """
    kinds = [
        for_code(getattr(response, "error_code", 0)),
        *(for_code(one[1]) for _, parts in response.topics for one in parts),
    ]
    for kind in kinds:
        if kind is not NoError:
            raise kind()
    found = [one for _, parts in response.topics for one in parts]
    if not found or (response.throttle_time_ms and not found[0][-1]):
        return None
    _, _, _, stable, *rest = found[0]
    return FetchAnswer(
        rest[-1] or b"", next((one for one in rest if isinstance(one, list)), []), stable
    )


class Fetched:
    """The blocks of ranges, one range after the other; the next answer is under way while one is
    read.
    """

    def __init__(self, settings: KafkaSettings, ranges: Sequence[Range], traffic: Traffic) -> None:
        """Connects to nothing yet."""
        self._settings = settings
        self._ranges = [one for one in ranges if one.size]
        self._traffic = traffic

    def blocks(self) -> Iterator[Block]:
        """Raises ReplayFailed."""
        if not self._ranges:
            return
        wire = Wire(self._settings, sorted({one.topic for one in self._ranges}))
        try:
            for one in self._ranges:
                yield from self._range(wire, one)
        finally:
            wire.close()

    def _range(self, wire: Wire, wanted: Range) -> Iterator[Block]:
        at, end, given = wanted.start, wanted.end or 0, wanted.start
        gathered = _Gathered(wanted)
        answer = wire.fetch(wanted.part, at)
        while at < end:
            found = answer.result()
            self._traffic.sent_bytes += len(found.raw)
            came = list(batches(found.raw))
            at = came[-1].next if came else end if found.stable >= end else at
            if at < end:
                answer = wire.fetch(wanted.part, at)
            for batch in committed(came, found.aborted):
                if batch.first < end and gathered.add(batch):
                    block = gathered.block(batch.next)
                    given = block.next_offset
                    self._traffic.count(block)
                    yield block
        if given < end:
            block = gathered.block(end)
            self._traffic.count(block)
            yield block


class _Gathered:
    """Batches until there are enough for a block."""

    def __init__(self, wanted: Range) -> None:
        self._wanted = wanted
        self._batches: list[Batch] = []
        self._raws: list[bytes] = []

    def add(self, batch: Batch) -> bool:
        """Whether that is enough."""
        self._batches.append(batch)
        self._raws.append(batch.unpacked())
        return (
            sum(one.count for one in self._batches) >= BLOCK_RECORDS
            or sum(map(len, self._raws)) >= BLOCK_BYTES
        )

    def block(self, next_offset: int) -> Block:
        """What was gathered, within the range."""
        made, end = Block(*self._wanted.part, 0), self._wanted.end or 0
        if self._batches:
            fill(made, self._batches, self._raws)
        self._batches, self._raws = [], []
        made.next_offset = min(next_offset, end)
        inside = not made.offsets or (
            made.offsets[0] >= self._wanted.start and made.offsets[-1] < end
        )
        return made if inside else made.between(self._wanted.start, end)


def committed(came: Sequence[Batch], aborted: Sequence[tuple[int, int]]) -> Iterator[Batch]:
    """Without markers and without what was aborted: from the offset said on, up to the producer's
    next marker of that.
    """
    begins, open_ = sorted(aborted, key=lambda one: one[1]), set[int]()
    for batch in came:
        while begins and begins[0][1] <= batch.first:
            open_.add(begins.pop(0)[0])
        if batch.control:
            if batch.aborts:
                open_.discard(batch.producer)
        elif not (batch.transactional and batch.producer in open_):
            yield batch
