"""What the pool asks of a worker: light to import, for the engine lives in the workers, and in the
server that they are forked from.
"""

from compositing.options import Bars
from consumers.compositor.results import NotRendered, Rendered
from runtime.settings import EngineSettings, ObjectStoreSettings
from schemas.events import LookRequested

PRELOADED = "consumers.compositor.preloaded"
"""What the server of the workers imports before it forks the first."""


def prepare(
    settings: ObjectStoreSettings,
    memory_bytes: int,
    keep_cutouts: bool,
    bars: Bars,
    remote: EngineSettings | None = None,
) -> None:
    """Called once in a new worker: `consumers.compositor.render.prepare`."""
    from consumers.compositor import render as worker  # noqa: PLC0415 (only a worker loads the engine)

    worker.prepare(settings, memory_bytes, keep_cutouts, bars, remote)


def render(request: LookRequested) -> Rendered | NotRendered:
    """One look: `consumers.compositor.render.render`."""
    from consumers.compositor import render as worker  # noqa: PLC0415 (only a worker loads the engine)

    return worker.render(request)


def idle() -> str:
    """Whoever waits for it learns that this worker is ready; what was wrong with the rehearsal, or
    nothing.
    """
    from consumers.compositor import preloaded  # noqa: PLC0415 (only a worker loads the engine)

    return preloaded.WRONG
