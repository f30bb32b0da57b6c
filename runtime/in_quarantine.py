"""What a consumer has in quarantine already, so that it is not put there again when it is read
again: its group's offsets were gone or set back, or it ended between keeping a record and
committing its offset.

`look.quarantine` itself tells, and is asked when the first record of a session is to be kept. Where
it can't be asked, a record is kept twice rather than not at all (DESIGN 3.9).
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from hashlib import blake2b

from aiokafka.errors import KafkaError

from runtime import logs
from runtime.kafka import quarantine_origin
from runtime.reading import chunks, partitions_of, spans
from runtime.records import OutRecord
from runtime.settings import KafkaSettings
from schemas.topics import LOOK_QUARANTINE

log = logs.get(__name__)

ASK_WITHIN_S = 30.0


class InQuarantine:
    """Of one session of one consumer. Memory: 16 bytes and their place in a set for each record."""

    def __init__(self, settings: KafkaSettings, consumer: str) -> None:
        """Ask nobody yet."""
        self._settings = settings
        self._consumer = consumer.encode()
        self._known: set[bytes] | None = None
        self._asking = asyncio.Lock()

    async def fresh(self, records: Sequence[OutRecord]) -> list[OutRecord]:
        """Those of these records that are to be sent: all but what is in quarantine already."""
        if not any(one.topic == LOOK_QUARANTINE.name for one in records):
            return list(records)
        async with self._asking:
            if self._known is None:
                self._known = await self._ask()
        known = self._known
        return [one for one in records if (mark := self._mark(one)) is None or mark not in known]

    def _mark(self, out: OutRecord) -> bytes | None:
        """Where a quarantined record of this consumer came from, and what it says: a topic that was
        made anew has other records at the same places.
        """
        if out.topic != LOOK_QUARANTINE.name:
            return None
        consumer, *place = quarantine_origin(out.headers)
        if consumer != self._consumer:
            return None
        parts = (*place, out.key or b"", out.value or b"")
        told = b"".join(b"%d:%b" % (len(one), one) for one in parts)
        return blake2b(told, digest_size=16).digest()

    async def _ask(self) -> set[bytes]:
        known: set[bytes] = set()
        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                there = await spans(
                    self._settings, await partitions_of(self._settings, (LOOK_QUARANTINE,))
                )
                async with aclosing(chunks(self._settings, there)) as fetched:
                    async for records in fetched:
                        for one in records:
                            out = OutRecord(one.topic, one.key, one.value, tuple(one.headers or ()))
                            if (mark := self._mark(out)) is not None:
                                known.add(mark)
        except (KafkaError, OSError) as error:
            log.warning(
                "quarantine can't be read; records may be kept there twice",
                error=f"{type(error).__name__}: {error}"[:300],
            )
        return known
