"""Where a replay goes: what every sink offers, and those that take one record after the other."""

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

from replaying.blocks import Block, Damaged, damaged, is_raw, read
from replaying.files import whole
from replaying.places import TopicPart
from schemas.envelope import Decoded, Undecodable


@dataclass(slots=True)
class Taken:
    """What became of a block."""

    rows: int = 0
    damaged: Sequence[Damaged] = field(default_factory=list)


Take = Callable[[], Taken]


class Sink(Protocol):
    """Takes blocks one after the other. What is committed survives a kill; what is not is read
    again.
    """

    def resume(self, part: TopicPart) -> int | None:
        """Where to read on in a partition that an earlier run had begun; None: at the selection's
        start.
        """

    def ready(self, block: Block) -> Take:
        """Make a block ready; the costly part of taking it, called from any thread. What is
        returned takes it, in its turn.
        """

    def finish(self, part: TopicPart) -> None:
        """A partition has been read to its end."""

    def commit(self) -> None:
        """Make durable what was taken."""

    def close(self, *, complete: bool) -> None:
        """End; what can't be half done is undone when the replay is not complete."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """A record that was read: where it stood, when the broker wrote it, and what it says. `said` is
    None for raw bytes.
    """

    topic: str
    partition: int
    offset: int
    written_at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    said: Decoded | None


def records(block: Block, tenant_id: str | None) -> tuple[list[Replayed], list[Damaged]]:
    """A block's records, each read by its model, and those that could not be. `tenant_id`: only
    this tenant's.
    """
    good, bad = list[Replayed](), list[Damaged]()
    raw = is_raw(block.topic)
    for index in range(len(block)):
        found = None if raw else read(block.topic, block.values[index], block.headers[index])
        if isinstance(found, Undecodable):
            bad.append(damaged(block, index, found.reason))
        elif tenant_id is None or (
            found is not None and getattr(found.event, "tenant_id", None) == tenant_id
        ):
            headers = tuple((name, value or b"") for name, value in block.headers[index] or ())
            at = datetime.fromtimestamp(block.timestamps_ms[index] / 1000, UTC)
            offset, key, value = block.offsets[index], block.keys[index], block.values[index]
            good.append(
                Replayed(block.topic, block.partition, offset, at, key, value, headers, found)
            )
    return good, bad


class RecordSink:
    """Takes blocks record by record."""

    def __init__(self, tenant_id: str | None) -> None:
        """`tenant_id`: only this tenant's records."""
        self._tenant_id = tenant_id

    def resume(self, part: TopicPart) -> int | None:
        """Records are taken anew each time."""
        return None

    def ready(self, block: Block) -> Take:
        """Nothing can be done before its turn."""
        return partial(self.take, block)

    def take(self, block: Block) -> Taken:
        """Give each readable record to `put`."""
        good, bad = records(block, self._tenant_id)
        for record in good:
            self.put(record)
        return Taken(len(good), bad)

    def put(self, record: Replayed) -> None:
        """Take one record."""
        raise NotImplementedError

    def finish(self, part: TopicPart) -> None:
        """Nothing is held back."""

    def commit(self) -> None:
        """Nothing is held back."""

    def close(self, *, complete: bool) -> None:
        """Nothing is left to do."""


class Lines(RecordSink):
    """One line per record, to a terminal or pipe."""

    def __init__(
        self,
        tenant_id: str | None,
        write: Callable[[str], object],
        render: Callable[[Replayed], str],
    ) -> None:
        """`write` takes a line without its end."""
        super().__init__(tenant_id)
        self._write = write
        self._render = render

    def put(self, record: Replayed) -> None:
        """Write its line."""
        self._write(self._render(record))


class LinesFile(RecordSink):
    """A file of lines that is whole or not there."""

    def __init__(
        self, tenant_id: str | None, path: Path, render: Callable[[Replayed], str]
    ) -> None:
        """Nothing is written yet."""
        super().__init__(tenant_id)
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
