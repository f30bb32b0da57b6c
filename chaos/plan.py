"""What a campaign does and when, all from one seed: the same seed gives the same faults and the
same load. Pure.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chaos.proxy import Harm
from runtime.faults import POINTS
from schemas.topics import (
    CREDIT_REFUND,
    LOOK_CANCEL,
    LOOK_DEAD_LETTER,
    LOOK_PROGRESS,
    LOOK_QUARANTINE,
    LOOK_REQUESTED,
    RETRY_TOPICS,
    TOPICS,
)

INSTANCES: dict[str, int] = {
    "api": 2,
    "outbox_relay": 2,
    "deadline_sweeper": 2,
    "compositor": 2,
    "dead_letter": 2,
    "credit_ledger": 2,
    "status_projection": 2,
    "webhooks": 1,
    "lake_writer": 2,
}
"""How many of each process a campaign begins with."""
SCALABLE = ("compositor", "dead_letter", "credit_ledger", "status_projection", "outbox_relay")
UPSTREAMS: dict[str, tuple[str, ...]] = {
    "api": ("postgres",),
    "outbox_relay": ("kafka", "postgres"),
    "deadline_sweeper": ("kafka", "postgres"),
    "compositor": ("kafka", "s3"),
    "dead_letter": ("kafka", "postgres"),
    "credit_ledger": ("kafka", "postgres"),
    "status_projection": ("kafka", "postgres"),
    "webhooks": ("kafka", "postgres"),
    "lake_writer": ("kafka", "s3"),
}
"""Which services each process talks to: one link for each pair."""
CLOCKS = ("compositor", "dead_letter")
GROUPS = ("compositor", "dead_letter", "credit_ledger", "status_projection", "lake_writer")
"""Whose offsets are forgotten. Not of webhooks: at least once is all that they promise."""
FENCED = ("compositor", "dead_letter")
"""Who publishes in transactions: an id for each partition number."""
LOSABLE = (LOOK_PROGRESS,)
"""Topics whose records may be gone before they were read without a promise being broken."""
LOST_WITHIN_S = 25.0
"""A group whose members stand still is empty by then."""
COPIED = (
    LOOK_REQUESTED,
    *RETRY_TOPICS,
    LOOK_CANCEL,
    LOOK_PROGRESS,
    LOOK_DEAD_LETTER,
    CREDIT_REFUND,
)
"""Topics whose records are written again: at least once is all that their readers are promised. A
copy of a public event would itself break promise 5, so those are never copied.
"""
POISONED = tuple(topic for topic in TOPICS if topic is not LOOK_QUARANTINE)


class FaultKind(StrEnum):
    """What can strike."""

    KILL = "kill"  # SIGKILL of one instance
    STOP = "stop"  # SIGSTOP, and SIGCONT later: it wakes as a zombie
    RESTART = "restart"  # SIGTERM of one instance
    ROLL = "roll"  # SIGTERM of every instance, one after another
    SCALE = "scale"  # one more instance for a while: two rebalances
    BROKER = "broker"  # SIGKILL of one broker of three
    KAFKA = "kafka"  # SIGKILL of all brokers
    POSTGRES = "postgres"  # SIGKILL of the server
    S3 = "s3"  # SIGKILL of the object store
    LINK = "link"  # one link cut, frozen, slow
    STORE = "store"  # the object store answers 503, 403, or 404 for the bucket
    POINT = "point"  # a named point between two effects
    CLOCK = "clock"  # a clock is a minute or an hour off
    DISK = "disk"  # a disk is full
    POISON = "poison"  # a record that nobody can read
    COPY = "copy"  # records written again, as they were
    FORGET = "forget"  # a group's offsets are deleted
    RECORDS = "records"  # records are deleted before they were read
    HANG = "hang"  # a stranger's transaction is left open
    FENCE = "fence"  # a stranger takes an owner's transactional id
    LEADER = "leader"  # a broker is restarted, and leaders move away and back
    FAILOVER = "failover"  # Postgres can only be read
    FUTURE = "future"  # a record of a later version of its schema


class Poison(StrEnum):
    """What a record can be that nobody can read."""

    GARBAGE = "garbage"
    EMPTY = "empty"
    TOMBSTONE = "tombstone"
    TRUNCATED = "truncated"
    NO_HEADERS = "no headers"
    ALIEN_TYPE = "alien type"
    BAD_HEADER = "bad header"
    OVERSIZED = "oversized"
    DEEP = "deep"


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault: when, what, on what, for how long, and how."""

    at_s: float
    kind: FaultKind
    target: str
    lasts_s: float = 0.0
    detail: str = ""

    def __str__(self) -> str:
        """One line."""
        lasts = f" for {self.lasts_s:.1f} s" if self.lasts_s else ""
        return f"{self.at_s:8.2f} s  {self.kind} {self.target} {self.detail}".rstrip() + lasts


