"""Archive and topic as one history: which offsets come from where, with no gap and no overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from replaying.blocks import Block
from replaying.errors import HistoryGap
from replaying.places import Range
from replaying.ranges import Resolved
from replaying.selection import AtOffset, AtTime, Selection

if TYPE_CHECKING:
    from replaying.archive import Archive, ArchivedFile


@dataclass(frozen=True, slots=True)
class History:
    """Of one partition: first the archived range, then the topic's, which begins where that
    ends.
    """

    kafka: Range
    archived: Range | None = None
    after_ms: int | None = None  # of archived records: those that the broker wrote at or after it
    before_ms: int | None = None

    @property
    def start(self) -> int:
        """The first offset."""
        return (
            self.kafka.start
            if self.archived is None or not self.archived.size
            else self.archived.start
        )

    @property
    def end(self) -> int:
        """Where it ends."""
        return max(self.kafka.end or 0, self.start)

    @property
    def size(self) -> int:
        """Offsets in it."""
        return self.kafka.size + (0 if self.archived is None else self.archived.size)

    def read(self, archive: "Archive") -> Iterator[Block]:
        """The archived part. Raises ReplayFailed."""
        if self.archived is None or not self.archived.size:
            return
        for block in archive.blocks(self.archived):
            yield self._in_time(block)

    def _in_time(self, block: Block) -> Block:
        first = 0 if self.after_ms is None else self.after_ms
        return block.where(
            lambda index: (
                first <= block.timestamps_ms[index]
                and (self.before_ms is None or block.timestamps_ms[index] < self.before_ms)
            )
        )


def join(resolved: Resolved, selection: Selection, archive: "Archive | None") -> list[History]:
    """What the archive holds is read from there, the rest from the topic.

    Raises HistoryGap when the archive ends before the topic begins, ReplayFailed when the archive
    can't be read.
    """
    return [_one(one, resolved.log_starts[one.part], selection, archive) for one in resolved.ranges]


def _one(found: Range, log_start: int, selection: Selection, archive: "Archive | None") -> History:
    after_ms = selection.start.ms if isinstance(selection.start, AtTime) else None
    before_ms = selection.end.ms if isinstance(selection.end, AtTime) else None
    if archive is None or log_start == 0 or found.start > log_start:
        return History(found)
    files = archive.files(found.part)
    start = _start(files, selection, found, log_start)
    if start is None or start >= log_start:
        return History(found)
    archive_end = files[-1].next if files else 0
    end = found.end or 0
    if archive_end < min(log_start, end):
        raise HistoryGap(
            f"{found.topic}[{found.partition}]: offsets {max(archive_end, start)} to {log_start} "
            "are neither in the archive "
            "nor in the topic any more"
        )
    archived = Range(*found.part, start, min(archive_end, end))
    return History(
        replace(found, start=max(found.start, archive_end)), archived, after_ms, before_ms
    )


def _start(
    files: "Sequence[ArchivedFile]", selection: Selection, found: Range, log_start: int
) -> int | None:
    """Where the archived part begins; None when the archive has nothing of it."""
    if isinstance(selection.start, AtOffset):
        wanted = selection.start.of(found.partition) or 0
        if files and wanted < files[0].first:
            raise HistoryGap(
                f"{found.topic}[{found.partition}]: the archive begins at {files[0].first}, not at "
                f"{wanted}"
            )
        return wanted
    if isinstance(selection.start, AtTime):
        late = [one for one in files if one.last_ms >= selection.start.ms]
        return late[0].first if late else None
    return files[0].first if files else None
