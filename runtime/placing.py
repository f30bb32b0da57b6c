"""Which partition a key is put into: Kafka's default partitioner, by the declared count."""

import random
import struct
from collections.abc import Sequence

from domain.copartitions import number_of
from schemas.layout import Layout
from schemas.namespace import Namespace
from schemas.topics import COPARTITIONED


def partition_of(key: str, numbers: int) -> int:
    """The partition that Kafka's default partitioner gives a key, in a topic of so many."""
    return number_of(_hashed(key.encode()), numbers, numbers)


def number_in(layout: Layout, key: str) -> int:
    """The partition number of what concerns this key, in every topic of requests."""
    return partition_of(key, layout.count_for(key))


def chosen(names: Namespace, layout: Layout, topic: str, key: str) -> int | None:
    """The partition that a producer names. None where its partitioner decides: topics never grew,
    or what stands in this one need not be beside what concerns the same request.
    """
    if topic not in COPARTITIONED or layout == Layout(names.numbers):
        return None
    return number_in(layout, key)


def placed(
    key: bytes | None, every: Sequence[int], available: Sequence[int], *, declared: int
) -> int:
    """Kafka's default partitioner, but that a partition added by hand moves no key: what belongs
    together stays so.
    """
    if key is None:
        return random.choice(available or every)
    return every[number_of(_hashed(key), len(every), declared)]


_MULTIPLIER, _SEED, _32_BITS = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF


def _hashed(key: bytes) -> int:
    """Kafka's murmur2, as a positive number. aiokafka's takes each word byte by byte: 9 us of CPU
    for each record that is sent, this 3.
    """
    found = _SEED ^ len(key)
    for word in struct.unpack_from(f"<{len(key) // 4}I", key):
        mixed = word * _MULTIPLIER & _32_BITS
        mixed = (mixed ^ mixed >> 24) * _MULTIPLIER & _32_BITS
        found = found * _MULTIPLIER & _32_BITS ^ mixed
    if rest := key[len(key) & ~3 :]:
        found = (found ^ int.from_bytes(rest, "little")) * _MULTIPLIER & _32_BITS
    found = (found ^ found >> 13) * _MULTIPLIER & _32_BITS
    return (found ^ found >> 15) & 0x7FFFFFFF
