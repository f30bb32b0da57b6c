"""Where a replay goes: what every sink offers, and those that take one record after the other."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from replaying.history import OffsetSpan, Resumed
from replaying.records import Damaged, Piece, Replayed, Wish, records
from runtime.files import whole


@dataclass(slots=True)
class Taken:
    """What became of a piece."""

    rows: int = 0
    damaged: Sequence[Damaged] = field(default_factory=list)


class Sink(Protocol):
    """Takes pieces one after the other. What is committed survives a kill; what is not is read
    again.
    """

    in_order: bool
    """Whether the lake's rows are to come by partition and offset, as a topic's records do."""
    as_written: bool
    """Whether records are wanted byte for byte where the topic still has them."""

    def resumed(self) -> Mapping[str, Resumed]:
        """Where an earlier run has come to, by topic."""

    def take(self, piece: Piece) -> Taken:
        """Take it."""

    def begin(self, topic: str, bounds: Mapping[int, OffsetSpan]) -> None:
        """A part of the lake begins."""

    def day_done(self, topic: str, day: str) -> None:
        """A day of that part is whole."""

    def end(self, topic: str) -> None:
        """All its days are."""

    def commit(self) -> None:
        """Make durable what was taken."""

    def close(self, *, complete: bool) -> None:
        """End; what can't be half done is undone when the replay is not complete."""


class AnewSink:
    """A sink that takes everything anew each time."""

    in_order = True
    as_written = False

    def resumed(self) -> Mapping[str, Resumed]:
        """Nothing is kept."""
        return {}

    def begin(self, topic: str, bounds: Mapping[int, OffsetSpan]) -> None:
        """Nothing is kept."""

    def day_done(self, topic: str, day: str) -> None:
        """Nothing is kept."""

    def end(self, topic: str) -> None:
        """Nothing is kept."""

    def commit(self) -> None:
        """Nothing is held back."""

    def close(self, *, complete: bool) -> None:
        """Nothing is left to do."""


class RecordSink(AnewSink):
    """Takes pieces record by record."""

    def __init__(self, wish: Wish) -> None:
        """Which records."""
        self._wish = wish

    def take(self, piece: Piece) -> Taken:
        """Give each readable record to `put`."""
        good, bad = records(piece, self._wish)
        for record in good:
            self.put(record)
        return Taken(len(good), bad)

    def put(self, record: Replayed) -> None:
        """Take one record."""
        raise NotImplementedError


class Lines(RecordSink):
    """One line per record, to a terminal or pipe."""

    def __init__(
        self,
        wish: Wish,
        write: Callable[[str], object],
        render: Callable[[Replayed], str],
    ) -> None:
        """`write` takes a line without its end."""
        super().__init__(wish)
        self._write = write
        self._render = render

    def put(self, record: Replayed) -> None:
        """Write its line."""
        self._write(self._render(record))


class LinesFile(RecordSink):
    """A file of lines that is whole or not there."""

    def __init__(self, wish: Wish, path: Path, render: Callable[[Replayed], str]) -> None:
        """Nothing is written yet."""
        super().__init__(wish)
        self._stack = ExitStack()
        self._file: IO[str] = self._stack.enter_context(whole(path))
        self._render = render

    def put(self, record: Replayed) -> None:
        """Write its line."""
        self._file.write(self._render(record) + "\n")

    def close(self, *, complete: bool) -> None:
        """Give the file its name; or take it away."""
        if complete:
            self._stack.close()
        else:
            gone = KeyboardInterrupt()
            self._stack.__exit__(type(gone), gone, None)


def as_json(record: Replayed, *, ascii_only: bool = False) -> str:
    """One JSON object: place, headers and body. `ascii_only`: other characters as JSON escapes."""
    line: dict[str, Any] = {
        "_topic": record.topic,
        "_partition": record.partition,
        "_offset": record.offset,
        "_timestamp": _iso(record.written_at),
        "_key": None if record.key is None else record.key.decode("utf-8", "backslashreplace"),
    }
    if record.said is None:
        line["_headers"] = {
            name: value.decode("utf-8", "backslashreplace") for name, value in record.headers
        }
        line["_value"] = (
            None if record.value is None else record.value.decode("utf-8", "backslashreplace")
        )
    else:
        meta = record.said.meta
        line |= {
            "_ce_id": meta.id,
            "_ce_type": meta.type,
            "_ce_time": _iso(meta.time),
            "_sequence": meta.sequence,
        }
        line |= record.said.event.model_dump(mode="json")
    return json.dumps(line, ensure_ascii=ascii_only)


def as_text(record: Replayed) -> str:
    """One line for people: when, where, what, about whom, and the rest of the body."""
    head = (
        f"{record.written_at:%Y-%m-%d %H:%M:%S} {record.topic}[{record.partition}]@{record.offset}"
    )
    if record.said is None:
        return f"{head} {(record.value or b'')[:200]!r}"
    body = record.said.event.model_dump(mode="json", exclude={"request_id", "tenant_id"})
    tenant = getattr(record.said.event, "tenant_id", "")
    return f"{head} {record.said.event.request_id} {tenant} {json.dumps(body, ensure_ascii=False)}"


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
