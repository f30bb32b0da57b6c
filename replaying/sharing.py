"""A replay to Parquet in two processes, each with about half of the offsets: a partition's files
are written by one of them.

The second process writes files and names them; the first alone keeps the manifest and the file of
damaged records. When either ends early, files that the manifest does not name are removed by the
next run, which goes on where the named ones end.
"""

import fcntl
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Pipe
from typing import Final

from replaying.blocks import COLLECT_EVERY, Damaged
from replaying.errors import ReplayFailed
from replaying.fetching import Fetched
from replaying.parquet import Files, Half
from replaying.places import Range, TopicPart, Traffic
from replaying.tables import without_pandas
from runtime.settings import KafkaSettings

ENDS_WITHIN_S: Final = 10.0
CODE: Final = "import sys; from replaying.sharing import run_second; run_second(int(sys.argv[1]))"


Ended = list[tuple[TopicPart, int, list[dict[str, object]]]]
"""Partitions, where to read on in them, and files that are whole on disk."""


@dataclass(slots=True)
class BlockDone:
    """What became of a block: its partition and place to read on, counts, damage, and files that
    are whole since the last.
    """

    part: TopicPart
    next_offset: int
    read: int
    rows: int
    bytes: int
    damaged: Sequence[Damaged]
    files: Ended = field(default_factory=Ended)


@dataclass(frozen=True, slots=True)
class ReplayWork:
    """Ranges to read, and where they go. `key`: only records with it."""

    settings: KafkaSettings
    ranges: Sequence[Range]
    half: Half
    key: bytes | None


def halves(ranges: Sequence[Range], share_from: int) -> tuple[list[Range], list[Range]] | None:
    """The ranges in two parts of about the same size; None where that is not worth another
    process.
    """
    here, there = list[Range](), list[Range]()
    sizes = [0, 0]
    for one in sorted(ranges, key=lambda one: -one.size):
        if one.size and sizes[1] < sizes[0]:
            there.append(one)
            sizes[1] += one.size
        else:
            here.append(one)
            sizes[0] += one.size
    worth = sum(sizes) >= share_from and sizes[1] > 0 and (os.cpu_count() or 1) > 1
    return (here, there) if worth else None


def blocks_done(work: ReplayWork, files: Files, ended: Ended) -> Iterator[BlockDone]:
    """Do it, block by block. `ended`: where `files` puts what it tells. Raises ReplayFailed."""
    ends = {one.part: one.end or 0 for one in work.ranges}
    traffic = Traffic()
    for number, block in enumerate(Fetched(work.settings, work.ranges, traffic).blocks()):
        part = (block.topic, block.partition)
        taken = files.ready(block.with_key(work.key))()
        if block.next_offset >= ends[part]:
            files.finish(part)
        made = BlockDone(
            part,
            block.next_offset,
            len(block),
            taken.rows,
            traffic.bytes,
            taken.damaged,
            list(ended),
        )
        ended.clear()
        traffic.bytes = 0
        del block
        yield made
        if number % COLLECT_EVERY == 0:
            gc.collect(1)


class SecondProcess:
    """The second process, and the blocks that it has done."""

    def __init__(self, work: ReplayWork) -> None:
        """Start it."""
        self._here, there = Pipe()
        with there:
            self._process = subprocess.Popen(
                [sys.executable, "-c", CODE, str(there.fileno())],
                pass_fds=[there.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._done = False
        self._here.send_bytes(pickle.dumps(work))

    def received(self, *, wait: bool) -> Iterator[BlockDone]:
        """The blocks done since the last call; with `wait` all that are left. Raises ReplayFailed
        when it failed.
        """
        while not self._done and (wait or self._here.poll()):
            try:
                found = self._here.recv()
            except EOFError as error:
                raise ReplayFailed(
                    f"the second process ended with {self._process.wait()}"
                ) from error
            if isinstance(found, BlockDone):
                yield found
            elif found is None:
                self._done = True
            else:
                raise ReplayFailed(str(found))

    def close(self) -> None:
        """It ends by itself, when it is done or this end of the pipe is closed."""
        self._here.close()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def share(
    here: ReplayWork,
    there: ReplayWork,
    take: Callable[[BlockDone], object],
    keep: Callable[[Ended], object],
) -> None:
    """Do both at once. Raises ReplayFailed.

    `take` gets each block that either has done; `keep` what was whole when this ended early.
    """
    ended = Ended()
    files = here.half.files(lambda *said: ended.append(said))
    process = SecondProcess(there)
    try:
        for one in blocks_done(here, files, ended):
            take(one)
            for block in process.received(wait=False):
                take(block)
        for block in process.received(wait=True):
            take(block)
    finally:
        process.close()
        files.commit()
        keep(ended)


def run_second(descriptor: int) -> None:
    """The second process: it sends each block that is done, None at the end, or a text that says
    why it failed.
    """
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the first process gets it too, and closes the pipe
    without_pandas()
    gc.freeze()
    gc.disable()
    there = Connection(descriptor)
    work: ReplayWork = pickle.loads(there.recv_bytes())
    lock = os.open(work.half.folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_SH)  # until it ends: a later run must not begin before
    threading.Thread(target=_end_with_the_first, args=(there,), daemon=True).start()
    ended = Ended()
    try:
        for one in blocks_done(work, work.half.files(lambda *said: ended.append(said)), ended):
            there.send(one)
        there.send(None)
    except (ReplayFailed, OSError) as error:
        there.send(str(error))


def _end_with_the_first(there: Connection) -> None:
    """When the first process is gone, or closed its end: at once, for another run may take the
    folder over.
    """
    there.poll(None)
    os._exit(1)
