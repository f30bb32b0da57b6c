"""What the pool asks of a worker: light to import, for the engine lives in the workers, and in the
server that they are forked from.
"""

from dataclasses import dataclass

from compositing.options import Bars
from consumers.compositor.patience import given_up_while_waiting
from consumers.compositor.results import NotRendered, Rendered
from runtime.settings import EngineSettings, ObjectStoreSettings
from schemas.events import LookRequested

PRELOADED = "consumers.compositor.preloaded"
"""What the server of the workers imports before it forks the first."""


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a new worker is told. `remote`: the engine that it asks; None: our own."""

    store: ObjectStoreSettings
    memory_bytes: int
    keep_cutouts: bool
    bars: Bars
    remote: EngineSettings | None = None


def prepare(setup: WorkerSetup) -> None:
    """Called once in a new worker: `consumers.compositor.render.prepare`."""
    from consumers.compositor import render as worker  # noqa: PLC0415 (only a worker loads the engine)

    worker.prepare(setup)


def render(request: LookRequested, limit_s: float) -> Rendered | NotRendered:
    """One look, for which there are `limit_s`: `consumers.compositor.render.render`."""
    from consumers.compositor import render as worker  # noqa: PLC0415 (only a worker loads the engine)

    with given_up_while_waiting(limit_s):
        return worker.render(request)


def idle() -> str:
    """Whoever waits for it learns that this worker is ready; what was wrong with the rehearsal, or
    nothing.
    """
    from consumers.compositor import preloaded  # noqa: PLC0415 (only a worker loads the engine)

    return preloaded.WRONG
