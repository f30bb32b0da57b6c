"""A consumer whose place is not in its partition any more: retention or an operator deleted what it
had yet to read, or the topic was made anew. The client goes on at the beginning, and tells of it
in its log alone; here that becomes a metric, an error and an alert.
"""

import logging

from runtime import logs, metrics

log = logs.get(__name__)

SOURCE = "aiokafka.consumer.fetcher"
SAID = "Fetch offset %s is out of range for partition %s"


class OffsetJumps(logging.Filter):
    """Counts the jumps of one process."""

    def __init__(self, process: str) -> None:
        """`process`: whose consumers these are."""
        super().__init__()
        self._process = process

    def filter(self, record: logging.LogRecord) -> bool:
        """Take what is said of a jump; pass on the library's warnings, as for all libraries."""
        if str(record.msg).startswith(SAID) and isinstance(record.args, tuple):
            offset, tp = record.args[:2]
            topic, partition = getattr(tp, "topic", "?"), getattr(tp, "partition", "?")
            metrics.OFFSET_JUMPS.labels(self._process, str(topic)).inc()
            log.error(
                "records are gone that were not read, or the topic was made anew: reading goes on "
                "at its beginning",
                topic=topic,
                partition=partition,
                offset=offset,
                what_to_do="docs/operations.md: Records that are gone",
            )
        return record.levelno >= logging.WARNING


def watch(process: str) -> None:
    """Hear of jumps in this process from now on."""
    source = logging.getLogger(SOURCE)
    source.setLevel(logging.INFO)
    for known in [one for one in source.filters if isinstance(one, OffsetJumps)]:
        source.removeFilter(known)
    source.addFilter(OffsetJumps(process))
