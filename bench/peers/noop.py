"""`python -m bench.peers.noop`: the compositor with an engine that answers at once.

Every look is given the same picture of one pixel, which is stored when the process starts; so
`looks audit` holds of what it makes too.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faststream import ContextRepo
from PIL import Image

from consumers.compositor.application import clock, consuming
from consumers.compositor.handler import Compositor
from consumers.compositor.results import Rendered
from runtime.application import Application, start
from runtime.fairness.slots import Slots
from runtime.lane_session import LaneSession
from runtime.settings import LookSettings, ObjectStoreSettings
from schemas.events import LookRequested, PlacedGarment, StoredImage
from storage.object_store import ObjectStore

WORKERS = 16
KIND = "image/png"
KEY = "results/bench/pixel.png"


class InstantEngine:
    """Answers at once."""

    def __init__(self, image: StoredImage) -> None:
        """With this picture."""
        self._image = image

    async def render(self, request: LookRequested) -> Rendered:
        """Always the same."""
        items = tuple(
            PlacedGarment(
                trial_image=item.trial_image,
                trial_item_category=item.trial_item_category,
                layer="1",
                box=(0, 0, 1, 1),
            )
            for item in request.items
        )
        return Rendered(self._image, items, "no-op", ())


def stored(settings: ObjectStoreSettings) -> StoredImage:
    """The pixel, in S3."""
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "png")
    data, store = file.getvalue(), ObjectStore(settings)
    key = store.names.key(KEY)
    store.put(key, data, KIND)
    return StoredImage(
        bucket=store.bucket,
        key=key,
        content_type=KIND,
        width=1,
        height=1,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


@asynccontextmanager
async def resources(context: ContextRepo) -> AsyncIterator[None]:
    """The engine."""
    image = await asyncio.to_thread(stored, ObjectStoreSettings())
    context.set_global("engine", InstantEngine(image))
    yield


def app() -> Application:
    """The FastStream application."""
    look = LookSettings()
    window_s = look.deadline_s + 2 * look.clock_margin_s

    def begin(host: Application) -> LaneSession:
        engine = host.context.get("engine")
        handler = Compositor(engine, Slots(WORKERS), clock, history_window_s=window_s)
        return LaneSession(host, handler, clock)

    made = consuming(window_s, lifespan=resources)
    made.sessions(begin)
    return made


if __name__ == "__main__":
    start(app)
