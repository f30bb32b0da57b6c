"""A replay from its beginning to its end: ranges, blocks, a sink, and a count of what happened."""

import gc
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from replaying.blocks import COLLECT_EVERY, Block
from replaying.damage import SideFile
from replaying.history import History, join
from replaying.kafka import Reader
from replaying.places import Range, TopicPart
from replaying.ranges import resolve
from replaying.selection import Selection
from replaying.sinks import Sink, Take, Taken
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from replaying.archive import Archive

READERS: Final = 2
PENDING: Final = 2
"""Blocks that may be on their way into the sink: reading and writing overlap, and memory stays
flat.
"""
COMMIT_EVERY_S: Final = 10.0


@dataclass(slots=True)
class Summary:
    """What a replay did. `read`: records met, whoever they are about; `rows`: records given to the
    sink.
    """

    read: int = 0
    rows: int = 0
    damaged: int = 0
    from_archive: int = 0
    bytes_read: int = 0
    seconds: float = 0.0
    ends: dict[TopicPart, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a replay is: offsets passed of all there are; `total` None: without end."""

    done: int
    total: int | None
    summary: Summary


Tell = Callable[[Step], object]


def run(  # noqa: PLR0913 (what to read, where to, and three that are named)
    settings: KafkaSettings,
    selection: Selection,
    sink: Sink,
    *,
    side: SideFile,
    archive: "Archive | None" = None,
    tell: Tell = lambda _: None,
) -> Summary:
    """Replay into a sink; returns when the ends are reached that were taken at the start, or when
    interrupted while following.

    Raises a ReplayError; what the sink had committed until then stays.
    """
    summary, begun_s, complete = Summary(), time.monotonic(), False
    try:
        histories = [_resumed(one, sink) for one in plan(settings, selection, archive)]
        summary.ends = {one.kafka.part: one.kafka.end or 0 for one in histories}
        with _quiet_collector() as collect:
            if not _shared(settings, histories, selection, sink, (side, summary, tell)):
                _pump(
                    _bounded(settings, histories, archive, summary),
                    selection,
                    sink,
                    side,
                    (summary, histories, tell, collect),
                )
        sink.commit()
        if selection.follow:
            _follow(settings, selection, sink, side=side, state=(summary, tell))
        complete = True
    finally:
        sink.close(complete=complete)
        summary.seconds = time.monotonic() - begun_s
    return summary


def plan(settings: KafkaSettings, selection: Selection, archive: "Archive | None") -> list[History]:
    """What to read of each partition, from archive and topic. Raises BadSelection, HistoryGap,
    ReplayFailed.
    """
    return join(resolve(settings, selection), selection, archive)


def _resumed(history: History, sink: Sink) -> History:
    """Only what an earlier run has not done."""
    at = sink.resume(history.kafka.part)
    if at is None:
        return history
    archived = history.archived
    return replace(
        history,
        archived=None if archived is None else replace(archived, start=max(archived.start, at)),
        kafka=replace(history.kafka, start=max(history.kafka.start, at)),
    )


def read_blocks(
    settings: KafkaSettings, histories: Sequence[History], archive: "Archive | None"
) -> Iterator[Block]:
    """Archive and topic as one: blocks in offset order within each partition. Raises a
    ReplayError.
    """
    return _bounded(settings, histories, archive, Summary())


def _bounded(
    settings: KafkaSettings,
    histories: Sequence[History],
    archive: "Archive | None",
    summary: Summary,
) -> Generator[Block]:
    if archive is not None:
        for block in chain.from_iterable(one.read(archive) for one in histories):
            summary.from_archive += len(block)
            yield block
    reader = Reader(settings, [one.kafka for one in histories])
    for block in reader.blocks():
        summary.bytes_read = reader.traffic.bytes
        yield block


def _shared(
    settings: KafkaSettings,
    histories: Sequence[History],
    selection: Selection,
    sink: Sink,
    state: tuple[SideFile, Summary, Tell],
) -> bool:
    """Read and write in two processes, where the sink's files allow it and it is worth it; whether
    that was done.
    """
    half = getattr(sink, "half", None)
    if half is None or any(one.archived is not None and one.archived.size for one in histories):
        return False
    from replaying.parquet import CommitLog  # noqa: PLC0415 (an extra)
    from replaying.sharing import BlockDone, Ended, ReplayWork, halves, share  # noqa: PLC0415 (an extra)

    found = halves([one.kafka for one in histories], half.share_from)
    if found is None:
        return False
    manifest: CommitLog = sink.manifest  # type: ignore[attr-defined]  # who has halves has one
    side, summary, tell = state
    position, total = (
        {one.kafka.part: one.start for one in histories},
        sum(one.size for one in histories),
    )
    done = 0

    def keep(files: Ended) -> None:
        for part, next_offset, named in files:
            manifest.add(part, next_offset, named)

    def take(said: BlockDone) -> None:
        nonlocal done
        side.add(said.damaged)
        keep(said.files)
        done += said.next_offset - position[said.part]
        position[said.part] = said.next_offset
        summary.read += said.read
        summary.bytes_read += said.bytes
        _count(Taken(said.rows, said.damaged), summary)
        tell(Step(done, total, summary))

    here, there = (ReplayWork(settings, ranges, half, selection.key()) for ranges in found)
    share(here, there, take, keep)
    return True


def _pump(
    blocks: Generator[Block],
    selection: Selection,
    sink: Sink,
    side: SideFile,
    state: tuple[Summary, Sequence[History], Tell, Callable[[], object]],
) -> None:
    """Read while blocks are made ready, in two threads, and the sink takes them in order, in a
    thread of its own.
    """
    summary, histories, tell, collect = state
    total = sum(one.size for one in histories)
    ends = {one.kafka.part: one.end for one in histories}
    position = {one.kafka.part: one.start for one in histories}
    done, pending = 0, deque[Future[Taken]]()
    with (
        closing(blocks),
        ThreadPoolExecutor(READERS, "ready") as readers,
        ThreadPoolExecutor(1, "sink") as thread,
    ):
        for number, block in enumerate(blocks):
            part = (block.topic, block.partition)
            summary.read += len(block)
            done += block.next_offset - position[part]
            position[part] = block.next_offset
            last = block.next_offset >= ends[part]
            ready = readers.submit(sink.ready, block.with_key(selection.key()))
            pending.append(thread.submit(_take, sink, side, ready, part if last else None))
            del block, ready
            while len(pending) > PENDING:
                _count(pending.popleft().result(), summary)
            tell(Step(done, total, summary))
            if number % COLLECT_EVERY == 0:
                collect()
        while pending:
            _count(pending.popleft().result(), summary)
        tell(Step(total, total, summary))


def _take(
    sink: Sink, side: SideFile, ready: "Future[Take]", last_of: TopicPart | None = None
) -> Taken:
    taken = ready.result()()
    side.add(taken.damaged)
    if last_of is not None:
        sink.finish(last_of)
    return taken


def _count(taken: Taken, summary: Summary) -> None:
    summary.rows += taken.rows
    summary.damaged += len(taken.damaged)


def _follow(
    settings: KafkaSettings,
    selection: Selection,
    sink: Sink,
    *,
    side: SideFile,
    state: tuple[Summary, Tell],
) -> None:
    """Go on with what comes, until interrupted; commits every few seconds."""
    summary, tell = state
    ranges = [Range(*part, end, None) for part, end in summary.ends.items()]
    committed_s = time.monotonic()
    try:
        for block in Reader(settings, ranges).blocks():
            if len(block):
                summary.read += len(block)
                taken = sink.ready(block.with_key(selection.key()))()
                side.add(taken.damaged)
                _count(taken, summary)
            if time.monotonic() - committed_s > COMMIT_EVERY_S:
                sink.commit()
                committed_s = time.monotonic()
            tell(Step(summary.read, None, summary))
    except KeyboardInterrupt:
        sink.commit()


@contextmanager
def _quiet_collector() -> Iterator[Callable[[], object]]:
    """Blocks hold millions of small objects and no cycles: walking them again and again takes
    longer than reading them.
    """
    was = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield lambda: gc.collect(1)
    finally:
        gc.unfreeze()
        if was:
            gc.enable()
