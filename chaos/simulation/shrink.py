"""A script that breaks something, made as short as it still does."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from chaos.simulation.script import PROCESSES, Script
from chaos.simulation.wire import Weather

OTHER_SEEDS = 6
"""A shorter script has other interleavings: so many are tried before it counts as sound."""
STILL = Weather(slow_share=0.0)

Breaks = Callable[[Script], bool]


def shrunk(script: Script, breaks: Breaks, tries: int = 400) -> Script:
    """The shortest script that was found. `breaks`: whether it still shows the same; it is asked
    `tries` times at most.
    """
    left = tries

    def found(shorter: Script) -> Script | None:
        nonlocal left
        for seed in range(OTHER_SEEDS):
            if left <= 0:
                return None
            left -= 1
            one = shorter if not seed else replace(shorter, seed=script.seed + seed * 1_000_003)
            if breaks(one):
                return one
        return None

    again = True
    while again and left > 0:
        again = False
        for shorter in _shorter(script):
            if (one := found(shorter)) is not None:
                script, again = one, True
                break
    return script


def _shorter(script: Script) -> Iterator[Script]:
    """Scripts that lack a little: the largest pieces first."""
    steps, size = script.steps, len(script.steps) // 2
    while size:
        for first in range(0, len(steps), size):
            kept = steps[:first] + steps[first + size :]
            if any(step.deed == "ask" for step in kept):
                yield replace(script, steps=kept)
        size //= 2
    yield from _plainer(script)


def _plainer(script: Script) -> Iterator[Script]:
    if script.skew_s:
        yield replace(script, skew_s={})
    if script.partitions > 1:
        yield replace(script, partitions=1)
    for name in PROCESSES:
        unnamed = all(step.about != f"{name}-1" for step in script.steps)
        if script.instances[name] > 1 and unnamed:
            yield replace(script, instances={**script.instances, name: 1})
    if script.weather != STILL:
        yield replace(script, weather=STILL)
    for place, step in enumerate(script.steps):
        if len(step.tries) > 1:
            shorter = replace(step, tries=step.tries[:1])
            steps = (*script.steps[:place], shorter, *script.steps[place + 1 :])
            yield replace(script, steps=steps)