DrawnFault = tuple[str, float, str]
"""Target, seconds, detail."""
POINT_WAITS_S = 8.0
"""For somebody to pass the point; and a process stopped there stays so for as long."""

WEIGHTS: dict[FaultKind, float] = {
    FaultKind.KILL: 6,
    FaultKind.STOP: 4,
    FaultKind.RESTART: 3,
    FaultKind.ROLL: 0.2,
    FaultKind.SCALE: 2,
    FaultKind.BROKER: 1,
    FaultKind.KAFKA: 0.2,
    FaultKind.POSTGRES: 0.6,
    FaultKind.S3: 0.6,
    FaultKind.LINK: 14,
    FaultKind.STORE: 3,
    FaultKind.POINT: 24,
    FaultKind.CLOCK: 3,
    FaultKind.DISK: 0.4,
    FaultKind.POISON: 20,
    FaultKind.COPY: 14,
    FaultKind.FUTURE: 4,
    FaultKind.FORGET: 3,
    FaultKind.RECORDS: 2,
    FaultKind.HANG: 3,
    FaultKind.FENCE: 4,
    FaultKind.LEADER: 0.6,
    FaultKind.FAILOVER: 1.5,
}


def strikes(
    seed: int,
    count: int,
    over_s: float,
    *,
    instances: Mapping[str, int] = INSTANCES,
    without: frozenset[FaultKind] = frozenset(),
) -> list[Strike]:
    """`count` faults spread over `over_s` seconds, in order of time. `without`: kinds that can't be
    done here.
    """
    chance = random.Random(f"faults {seed}")
    kinds = [kind for kind in WEIGHTS if kind not in without]
    times = sorted(chance.uniform(0, over_s) for _ in range(count))
    drawn = chance.choices(kinds, [WEIGHTS[kind] for kind in kinds], k=count)
    return [_strike(chance, at_s, kind, instances) for at_s, kind in zip(times, drawn, strict=True)]


def _strike(
    chance: random.Random, at_s: float, kind: FaultKind, instances: Mapping[str, int]
) -> Strike:
    if kind in (FaultKind.KILL, FaultKind.RESTART, FaultKind.STOP):
        process = chance.choice(sorted(instances))
        lasts_s = chance.uniform(0.5, 12) if kind is FaultKind.STOP else 0.0
        return Strike(
            at_s, kind, instance_name(process, chance.randint(1, instances[process])), lasts_s
        )
    target, lasts_s, detail = _DRAW[kind](chance) if kind in _DRAW else (kind.value, 0.0, "")
    return Strike(at_s, kind, target, lasts_s, detail)


def _link(chance: random.Random) -> DrawnFault:
    process = chance.choice(sorted(UPSTREAMS))
    harm = chance.choice([Harm.CUT, Harm.CUT, Harm.FROZEN, Harm.SLOW])
    return f"{process}>{chance.choice(UPSTREAMS[process])}", chance.uniform(0.2, 6), harm


def _point(chance: random.Random) -> DrawnFault:
    process = chance.choice(sorted(POINTS))
    effect = chance.choice(["kill", "kill", "raise", "stop", "wait 0.5", "wait 4"])
    return f"{process}.{chance.choice(POINTS[process])}", POINT_WAITS_S, effect


def instance_name(process: str, number: int) -> str:
    """The name of an instance: the first is called like its process."""
    return process if number == 1 else f"{process}-{number}"


