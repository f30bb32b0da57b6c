"""Where a replay goes: what every sink offers, and those that take one record after the other."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import MappingProxyType
from typing import IO, NamedTuple

from replaying.history import Progress
from replaying.records import Piece, Replayed, records


class Taken(NamedTuple):
    """What became of a piece."""

    rows: int
    damaged: Sequence[Replayed]


class Sink:
    """Takes pieces in turn. What is committed survives a kill; what is not is read again."""

    in_order = True
    """Whether the lake's rows are to come by partition and offset, as a topic's records do."""
    as_written = False
    """Whether records are wanted byte for byte where the topic still has them."""
    resumed: Mapping[str, Progress] = MappingProxyType({})
    """Where an earlier run has come to, by topic."""
    full = False
    """Whether no more should be taken of a topic before the next commit."""

    def take(self, piece: Piece) -> Taken:
        raise NotImplementedError

    def commit(self, reached: Mapping[str, Progress]) -> None:
        """Make durable what was taken, and where these topics stand now."""

    def close(self, *, complete: bool) -> None:
        """End; what can't be half done is undone when the replay is not complete."""


class RecordSink(Sink):
    """Takes pieces record by record."""

    def take(self, piece: Piece) -> Taken:
        good, bad = records(piece)
        for record in good:
            self.put(record)
        return Taken(len(good), bad)

    def put(self, record: Replayed) -> None:
        raise NotImplementedError


class Lines(RecordSink):
    """One line per record, into a text file that ends well only when the replay is complete."""

    def __init__(
        self, file: AbstractContextManager[IO[str]], render: Callable[[Replayed], str]
    ) -> None:
        self._stack, self._render = ExitStack(), render
        self._file = self._stack.enter_context(file)

    def put(self, record: Replayed) -> None:
        self._file.write(self._render(record) + "\n")

    def close(self, *, complete: bool) -> None:
        if complete:
            self._stack.close()
        else:
            self._stack.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
