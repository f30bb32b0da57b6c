"""A replay from its beginning to its end: what is read, where it goes, and what happened."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from replaying.damage import SideFile
from replaying.history import History, ends_of, plan
from replaying.kafka import Reader
from replaying.places import Range, TopicPart
from replaying.records import Piece
from replaying.selection import Selection
from replaying.sinks import Sink
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from lake.reading import LakeSource

COMMIT_EVERY_S: Final = 10.0


@dataclass(slots=True)
class Summary:
    """What a replay did. `read`: records met, whoever they are about, but for those that the lake
    left out by itself; `rows`: records given to the sink.
    """

    read: int = 0
    rows: int = 0
    damaged: int = 0
    from_lake: int = 0
    seconds: float = 0.0
    ends: dict[TopicPart, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a replay is: rows and offsets passed of all there are; `total` None: without end."""

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
    lake: "LakeSource | None" = None,
    tell: Tell = lambda _: None,
) -> Summary:
    """Replay into a sink; returns when the ends are reached that were taken at the start, or when
    interrupted while following.

    Raises a ReplayError; what the sink had committed until then stays.
    """
    begun_s, complete = time.monotonic(), False
    replay = ReplayRun(settings, sink, side, tell)
    try:
        histories = plan(settings, selection, lake, sink.resumed(), as_written=sink.as_written)
        replay.all(histories)
        sink.commit()
        if selection.follow:
            replay.follow(ends_of(histories))
        complete = True
    finally:
        sink.close(complete=complete)
        replay.summary.seconds = time.monotonic() - begun_s
    return replay.summary


class ReplayRun:
    """One replay, under way."""

    def __init__(self, settings: KafkaSettings, sink: Sink, side: SideFile, tell: Tell) -> None:
        self._settings = settings
        self._sink = sink
        self._side = side
        self._tell = tell
        self._done = 0
        self._total: int | None = None
        self.summary = Summary()

    def all(self, histories: Sequence[History]) -> None:
        """Topic after topic: what the lake has, then the rest."""
        self.summary.ends = ends_of(histories)
        parts = {id(part): part.days() for one in histories for part in one.lake}
        rows = sum(day.rows for days in parts.values() for day in days)
        self._total = rows + sum(one.size for one in histories)
        for history in histories:
            for part in history.lake:
                self._sink.begin(part.topic, part.wanted.offsets)
                for day in parts[id(part)]:
                    for piece in part.read(day, in_order=self._sink.in_order):
                        self.summary.from_lake += len(piece)
                        self._take(piece, len(piece))
                    self._sink.day_done(part.topic, day.name)
                self._sink.end(part.topic)
            at = {one.part: one.start for one in history.ranges}
            for block in Reader(self._settings, history.ranges).blocks():
                part_ = (block.topic, block.partition)
                passed, at[part_] = block.next_offset - at[part_], block.next_offset
                self._take(block, passed)
        self._done = self._total
        self._tell(Step(self._done, self._total, self.summary))

    def follow(self, ends: dict[TopicPart, int]) -> None:
        """Go on with what comes, until interrupted; commits every few seconds."""
        self._total, committed_s = None, time.monotonic()
        ranges = [Range(*part, end, None) for part, end in ends.items()]
        try:
            for block in Reader(self._settings, ranges).blocks():
                if len(block):
                    self._take(block, 0)
                else:
                    self._tell(Step(self._done, None, self.summary))
                if time.monotonic() - committed_s > COMMIT_EVERY_S:
                    self._sink.commit()
                    committed_s = time.monotonic()
        except KeyboardInterrupt:
            self._sink.commit()

    def _take(self, piece: Piece, passed: int) -> None:
        taken = self._sink.take(piece)
        self._side.add(taken.damaged)
        self._done += passed
        self.summary.read += len(piece)
        self.summary.rows += taken.rows
        self.summary.damaged += len(taken.damaged)
        self._tell(Step(self._done, self._total, self.summary))
