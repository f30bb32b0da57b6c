"""What a run is asked to do: requests with the work they are, and what goes wrong beside them. Made
from a seed, kept as JSON, made shorter by `chaos.simulation.shrink`.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

from chaos.simulation.wire import Weather
from schemas.topics import LOOK_REQUESTED

PROCESSES = (
    "outbox_relay",
    "compositor",
    "dead_letter",
    "credit_ledger",
    "status_projection",
    "deadline_sweeper",
)
CONSUMERS = PROCESSES[1:5]
ACTIVE_S = 4.0
"""Requests come and faults strike within so long."""
LASTS_S = (1.5, 8.0)
"""From acceptance to the deadline."""
LONG_S = 60.0
LONG_SHARE = 0.2
"""Of requests, that have time enough, whatever strikes: they must not expire."""
AT_A_CALL = 0.6
"""Of kills and stops, that strike at a call and not at a moment."""


class Deed(StrEnum):
    """What happens."""

    ASK = "ask"  # a request is accepted
    CANCEL = "cancel"  # a client asks to cancel it
    COPY = "copy"  # its record is published once more
    KILL = "kill"  # a process dies on the spot
    STILL = "still"  # a process does nothing for a while and knows nothing of it
    LEAVE = "leave"  # a process is asked to stop, and drains
    CUT = "cut"  # calls of a process are lost, or their answers
    POISON = "poison"  # a record that nobody can read
    FORGET = "forget"  # all of a group die, and its offsets are deleted, as after idle days
    HANG = "hang"  # somebody's transaction stays open on a topic
    JUMP = "jump"  # a process's clock is an hour off for a while
    GROW = "grow"  # topics get twice the partitions, for requests made a while later


class Ending(StrEnum):
    """What a look's worker comes to."""

    MADE = "made"
    HEALS = "heals"  # a failure of ours that another try may heal
    REFUSED = "refused"  # the photo's fault
    DIED = "died"  # the worker was lost


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt at a look: how long it takes, and how it ends."""

    took_s: float
    ending: Ending


@dataclass(frozen=True, slots=True)
class ScriptStep:
    """One thing that happens. `about`: the number of a request, the name of a process, or a topic.
    `seconds`: how long it lasts, of a clock that jumps back below zero; of a request, until its
    deadline. `calls`: not then, but at the
    process's so-many-th call from then on; `sent`: right after that call left, not before.
    """

    at_s: float
    deed: Deed
    about: str
    seconds: float = 0.0
    tries: tuple[Try, ...] = ()
    calls: int = 0
    sent: bool = False

    def __str__(self) -> str:
        """One line."""
        way = "" if self.seconds >= 0 else " backwards"
        lasts = f"{way} for {abs(self.seconds):.2f} s" if self.seconds else ""
        tries = "".join(f", {one.ending} after {one.took_s:.2f} s" for one in self.tries)
        side = "after" if self.sent else "before"
        when = f", {side} its call {self.calls} from then on" if self.calls else ""
        return f"{self.at_s:7.3f} s  {self.deed} {self.about}{lasts}{tries}{when}"


@dataclass(frozen=True, slots=True)
class Script:
    """One run. `seed`: of the interleaving."""

    seed: int
    partitions: int
    instances: Mapping[str, int]
    weather: Weather
    skew_s: Mapping[str, float]
    steps: tuple[ScriptStep, ...]

    @property
    def names(self) -> list[str]:
        """Every process."""
        return [f"{name}-{one}" for name in PROCESSES for one in range(self.instances[name])]

    @property
    def over_s(self) -> float:
        """When the last fault is over."""
        return max(
            (step.at_s + abs(step.seconds) for step in self.steps if step.deed is not Deed.ASK),
            default=0.0,
        )

    def __str__(self) -> str:
        """For a reader."""
        many = ", ".join(f"{count} {name}" for name, count in self.instances.items() if count > 1)
        head = f"seed {self.seed}, {self.partitions} partitions, {many or 'one of each process'}"
        clocks = "".join(f"\n  the clock of {k} is {v:+.2f} s" for k, v in self.skew_s.items())
        return "\n".join((head + clocks, *(f"  {step}" for step in self.steps)))


@dataclass(frozen=True, slots=True)
class Dice:
    """How much goes wrong in the scripts that are made."""

    requests: int = 3
    faults: int = 5
    struck: tuple[str, ...] = PROCESSES
    lasts_s: tuple[float, float] = LASTS_S
    stands_s: tuple[float, ...] = (0.3, 1.0, 2.5, 4.0)
    alone: float = 0.7  # the share of processes that have one instance
    grows: float = 0.0  # the share of scripts in which topics grow
    kinds: Mapping[Deed, int] = field(
        default_factory=lambda: {
            Deed.KILL: 4,
            Deed.STILL: 3,
            Deed.LEAVE: 1,
            Deed.CUT: 2,
            Deed.POISON: 1,
            Deed.COPY: 2,
            Deed.CANCEL: 3,
            Deed.FORGET: 1,
            Deed.HANG: 1,
            Deed.JUMP: 1,
        }
    )


CALM = Weather()
ROUGH = Weather(usual_s=0.03, slow_share=0.3, slow_s=0.8)
STORM = Weather(usual_s=0.01, slow_share=0.15, slow_s=0.5, late_s=2.5)
SKEW_MAX_S = 0.45
"""Two clocks differ by less than the margin that settings grant them (`world.LOOK`)."""
GROWS_AT_S, LEAD_S = (0.0, 0.8), (0.05, 0.6)
"""Topics grow, and the growth begins so much later, while requests still come."""
DICE = Dice(grows=0.2)


def make_script(seed: int, dice: Dice = DICE) -> Script:
    """The script of a seed."""
    draw = Random(f"script {seed}")
    instances = {name: 1 + (draw.random() >= dice.alone) for name in PROCESSES}
    names = [f"{name}-{one}" for name in PROCESSES for one in range(instances[name])]
    struck = [one for one in names if one.rpartition("-")[0] in dice.struck]
    requests = draw.randint(1, dice.requests)
    steps = [_ask(draw, number, dice) for number in range(requests)]
    for _ in range(draw.randint(0, dice.faults)):
        (deed,) = draw.choices([*dice.kinds], [*dice.kinds.values()])
        steps.append(_fault(draw, deed, struck, requests, dice))
    skewed = [one for one in names if draw.random() < 0.15]
    partitions, weather = draw.choice((1, 1, 2)), draw.choice((CALM, CALM, ROUGH, STORM))
    skew_s = {one: draw.uniform(-SKEW_MAX_S, SKEW_MAX_S) for one in skewed}
    if draw.random() < dice.grows:
        at_s, lead_s = draw.uniform(*GROWS_AT_S), draw.uniform(*LEAD_S)
        steps.append(ScriptStep(at_s, Deed.GROW, LOOK_REQUESTED.name, lead_s))
    steps.sort(key=lambda step: step.at_s)
    return Script(seed, partitions, instances, weather, skew_s, tuple(steps))


def _ask(draw: Random, number: int, dice: Dice) -> ScriptStep:
    endings = (Ending.MADE, Ending.MADE, Ending.MADE, Ending.HEALS, Ending.REFUSED, Ending.DIED)
    tries = [
        Try(draw.choice((0.05, 0.3, 1.0, 2.0)) * draw.random(), draw.choice(endings))
        for _ in range(draw.randint(1, 2))
    ]
    at_s = draw.uniform(0, ACTIVE_S / 2)
    lasts_s = LONG_S if draw.random() < LONG_SHARE else draw.uniform(*dice.lasts_s)
    return ScriptStep(at_s, Deed.ASK, str(number), lasts_s, tuple(tries))


def _fault(draw: Random, deed: Deed, names: list[str], requests: int, dice: Dice) -> ScriptStep:
    at_s = draw.uniform(0.3, ACTIVE_S)
    about = {
        Deed.CANCEL: [str(one) for one in range(requests)],
        Deed.COPY: [str(one) for one in range(requests)],
        Deed.POISON: ["look.requested", "look.dead-letter", "credit.refund", "look.cancel"],
        Deed.FORGET: [*CONSUMERS],
        Deed.HANG: ["look.requested", "look.progress", "look.dead-letter", "look.failed"],
    }.get(deed, names)
    lasts_s = {
        Deed.STILL: draw.choice(dice.stands_s),
        Deed.CUT: draw.uniform(0.1, 2.0),
        Deed.HANG: draw.uniform(1.0, 6.0),
        Deed.JUMP: draw.choice((-1, 1)) * draw.uniform(0.5, 4.0),
    }.get(deed, 0.0)
    at_a_call = deed in (Deed.KILL, Deed.STILL) and draw.random() < AT_A_CALL
    calls = draw.randint(1, 12) if at_a_call else 0
    sent = at_a_call and draw.random() < 0.5
    return ScriptStep(at_s, deed, draw.choice(about), lasts_s, calls=calls, sent=sent)


def to_json(script: Script) -> str:
    """For `--script`."""
    return json.dumps(asdict(script), indent=1)


def from_json(text: str) -> Script:
    """What `to_json` wrote. Raises KeyError, TypeError or ValueError."""
    said: dict[str, Any] = json.loads(text)
    steps = tuple(
        ScriptStep(
            one["at_s"],
            Deed(one["deed"]),
            one["about"],
            one["seconds"],
            tuple(Try(each["took_s"], Ending(each["ending"])) for each in one["tries"]),
            one["calls"],
            one["sent"],
        )
        for one in said["steps"]
    )
    return Script(
        said["seed"],
        said["partitions"],
        said["instances"],
        Weather(**said["weather"]),
        said["skew_s"],
        steps,
    )
