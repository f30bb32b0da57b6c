"""Among how many partition numbers a key is placed. Pure.

A request's id begins with the time it was made, so a key alone says which count held for it: no key
ever moves, whenever topics grow. What concerns a request stays on its number for life, and with it
its one owner, its history and its order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from schemas.ids import is_request_id, made_ms


class LayoutsDiffer(ValueError):
    """What is recorded of growths and what settings say can't both be true."""


@dataclass(frozen=True, slots=True)
class PartitionGrowth:
    """From `before` to `count` partition numbers, for ids made since then; None: not yet said when.
    Until then nothing is placed on a new number.
    """

    since_ms: int | None
    before: int
    count: int


@dataclass(frozen=True, slots=True)
class Layout:
    """`first`: the count of the beginning. `growths`: in order, each with its moment."""

    first: int
    growths: tuple[PartitionGrowth, ...] = ()

    def count_for(self, key: str) -> int:
        """How many numbers this key is placed among. A key that is no request id keeps the first
        count.
        """
        if not self.growths or not is_request_id(key):
            return self.first
        made = made_ms(key)
        return next(
            (
                one.count
                for one in reversed(self.growths)
                if one.since_ms is not None and one.since_ms <= made
            ),
            self.first,
        )


def said(until: Mapping[int, int], count: int) -> tuple[PartitionGrowth, ...]:
    """The growths that settings tell: moment (ms) -> the count that held until then; `count` holds
    since the last.
    """
    moments = sorted(until)
    counts = [*(until[at] for at in moments), count]
    return tuple(
        PartitionGrowth(at, before, after)
        for at, before, after in zip(moments, counts[:-1], counts[1:], strict=True)
    )


def layout(count: int, *known: Iterable[PartitionGrowth]) -> Layout:
    """What several say about one installation, put together: a database that was restored from a
    backup may know less than settings do, settings that were not rolled out less than the database.

    `count` holds where nobody knows of a growth. Raises LayoutsDiffer.
    """
    growths = {one for some in known for one in some}
    dated = sorted(
        (one for one in growths if one.since_ms is not None), key=lambda one: one.since_ms or 0
    )
    if not dated:
        return Layout(min((one.before for one in growths), default=count))
    for earlier, later in pairwise(dated):
        if earlier.count != later.before or earlier.since_ms == later.since_ms:
            raise LayoutsDiffer(
                f"partitions grew {_told(earlier)} and {_told(later)}: "
                "LOOKS_KAFKA_PARTITIONS_UNTIL and `looks topics grow --status` must agree"
            )
    return Layout(dated[0].before, tuple(dated))


def _told(one: PartitionGrowth) -> str:
    return f"from {one.before} to {one.count} at {one.since_ms} ms"
