"""A replay from its beginning to its end: what is read, where it goes, and what happened."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from replaying.damage import SideFile
from replaying.history import BEGIN, History, Progress, ends_of, plan
from replaying.kafka import Range, TopicPart, blocks
from replaying.records import Block, Piece, Wish
from replaying.selection import Selection
from replaying.sinks import Sink
from runtime.settings import KafkaSettings

if TYPE_CHECKING:
    from lake.reading import LakeSource

COMMIT_EVERY_S: Final = 10.0


@dataclass(slots=True)
class Summary:
    """What a replay has done. `read`: records met, whoever they are about, but for those that the
    lake left out by itself; `rows`: records given to the sink; `done`: rows and offsets passed, of
    `total`, which is None while there is no end to be seen.
    """

    read: int = 0
    rows: int = 0
    damaged: int = 0
    from_lake: int = 0
    done: int = 0
    total: int | None = None
    seconds: float = 0.0
    ends: dict[TopicPart, int] = field(default_factory=dict)


Tell = Callable[[Summary], object]


def run(  # noqa: PLR0913 (what to read, where to, and three that are named)
    settings: KafkaSettings,
    selection: Selection,
    sink: Sink,
    *,
    side: SideFile,
    lake: "LakeSource | None" = None,
    tell: Tell = lambda _: None,
) -> Summary:
    """Replay into a sink, until the ends that were taken at the start are reached, or until
    interrupted while following. Raises a ReplayError; what the sink had committed until then stays.
    """
    begun_s, complete = time.monotonic(), False
    replay = ReplayRun(settings, sink, side, tell)
    try:
        histories = plan(settings, selection, lake, sink.resumed, as_written=sink.as_written)
        replay.all(histories)
        if selection.follow:
            replay.follow(selection.wish())
        complete = True
    finally:
        sink.close(complete=complete)
        replay.summary.seconds = time.monotonic() - begun_s
    return replay.summary


class ReplayRun:
    """One replay, under way."""

    def __init__(self, settings: KafkaSettings, sink: Sink, side: SideFile, tell: Tell) -> None:
        self._settings, self._sink, self._side, self._tell = settings, sink, side, tell
        self._reached: dict[str, Progress] = {}
        self._committed = dict(sink.resumed)
        self.summary = Summary()

    def all(self, histories: Sequence[History]) -> None:
        """Topic after topic: what the lake has, then the rest."""
        self.summary.ends = ends_of(histories)
        days = {id(part): part.days() for one in histories for part in one.lake}
        self.summary.total = sum(day.rows for found in days.values() for day in found)
        self.summary.total += sum(one.size for one in histories)
        for history in histories:
            for part in history.lake:
                for day in days[id(part)]:
                    for rows in part.read(day, in_order=self._sink.in_order):
                        self.summary.from_lake += len(rows)
                        self._take(rows, len(rows))
                    self._reached[history.topic] = replace(part.begun, day=day.name)
                    self._commit()
            self._reached[history.topic] = history.begun
            at = {one.partition: one.start for one in history.ranges}
            for block in blocks(self._settings, history.ranges, history.wish):
                self._take(block, block.next_offset - at[block.partition])
                at[block.partition] = block.next_offset
                if self._sink.full:
                    self._commit()
            self._commit()
        self.summary.done = self.summary.total
        self._tell(self.summary)

    def follow(self, wish: Wish) -> None:
        """Go on with what comes, until interrupted; commits every few seconds."""
        self.summary.total, committed_s = None, time.monotonic()
        ranges = [Range(*part, end, None) for part, end in self.summary.ends.items()]
        try:
            for block in blocks(self._settings, ranges, wish):
                if len(block):
                    self._take(block, 0)
                else:
                    self._tell(self.summary)
                if time.monotonic() - committed_s > COMMIT_EVERY_S:
                    self._commit()
                    committed_s = time.monotonic()
        except KeyboardInterrupt:
            self._commit()

    def _take(self, piece: Piece, passed: int) -> None:
        taken = self._sink.take(piece)
        self._side.add(taken.damaged)
        if isinstance(piece, Block):
            at = self._reached[piece.topic]
            next_ = {**at.next, piece.partition: piece.next_offset}
            self._reached[piece.topic] = replace(at, next=next_)
        self.summary.done += passed
        self.summary.read += len(piece)
        self.summary.rows += taken.rows
        self.summary.damaged += len(taken.damaged)
        self._tell(self.summary)

    def _commit(self) -> None:
        known = self._committed
        if news := {one: at for one, at in self._reached.items() if at != known.get(one, BEGIN)}:
            self._sink.commit(news)
            self._committed |= news
