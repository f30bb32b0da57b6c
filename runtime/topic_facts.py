"""What topics say of each request, in temporary SQLite files: flat memory, however many records
there are.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from domain.audit import NOTHING, InTopic
from runtime.kafka import ConsumerRecord, read
from schemas.envelope import Undecodable
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_COMPLETED,
    LOOK_FAILED,
    LOOK_PROGRESS,
    LOOK_REQUESTED,
    Topic,
)

_SCHEMA = """
CREATE TABLE seen (
  topic TEXT, request_id TEXT, count INTEGER, first_body TEXT, bodies INTEGER, partition INTEGER,
    last_offset INTEGER,
  last_written_ms INTEGER, PRIMARY KEY (request_id, topic)) WITHOUT ROWID;
CREATE TABLE numbers (
  request_id TEXT, seq INTEGER, event_id TEXT, shared INTEGER, PRIMARY KEY (request_id, seq))
    WITHOUT ROWID
"""
_ADD = """
INSERT INTO seen VALUES (?, ?, 1, ?, 1, ?, ?, ?)
ON CONFLICT (request_id, topic) DO UPDATE SET count = count + 1, last_offset = excluded.last_offset,
  bodies = CASE WHEN first_body = excluded.first_body THEN bodies ELSE 2 END,
  last_written_ms = max(last_written_ms, excluded.last_written_ms)
"""
_NUMBER = """
INSERT INTO numbers VALUES (?, ?, ?, 0)
ON CONFLICT (request_id, seq) DO UPDATE SET shared = 1 WHERE event_id <> excluded.event_id
"""
AUDITED = (LOOK_REQUESTED, LOOK_PROGRESS, LOOK_COMPLETED, LOOK_FAILED, CREDIT_REFUND)
"""What an audit reads of each request."""
NUMBERED = (LOOK_REQUESTED.name, LOOK_PROGRESS.name, LOOK_COMPLETED.name, LOOK_FAILED.name)
"""Events of a job, whose numbers its readers go by."""


class TopicFacts:
    """Counts by topic and request, and which number each event has."""

    def __init__(self, folder: Path, name: str = "topics") -> None:
        """Begin empty, in a file of this folder."""
        self.folder = folder
        self._db = sqlite3.connect(folder / f"{name}.sqlite")
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)

    def add(self, record: ConsumerRecord) -> bool:
        """Count one record; False when it can't be read, which makes it the quarantine's affair."""
        work = read(record)
        if isinstance(work, Undecodable):
            return False
        meta = work.decoded.meta
        if work.topic in NUMBERED:
            self._db.execute(_NUMBER, (work.request_id, max(meta.sequence, 1), meta.id))
        body = hashlib.sha256(record.value or b"").hexdigest()
        self._db.execute(
            _ADD,
            (work.topic, work.request_id, body, work.partition, work.offset, work.timestamp_ms),
        )
        return True

    def of(self, request_id: str, projected: Mapping[tuple[str, int], int]) -> dict[str, InTopic]:
        """By topic, what is said of a request. `projected`: next offsets that the projection had
        read to.
        """
        rows = self._db.execute(
            "SELECT topic, count, bodies, partition, last_offset, last_written_ms FROM seen WHERE "
            "request_id = ?",
            (request_id,),
        )
        return {
            topic: InTopic(
                count, bodies, projected.get((topic, partition), 0) > last_offset, _at(written_ms)
            )
            for topic, count, bodies, partition, last_offset, written_ms in rows
        }

    def numbers(self, request_id: str) -> frozenset[int]:
        """Those of a request's events that topics have."""
        rows = self._db.execute("SELECT seq FROM numbers WHERE request_id = ?", (request_id,))
        return frozenset(seq for (seq,) in rows)

    def shared_numbers(self) -> dict[str, tuple[int, ...]]:
        """The numbers that more than one event has, by request."""
        found: dict[str, tuple[int, ...]] = {}
        for request_id, seq in self._db.execute("SELECT request_id, seq FROM numbers WHERE shared"):
            found[request_id] = (*found.get(request_id, ()), seq)
        return found

    def requests(self) -> Iterator[tuple[str, str, datetime]]:
        """Every (request id, topic, last written), by request id."""
        for request_id, topic, written_ms in self._db.execute(
            "SELECT request_id, topic, last_written_ms FROM seen ORDER BY request_id"
        ):
            yield request_id, topic, _at(written_ms)

    def join(self, folder: Path, names: Sequence[str]) -> None:
        """Say what these files say, in place of its own; no request is in two of them."""
        for name in names:
            self._db.execute(
                f"ATTACH ? AS {name}",
                (str(folder / f"{name}.sqlite"),),
            )
        for table in ("seen", "numbers"):
            parts = " UNION ALL ".join(f"SELECT * FROM {name}.{table}" for name in names)
            self._db.execute(f"CREATE TEMP VIEW {table} AS {parts}")

    def close(self) -> None:
        """Let go of the file, which is whole then."""
        self._db.commit()
        self._db.close()


def _at(written_ms: int) -> datetime:
    return datetime.fromtimestamp(written_ms / 1000, UTC)


def get(facts: Mapping[str, InTopic], topic: Topic) -> InTopic:
    """What one topic says; nothing when it is silent."""
    return facts.get(topic.name, NOTHING)
