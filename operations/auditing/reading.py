"""Topics into an audit's facts: by this process where there is little, by one for each core where
there is much. All that concerns a request stands in partitions of one number, so each process has
numbers of its own and a file of its own.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import aclosing
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from runtime.machine import cpus
from runtime.reading import PartitionSpans, chunks, partitions_of, spans
from runtime.settings import KafkaSettings
from runtime.topic_facts import TopicFacts
from schemas.topics import Topic

MUCH = 100_000
"""Records for which more processes are worth their start."""
PROCESSES_MAX = 4


async def read_into(
    facts: TopicFacts,
    kafka: KafkaSettings,
    topics: Sequence[Topic],
    since: datetime | None,
    *,
    much: int = MUCH,
) -> int:
    """Every committed record of these topics, or those written since then; returns how many.

    The ends are those of open transactions: what began before the call is waited for. Raises as
    `runtime.reading.read_all` does.
    """
    partitions = await partitions_of(kafka, topics)
    there = await spans(kafka, partitions, since, committed_only=False)
    processes = min(cpus(), PROCESSES_MAX, kafka.names.numbers)
    if processes < 2 or sum(end - start for start, end in there.values()) < much:
        return await _read(facts, kafka, there)
    folder = Path(tempfile.mkdtemp(dir=facts.folder))
    parts = [
        {tp: span for tp, span in there.items() if tp.partition % processes == one}
        for one in range(processes)
    ]
    names = [f"part{one}" for one in range(processes)]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        counts = await asyncio.gather(
            *(
                loop.run_in_executor(pool, _part, kafka, folder, name, part)
                for name, part in zip(names, parts, strict=True)
            )
        )
    facts.join(folder, names)
    return sum(counts)


def _part(kafka: KafkaSettings, folder: Path, name: str, part: PartitionSpans) -> int:
    facts = TopicFacts(folder, name)
    try:
        return asyncio.run(_read(facts, kafka, part))
    finally:
        facts.close()


async def _read(facts: TopicFacts, kafka: KafkaSettings, there: PartitionSpans) -> int:
    count = 0
    async with aclosing(chunks(kafka, there)) as fetched:
        async for records in fetched:
            for record in records:
                facts.add(record)
            count += len(records)
    return count
