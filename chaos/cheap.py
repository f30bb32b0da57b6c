"""`python -m chaos.cheap`: the compositor, whose workers draw one look in so many
(`chaos.cheap_worker`).
"""

from consumers.compositor import pool
from consumers.compositor.application import application
from runtime.application import start

if __name__ == "__main__":
    pool.PRELOADED = "chaos.cheap_worker"  # type: ignore[attr-defined]  # it has no such export
    start(application)
