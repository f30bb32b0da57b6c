"""Topics that are read together have the same partitions; what holds when somebody changes one.
Pure.
"""

from collections.abc import Mapping, Sequence


def common(there: Mapping[str, int]) -> int:
    """How many partition numbers, from 0 on, are in every topic."""
    return min(there.values())


def in_step(there: Mapping[str, int], declared: Mapping[str, int]) -> bool:
    """Whether topics have what is declared, or all of them as much more: they grew together, and
    settings do not say so yet. Nothing of ours is placed beyond what all have.
    """
    more = {there[topic] - declared[topic] for topic in declared}
    return len(more) == 1 and min(more) >= 0


def differing(there: Mapping[str, int], declared: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """Topic -> (partitions there are, partitions declared), where they differ."""
    return {
        topic: (there[topic], wanted)
        for topic, wanted in declared.items()
        if there[topic] != wanted
    }


def ranges(there: Mapping[str, int], members: Sequence[str]) -> dict[str, range]:
    """Which partition numbers of all topics each member of a group owns: whole, side by side, as
    even as can be.

    The numbers that every topic has are shared out as Kafka's range assignor does it; what only
    some topics have goes to the last member.
    """
    shared, most = min(there.values(), default=0), max(there.values(), default=0)
    each, more = divmod(shared, len(members))
    owned, first = {}, 0
    for place, member in enumerate(members):
        last = first + each + (place < more)
        owned[member] = range(first, most if place == len(members) - 1 else last)
        first = last
    return owned


def number_of(hashed: int, there: int, declared: int) -> int:
    """The partition of a key: by the declared count, whatever was added since."""
    return hashed % min(there, declared)