_DRAW: dict[FaultKind, Callable[[random.Random], DrawnFault]] = {
    FaultKind.SCALE: lambda chance: (
        chance.choice(SCALABLE),
        chance.uniform(2, 10),
        chance.choice(["TERM", "KILL"]),
    ),
    FaultKind.BROKER: lambda chance: (f"kafka-{chance.randint(1, 3)}", 0.0, ""),
    FaultKind.LINK: _link,
    FaultKind.STORE: lambda chance: (
        "compositor>s3",
        chance.uniform(0.5, 6),
        chance.choice([Harm.UNAVAILABLE, Harm.UNAVAILABLE, Harm.DENIED, Harm.NO_BUCKET]),
    ),
    FaultKind.POINT: _point,
    FaultKind.CLOCK: lambda chance: (
        chance.choice(CLOCKS),
        chance.uniform(2, 12),
        chance.choice(["60", "-60", "3600", "-3600"]),
    ),
    FaultKind.DISK: lambda chance: (
        chance.choice(["postgres", "kafka-3"]),
        chance.uniform(1, 4),
        "",
    ),
    FaultKind.POISON: lambda chance: (
        chance.choice(POISONED).name,
        0.0,
        chance.choice(list(Poison)),
    ),
    FaultKind.COPY: lambda chance: (chance.choice(COPIED).name, 0.0, str(chance.randint(1, 20))),
    FaultKind.FUTURE: lambda chance: (chance.choice(COPIED).name, 0.0, ""),
    FaultKind.FORGET: lambda chance: (chance.choice(GROUPS), LOST_WITHIN_S, ""),
    FaultKind.RECORDS: lambda chance: (chance.choice(LOSABLE).name, chance.uniform(1, 4), ""),
    FaultKind.HANG: lambda chance: (chance.choice(COPIED).name, chance.uniform(2, 15), ""),
    FaultKind.FENCE: lambda chance: (
        f"looks.{chance.choice(FENCED)}.{chance.randrange(LOOK_REQUESTED.partitions)}",
        0.0,
        "",
    ),
    FaultKind.LEADER: lambda chance: (f"kafka-{chance.randint(1, 3)}", LOST_WITHIN_S, ""),
    FaultKind.FAILOVER: lambda chance: ("postgres", chance.uniform(1, 6), ""),
}
"""Target, duration and detail by kind; instances are drawn apart, and any other kind strikes what
it is named after.
"""


class ClientWish(StrEnum):
    """What a client may want."""

    LOOK = "look"
    OUTFIT = "outfit"
    CANCELLED = "cancelled"  # posted, and cancelled soon after
    REPEATED = "repeated"  # posted several times at once with one idempotency key
    MISSING = "missing"  # names an object that is not there
    UNREADABLE = "unreadable"  # names an object that is no picture
    LYING = "lying"  # names a photo that says it is larger than any
    INVALID = "invalid"  # can't be accepted
    FOREIGN = "foreign"  # names another tenant's object


WISHES: dict[ClientWish, float] = {
    ClientWish.LOOK: 50,
    ClientWish.OUTFIT: 10,
    ClientWish.CANCELLED: 12,
    ClientWish.REPEATED: 10,
    ClientWish.MISSING: 6,
    ClientWish.UNREADABLE: 4,
    ClientWish.LYING: 3,
    ClientWish.INVALID: 5,
    ClientWish.FOREIGN: 3,
}


@dataclass(frozen=True, slots=True)
class LookOrder:
    """One client's wish."""

    number: int
    wish: ClientWish
    after_s: float  # until it is cancelled
    times: int  # how often it is posted
    tenant: int = 0  # the first is the noisy one


TENANTS = 100
DRAWN_OF = 20
"""Where looks are to be cheap, one in so many is drawn: which, its id says."""
NOISY_SHARE = 0.5


def orders(seed: int, count: int) -> list[LookOrder]:
    """`count` wishes, of which one tenant has half and the others what is left."""
    chance = random.Random(f"load {seed}")
    wishes = chance.choices(list(WISHES), list(WISHES.values()), k=count)
    return [
        LookOrder(
            number,
            wish,
            chance.choice([0.0, 0.1, 0.5, 2.0]),
            chance.randint(2, 5) if wish is ClientWish.REPEATED else 1,
            0 if chance.random() < NOISY_SHARE else chance.randrange(1, TENANTS),
        )
        for number, wish in enumerate(wishes)
    ]
