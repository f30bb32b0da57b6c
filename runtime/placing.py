"""Which partition a key is put into: Kafka's default partitioner, by the declared count."""

import random
from collections.abc import Sequence

from aiokafka.partitioner import murmur2

from domain.copartitions import number_of


def partition_of(key: str, numbers: int) -> int:
    """The partition that Kafka's default partitioner gives a key, in a topic of so many."""
    return number_of(_hashed(key.encode()), numbers, numbers)


def placed(
    key: bytes | None, every: Sequence[int], available: Sequence[int], *, declared: int
) -> int:
    """Kafka's default partitioner, but that a partition added by hand moves no key: what belongs
    together stays so.
    """
    if key is None:
        return random.choice(available or every)
    return every[number_of(_hashed(key), len(every), declared)]


def _hashed(key: bytes) -> int:
    return int(murmur2(key) & 0x7FFFFFFF)
