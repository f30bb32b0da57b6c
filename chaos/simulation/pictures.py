"""The object store in memory, and the worker that puts pictures there as the script says."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping

from chaos.simulation.script import Ending, Try
from chaos.simulation.wire import SimulatedWire
from consumers.compositor.results import NotRendered, Rendered
from domain.blame import Symptom
from schemas.events import LookRequested, PlacedGarment, StoredImage
from schemas.failures import FailureCode, FailureReason

OURS = FailureReason(code=FailureCode.INTERNAL, message="The look could not be made.")
THEIRS = FailureReason(code=FailureCode.OBJECT_NOT_FOUND, message="gone", item_index=0)
PICTURE_BYTES = 100


class Pictures:
    """Key -> SHA-256 of what is stored; and how often each look was tried."""

    def __init__(self, tries: Mapping[str, tuple[Try, ...]]) -> None:
        """Empty. `tries`: what each request's attempts come to; the last goes on."""
        self.stored: dict[str, str] = {}
        self._tries = tries
        self._tried: Counter[str] = Counter()

    def next_try(self, request_id: str) -> Try:
        """What comes of trying once more."""
        tries = self._tries[request_id]
        self._tried[request_id] += 1
        return tries[min(self._tried[request_id], len(tries)) - 1]


class SimulatedRenderer:
    """A worker process, as the compositor sees it."""

    def __init__(self, pictures: Pictures, wire: SimulatedWire) -> None:
        self._pictures = pictures
        self._wire = wire

    async def render(self, request: LookRequested) -> Rendered | NotRendered:
        """Take the time that the script says, and end so."""
        what = self._pictures.next_try(request.request_id)
        await asyncio.sleep(what.took_s)
        match what.ending:
            case Ending.HEALS:
                return NotRendered(OURS, can_heal=True)
            case Ending.REFUSED:
                return NotRendered(THEIRS)
            case Ending.DIED:
                return NotRendered(OURS, can_heal=True, symptom=Symptom.DIED)
            case _:
                return await self._made(request)

    async def _made(self, request: LookRequested) -> Rendered | NotRendered:
        key = f"results/{request.tenant_id}/{request.request_id}.png"
        sha256 = hashlib.sha256(key.encode()).hexdigest()

        def put() -> None:
            self._pictures.stored[key] = sha256

        try:
            await self._wire.call(put, ConnectionResetError)
        except ConnectionResetError:
            return NotRendered(OURS, can_heal=True)
        image = StoredImage(
            bucket="b",
            key=key,
            content_type="image/png",
            width=1,
            height=1,
            bytes=PICTURE_BYTES,
            sha256=sha256,
        )
        item = request.items[0]
        placed = PlacedGarment(
            trial_image=item.trial_image,
            trial_item_category=item.trial_item_category,
            layer="top",
            box=(0, 0, 1, 1),
        )
        return Rendered(image, (placed,), "simulated", ())
