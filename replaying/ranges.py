"""From a selection to ranges of offsets, with the ends taken now."""

from collections.abc import Mapping

from replaying import kafka
from replaying.places import Range, TopicPart
from replaying.selection import AtOffset, AtTime, Place, Selection
from runtime.placing import number_in, partition_of
from runtime.settings import KafkaSettings
from schemas.namespace import Namespace
from schemas.topics import BY_NAME, COPARTITIONED


class Resolved:
    """Where the selection begins and ends in each partition, and where the topic itself begins."""

    def __init__(self, ranges: list[Range], log_starts: dict[TopicPart, int]) -> None:
        """`log_starts`: the oldest offset that the topic still has."""
        self.ranges = ranges
        self.log_starts = log_starts


def resolve(settings: KafkaSettings, selection: Selection) -> Resolved:
    """Ask Kafka once; the ends are the last stable offsets at this moment. Raises BadSelection,
    ReplayFailed.
    """
    parts = _with_key(settings, kafka.partitions(settings, selection.topics), selection)
    firsts = kafka.offsets(settings, dict.fromkeys(parts, kafka.EARLIEST))
    lasts = kafka.offsets(settings, dict.fromkeys(parts, kafka.LATEST))
    starts = _places(settings, parts, selection.start, default=firsts, after=lasts)
    ends = _places(settings, parts, selection.end, default=lasts, after=lasts)
    ranges = []
    for part in parts:
        start, end = starts.get(part), ends.get(part)
        if start is None or end is None:
            continue
        ranges.append(Range(*part, max(start, firsts[part]), min(end, lasts[part])))
    return Resolved(ranges, firsts)


def _with_key(
    settings: KafkaSettings, parts: list[TopicPart], selection: Selection
) -> list[TopicPart]:
    """One partition of each topic when one request is asked for and the topic is partitioned as
    ours are. A topic that grew, and settings do not say so, is read whole.
    """
    if selection.request_id is None:
        return parts
    counts: dict[str, int] = {}
    for topic, _ in parts:
        counts[topic] = counts.get(topic, 0) + 1
    of = {
        topic: _number(settings.names, topic, count, selection.request_id)
        for topic, count in counts.items()
    }
    return [(topic, number) for topic, number in parts if of[topic] in (None, number)]


def _number(names: Namespace, topic: str, there: int, request_id: str) -> int | None:
    """Where all of a request stands in a topic; None: anywhere, as far as we know."""
    if there != (names.count(topic) if topic in BY_NAME else names.numbers):
        return None
    if topic in COPARTITIONED:
        return number_in(names.layout(), request_id)
    return None if names.until else partition_of(request_id, there)


def _places(
    settings: KafkaSettings,
    parts: list[TopicPart],
    place: Place | None,
    *,
    default: Mapping[TopicPart, int],
    after: Mapping[TopicPart, int],
) -> dict[TopicPart, int]:
    """An offset for each partition. A time with nothing after it is the end; a partition that is
    left out has none.
    """
    if place is None:
        return dict(default)
    if isinstance(place, AtOffset):
        named = {part: place.of(part[1]) for part in parts}
        return {part: offset for part, offset in named.items() if offset is not None}
    assert isinstance(place, AtTime)
    found = kafka.offsets(settings, dict.fromkeys(parts, kafka.at_or_after(place.ms)))
    return {part: offset if offset >= 0 else after[part] for part, offset in found.items()}
